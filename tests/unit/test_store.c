/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_store - the state: what is put is there, also after a restart, also after kill -9
 *
 * The same cases on a file and in memory. A model beside it (an array) says
 * what must be found after thousands of random changes, flushes and restarts.
 */
#define _GNU_SOURCE
#include "store/store.h"

#include <sys/resource.h>
#include <time.h>

#include <lmdb.h>

#include "store/store_verify.h"
#include "statemake.h"

static void put(struct store *s, enum store_table t, const char *key, const char *value, int64_t ends)
{
    store_put(s, t, str_c(key), str_c(value), ends);
}

#define assert_has(s, t, key, value) assert_str(got((s), (t), (key), NOW), value)
#define assert_none(s, t, key) assert_ptr_equal(got((s), (t), (key), NOW).p, NULL)

static struct str got(struct store *s, enum store_table t, const char *key, int64_t now)
{
    struct store_value v;
    return store_get(s, t, str_c(key), now, &v) == 1 ? v.bytes : (struct str){ NULL, 0 };
}

/* --- the same on a file and in memory --- */

static const char *const places[] = { NULL, "simple" };

static void test_put_get_remove(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(places); i++) {
        struct store *s = state_open(places[i]);
        assert_none(s, STORE_BANS, "a");
        put(s, STORE_BANS, "a", "one", NOW + 10);
        put(s, STORE_TALLIES, "a", "other table", NOW + 10);
        put(s, STORE_BANS, "empty", "", NOW + 10);
        for (int round = 0; round < 2; round++) {
            assert_has(s, STORE_BANS, "a", "one");
            assert_has(s, STORE_TALLIES, "a", "other table");
            assert_has(s, STORE_BANS, "empty", "");
            assert_none(s, STORE_ZONES, "a");
            assert_int_equal(store_sync(s, NULL), 0);
        }
        put(s, STORE_BANS, "a", "two", NOW + 10);
        assert_has(s, STORE_BANS, "a", "two");
        store_remove(s, STORE_BANS, STR("a"));
        store_remove(s, STORE_BANS, STR("never there"));
        assert_none(s, STORE_BANS, "a");
        assert_int_equal(store_sync(s, NULL), 0);
        assert_none(s, STORE_BANS, "a");
        assert_has(s, STORE_TALLIES, "a", "other table");
        store_close(&s);
        assert_null(s);
    }
}

static void test_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(places); i++) {
        struct store *s = state_open(places[i]);
        struct store_value v;
        put(s, STORE_BANS, "k", "v", NOW + 10);
        for (int round = 0; round < 2; round++) {
            assert_int_equal(store_get(s, STORE_BANS, STR("k"), NOW + 9, &v), 1);
            assert_int_equal(v.ends, NOW + 10);
            assert_int_equal(store_get(s, STORE_BANS, STR("k"), NOW + 10, &v), 0);
            store_sync(s, NULL);
        }
        put(s, STORE_BANS, "k", "v", NOW + 20);      /* longer, and then shorter */
        store_sync(s, NULL);
        assert_str(got(s, STORE_BANS, "k", NOW + 19), "v");
        put(s, STORE_BANS, "k", "v", NOW + 5);
        assert_ptr_equal(got(s, STORE_BANS, "k", NOW + 5).p, NULL);
        store_close(&s);
    }
}

static void test_limits(void **state)
{
    (void)state;
    static char key[STORE_KEY_MAX], value[STORE_VALUE_MAX];
    memset(key, 'k', sizeof key);
    memset(value, 'v', sizeof value);
    for (size_t i = 0; i < ROWS(places); i++) {
        struct store *s = state_open(places[i]);
        struct str k = str_make(key, sizeof key), v = str_make(value, sizeof value);
        struct store_value found;
        store_put(s, STORE_ZONES, k, v, INT64_MAX);
        for (int round = 0; round < 2; round++) {
            assert_int_equal(store_get(s, STORE_ZONES, k, NOW, &found), 1);
            assert_true(str_eq(found.bytes, v) && found.ends == INT64_MAX);
            store_put(s, STORE_ZONES, k, found.bytes, INT64_MAX);    /* its own bytes */
            store_sync(s, NULL);
        }
        store_close(&s);
    }
}

static void test_options(void **state)
{
    (void)state;
    struct err err;
    struct store_options few = { .pending_max = 100 };
    struct store_options small = { .folder = state_path("x"), .file_max = 4096, .pending_max = MIB };
    assert_null(store_open(&few, NOW, &err));
    assert_int_equal(err.kind, ERR_USAGE);
    assert_null(store_open(&small, NOW, &err));
    assert_int_equal(err.kind, ERR_USAGE);
}

/* --- walking --- */

struct list {
    char text[4096];
    unsigned left;
};

static bool list_visit(void *ctx, struct str key, struct str value, int64_t ends)
{
    struct list *l = ctx;
    size_t n = strlen(l->text);
    snprintf(l->text + n, sizeof l->text - n, "%.*s=%.*s/%d ", STR_ARG(key), STR_ARG(value),
             (int)(ends - NOW));
    return --l->left > 0;
}

static struct str walk(struct store *s, const char *prefix, const char *after, unsigned most)
{
    static struct list l;
    struct store_range r = { STORE_BANS, str_c(prefix), str_c(after) };
    l = (struct list){ .left = most };
    store_walk(s, &r, NOW, list_visit, &l);
    return str_c(l.text);
}

static void test_walk(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(places); i++) {
        struct store *s = state_open(places[i] == NULL ? NULL : "walk");
        put(s, STORE_BANS, "b", "1", NOW + 1);
        put(s, STORE_BANS, "a/x", "2", NOW + 2);
        put(s, STORE_BANS, "d", "gone", NOW);
        put(s, STORE_BANS, "c", "3", NOW + 3);
        put(s, STORE_TALLIES, "a/y", "x", NOW + 9);
        put(s, STORE_BANS, "a/z", "4", NOW + 4);
        assert_str(walk(s, "", "", 99), "a/x=2/2 a/z=4/4 b=1/1 c=3/3 ");
        store_sync(s, NULL);
        assert_str(walk(s, "", "", 99), "a/x=2/2 a/z=4/4 b=1/1 c=3/3 ");
        /* changes that are not written yet, over and between what is */
        put(s, STORE_BANS, "a/y", "new", NOW + 5);
        put(s, STORE_BANS, "b", "other", NOW + 6);
        store_remove(s, STORE_BANS, STR("a/z"));
        put(s, STORE_BANS, "e", "last", NOW + 7);
        assert_str(walk(s, "", "", 99), "a/x=2/2 a/y=new/5 b=other/6 c=3/3 e=last/7 ");
        assert_str(walk(s, "a/", "", 99), "a/x=2/2 a/y=new/5 ");
        assert_str(walk(s, "a/", "a/x", 99), "a/y=new/5 ");
        assert_str(walk(s, "", "b", 99), "c=3/3 e=last/7 ");
        assert_str(walk(s, "", "bb", 1), "c=3/3 ");
        assert_str(walk(s, "zz", "", 99), "");
        assert_str(walk(s, "", "", 2), "a/x=2/2 a/y=new/5 ");
        store_close(&s);
    }
}

/* --- ceilings --- */

static void test_pending_max(void **state)
{
    (void)state;
    struct store *s = state_open_sized(NULL, 0, 65536);
    struct store_stats st;
    char key[16];
    put(s, STORE_BANS, "ban", "keep me", NOW + 10);
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "%d", i);
        put(s, STORE_TALLIES, key, "a tally of the flood", NOW + 10);
    }
    store_stats(s, &st);
    assert_true(st.pending_bytes <= 65536 && st.dropped > 3000 && !st.on_disk);
    assert_int_equal(st.pending + st.dropped, 5001);
    assert_has(s, STORE_BANS, "ban", "keep me");      /* older, but of a small table */
    assert_none(s, STORE_TALLIES, "0");
    assert_has(s, STORE_TALLIES, "4999", "a tally of the flood");
    store_close(&s);
}

static void test_table_max(void **state)
{
    (void)state;
    static const char *const where[] = { NULL, "table_max" };
    for (size_t i = 0; i < ROWS(where); i++) {
        struct err err;
        struct store_options o = { .folder = where[i] == NULL ? NULL : state_path(where[i]),
                                   .file_max = 64 * MIB, .pending_max = 16 * MIB,
                                   .table_max = { [STORE_TALLIES] = 100 } };
        struct store *s = store_open(&o, NOW, &err);
        struct store_stats st;
        char key[16];
        for (int n = 0; n < 300; n++) {
            snprintf(key, sizeof key, "%d", n);
            put(s, STORE_TALLIES, key, "x", NOW + 10 + n);
            put(s, STORE_BANS, key, "x", NOW + 10 + n);
        }
        store_sweep(s, NOW, 1000);
        store_sync(s, NULL);
        store_stats(s, &st);
        assert_int_equal(st.entries[STORE_BANS], 300);
        assert_int_equal(st.entries[STORE_TALLIES], 100);
        assert_int_equal(st.evicted + st.dropped, 200);
        assert_none(s, STORE_TALLIES, "199");         /* those that end first have gone */
        assert_has(s, STORE_TALLIES, "200", "x");
        store_close(&s);
    }
}

static void test_sweep(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(places); i++) {
        struct store *s = state_open(places[i] == NULL ? NULL : "sweep");
        struct store_stats st;
        char key[16];
        for (int n = 0; n < 1000; n++) {
            snprintf(key, sizeof key, "%d", n);
            put(s, n % 2 ? STORE_BANS : STORE_CALLOUTS, key, "x", NOW + n);
        }
        store_sync(s, NULL);
        for (int n = 0; n < 10; n++) {
            store_sweep(s, NOW + 500, places[i] == NULL ? 10000 : 100);
            store_sync(s, NULL);
        }
        store_stats(s, &st);
        assert_int_equal(st.entries[STORE_BANS] + st.entries[STORE_CALLOUTS], 499);
        assert_str(got(s, STORE_BANS, "501", NOW + 500), "x");
        store_close(&s);
    }
}

/* --- a model --- */

#define MODEL_KEYS 400u

struct model {
    uint64_t value[MODEL_KEYS];      /* 0: not there */
    int64_t ends[MODEL_KEYS];
};

/* Key and value have lengths of all kinds, also such as need pages of their own. */
static struct str model_key(unsigned k, char room[STORE_KEY_MAX])
{
    size_t n = 4 + (k * 37u) % (STORE_KEY_MAX - 4);
    memset(room, 'k', n);
    snprintf(room, 5, "%04u", k);
    room[4] = 'k';
    return str_make(room, n);
}

static struct str model_value(uint64_t v, char room[STORE_VALUE_MAX])
{
    size_t n = v % 7 == 0 ? v % STORE_VALUE_MAX : v % 90;
    memset(room, (int)(v % 251), n);
    return str_make(room, n);
}

static void model_step(struct model *m, struct store *s, uint64_t *seed)
{
    char key[STORE_KEY_MAX], value[STORE_VALUE_MAX];
    unsigned k = (unsigned)(state_random(seed) % MODEL_KEYS);
    if (state_random(seed) % 4 == 0) {
        m->value[k] = 0;
        store_remove(s, STORE_TALLIES, model_key(k, key));
        return;
    }
    m->value[k] = 1 + state_random(seed) % 1000000;
    m->ends[k] = NOW + 1 + (int64_t)(state_random(seed) % 1000);
    store_put(s, STORE_TALLIES, model_key(k, key), model_value(m->value[k], value), m->ends[k]);
}

static void model_check(const struct model *m, struct store *s)
{
    char key[STORE_KEY_MAX], value[STORE_VALUE_MAX];
    for (unsigned k = 0; k < MODEL_KEYS; k++) {
        struct store_value v;
        int found = store_get(s, STORE_TALLIES, model_key(k, key), NOW, &v);
        assert_int_equal(found, m->value[k] != 0);
        if (found)
            assert_true(str_eq(v.bytes, model_value(m->value[k], value)) && v.ends == m->ends[k]);
    }
}

static int verify_path(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    int rc = store_verify(fd, err);
    close(fd);
    return rc;
}

/* Also: what LMDB writes is what store_verify() takes for good, whatever was done before. */
static void test_model(void **state)
{
    (void)state;
    struct model m = { 0 };
    struct store *s = state_open("model");
    struct err err;
    uint64_t seed = 1;
    for (unsigned round = 0; round < 150; round++) {
        for (uint64_t n = state_random(&seed) % 300; n > 0; n--)
            model_step(&m, s, &seed);
        if (round % 2 == 0)
            store_flush(s, NULL);        /* checked while the thread is at work */
        model_check(&m, s);
        if (round % 3 == 0)
            store_sync(s, NULL);
        if (round % 10 == 0) {
            store_close(&s);
            s = state_open("model");
        }
        if (round % 15 == 0) {
            assert_int_equal(store_sync(s, NULL), 0);
            if (verify_path(state_path("model/state.mdb"), &err) != 0)
                fail_msg("round %u: %s", round, err.text);
        }
    }
    model_check(&m, s);
    store_close(&s);
    assert_int_equal(state_logged("state-set-aside"), 0);
}

/* --- restarts --- */

static void test_reopen(void **state)
{
    (void)state;
    struct store *s = state_open("reopen");
    struct store_stats st;
    struct stat folder;
    put(s, STORE_BANS, "a", "before", NOW + 10);
    store_close(&s);
    assert_int_equal(stat(state_path("reopen"), &folder), 0);
    assert_int_equal(folder.st_mode & 0777, 0750);
    s = state_open("reopen");
    assert_has(s, STORE_BANS, "a", "before");
    store_stats(s, &st);
    assert_true(st.on_disk && st.entries[STORE_BANS] == 1 && st.file_bytes > 0);
    store_close(&s);
}

/* Writes for ever: says on a pipe what it has synced. */
static int killed_main(void *ctx)
{
    const int *pipe_fd = ctx;
    struct store *s = state_open("killed");
    char key[16];
    for (unsigned i = 0;; i++) {
        snprintf(key, sizeof key, "%u", i);
        put(s, STORE_BANS, key, key, NOW + 10);
        if (i % 50 == 49 && store_sync(s, NULL) == 0 &&
            write(*pipe_fd, &i, sizeof i) != (ssize_t)sizeof i)
            return 1;
    }
}

static void test_kill(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 5; round++) {
        int fds[2];
        unsigned last = 0, i;
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        if (pid == 0)
            _exit(killed_main(&fds[1]));
        close(fds[1]);
        assert_int_equal(read(fds[0], &last, sizeof last), sizeof last);
        nanosleep(&(struct timespec){ .tv_nsec = 3000000L * (round + 1) }, NULL);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        while (read(fds[0], &i, sizeof i) == (ssize_t)sizeof i)
            last = i;
        close(fds[0]);
        struct store *s = state_open("killed");
        char key[16];
        for (i = 0; i <= last; i++) {
            snprintf(key, sizeof key, "%u", i);
            assert_int_equal(got(s, STORE_BANS, key, NOW).n, strlen(key));
        }
        store_close(&s);
    }
    assert_int_equal(state_logged("state-set-aside"), 0);
}

/* --- when there is no room, no folder, no right --- */

static void test_no_folder(void **state)
{
    (void)state;
    unsigned before = state_logged("state-in-memory-only");
    struct store *s = state_open("no/such/parent");
    struct store_stats st;
    put(s, STORE_BANS, "a", "in memory", NOW + 10);
    assert_int_equal(store_flush(s, NULL), 0);
    assert_int_equal(store_sync(s, NULL), 0);
    assert_has(s, STORE_BANS, "a", "in memory");
    store_stats(s, &st);
    assert_false(st.on_disk);
    store_close(&s);
    assert_int_equal(state_logged("state-in-memory-only"), before + 1);
}

static int second_main(void *ctx)
{
    (void)ctx;
    struct store *s = state_open("two");
    struct store_stats st;
    store_stats(s, &st);
    return st.on_disk;
}

static void test_two_daemons(void **state)
{
    (void)state;
    struct store *s = state_open("two");
    assert_int_equal(child_run(second_main, NULL), 0);
    put(s, STORE_BANS, "a", "mine", NOW + 10);
    assert_int_equal(store_sync(s, NULL), 0);
    store_close(&s);
}

/* A disk that is full: nothing is lost until pending_max, and all is written when there is room. */
static int disk_full_main(void *ctx)
{
    const bool *limit_first = ctx;
    struct rlimit small = { 200000, RLIM_INFINITY }, large = { RLIM_INFINITY, RLIM_INFINITY };
    if (*limit_first)
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 4096, RLIM_INFINITY });
    struct store *s = state_open(*limit_first ? "full0" : "full1");
    struct store_stats st;
    struct err err;
    static char value[3000];
    char key[16];
    setrlimit(RLIMIT_FSIZE, &small);
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "%d", i);
        store_put(s, STORE_BANS, str_c(key), str_make(value, sizeof value), NOW + 10);
    }
    int rc = store_sync(s, &err);
    store_stats(s, &st);
    if (*limit_first)
        return !(rc == 0 && !st.on_disk && st.pending == 200);
    if (rc != -1 || !st.on_disk || st.pending != 200 || st.failures != 1)
        return 2;
    setrlimit(RLIMIT_FSIZE, &large);
    if (store_sync(s, &err) != 0)
        return 3;
    store_stats(s, &st);
    store_close(&s);
    s = state_open("full1");
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "%d", i);
        if (got(s, STORE_BANS, key, NOW).n != sizeof value)
            return 4;
    }
    store_close(&s);
    return st.pending == 0 ? 0 : 5;
}

static void test_disk_full(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        bool limit_first = first;
        int status = child_run(disk_full_main, &limit_first);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

/* The file at its ceiling: those that end first make room, and it goes on for ever. */
static void test_file_max(void **state)
{
    (void)state;
    struct store *s = state_open_sized("file_max", STORE_FILE_MIN, 8 * MIB);
    struct store_stats st;
    static char value[STORE_VALUE_MAX];
    char key[32];
    unsigned failed = 0;
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < 150; i++) {
            snprintf(key, sizeof key, "%d-%d", round, i);
            store_put(s, i % 5 ? STORE_TALLIES : STORE_BANS, str_c(key),
                      str_make(value, (size_t)(i % 3) * 1500), NOW + 10 + round);
        }
        failed += store_flush(s, NULL) != 0;
        assert_none(s, STORE_BANS, "looks");     /* and so keeps old pages from being used again */
        failed += store_sync(s, NULL) != 0;
    }
    store_sync(s, NULL);
    store_stats(s, &st);
    if (failed > 0)
        print_message("%u of 120 flushes had to be done again\n", failed);
    assert_int_equal(st.pending, 0);
    assert_true(st.file_bytes <= STORE_FILE_MIN && st.evicted > 1000 && st.dropped == 0);
    assert_has(s, STORE_BANS, "59-0", "");
    assert_none(s, STORE_TALLIES, "0-1");
    store_close(&s);
    s = state_open_sized("file_max", STORE_FILE_MIN, 8 * MIB);
    assert_has(s, STORE_BANS, "59-0", "");
    store_close(&s);
    assert_int_equal(state_logged("state-set-aside"), 0);
}

/* --- a disk that hangs --- */

/* Holds the file's lock for writing until it is killed; says on a pipe that it does. */
static void holder_main(const char *path, int pipe_fd)
{
    MDB_env *env;
    MDB_txn *txn;
    if (mdb_env_create(&env) == 0 && mdb_env_open(env, path, MDB_NOSUBDIR, 0600) == 0 &&
        mdb_txn_begin(env, NULL, 0, &txn) == 0 && write(pipe_fd, "x", 1) == 1)
        pause();
    _exit(1);
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The thread cannot write; nobody else notices, and nothing is lost when it can again. */
static void test_hang(void **state)
{
    (void)state;
    struct store *s = state_open("hang");
    struct store_stats st;
    char key[16], byte;
    int fds[2];
    put(s, STORE_BANS, "a", "written", NOW + 10);
    store_sync(s, NULL);
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0)
        holder_main(state_path("hang/state.mdb"), fds[1]);
    assert_int_equal(read(fds[0], &byte, 1), 1);
    double begin = seconds_now();
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "%d", i);
        put(s, STORE_BANS, key, "waits", NOW + 10);
        assert_int_equal(store_flush(s, NULL), 0);
        assert_has(s, STORE_BANS, "0", "waits");
        assert_has(s, STORE_BANS, "a", "written");
    }
    assert_true(seconds_now() - begin < 1.0);    /* some ms, if the machine has time for us */
    store_stats(s, &st);
    assert_int_equal(st.pending, 200);
    assert_string_equal(walk(s, "19", "", 2).p, "19=waits/10 190=waits/10 ");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(fds[0]);
    close(fds[1]);
    while (store_sync(s, NULL) != 0 || (store_stats(s, &st), st.pending > 0))
        ;
    store_close(&s);
    s = state_open("hang");
    assert_has(s, STORE_BANS, "199", "waits");
    store_close(&s);
}

/* --- another process reads --- */

static int reader_main(void *ctx)
{
    const char *folder = ctx;
    struct err err = { 0 };
    struct store *r = store_open_reader(folder, &err);
    if (r == NULL)
        return 10 + (int)err.kind;
    int rc = 0;
    for (int round = 0; rc == 0 && round < 200; round++) {
        struct str v = got(r, STORE_BANS, "a", NOW);
        rc = str_eq(v, STR("from the daemon")) ? 0 : 1;
        if (!str_starts(walk(r, "", "", 99), STR("a=from the daemon/10 ")))
            rc = 2;
    }
    store_close(&r);
    return rc;
}

static int reader_status(const char *name)
{
    char folder[256];
    snprintf(folder, sizeof folder, "%s", state_path(name));
    int status = child_run(reader_main, folder);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Somebody else may not look; what is put into a reader is seen by its own process only. */
static int stranger_main(void *ctx)
{
    struct err err = { 0 };
    if (setegid(65534) != 0 || seteuid(65534) != 0)
        return 77;
    return store_open_reader(ctx, &err) == NULL ? (int)err.kind : 50;
}

static int reader_put_main(void *ctx)
{
    struct err err = { 0 };
    struct store *r = store_open_reader(ctx, &err);
    if (r == NULL)
        return 1;
    put(r, STORE_BANS, "a", "mine", NOW + 10);
    int rc = str_eq(got(r, STORE_BANS, "a", NOW), STR("mine")) ? 0 : 2;
    rc |= store_flush(r, NULL) | store_sync(r, NULL);
    store_close(&r);
    return rc;
}

static void test_reader_rights(void **state)
{
    (void)state;
    char folder[256];
    struct store *s = state_open("rights");
    put(s, STORE_BANS, "a", "from the daemon", NOW + 10);
    store_sync(s, NULL);
    snprintf(folder, sizeof folder, "%s", state_path("rights"));
    assert_int_equal(child_run(reader_put_main, folder), 0);
    assert_int_equal(chmod(state_dir, 0755), 0);
    int status = child_run(stranger_main, folder);
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == ERR_ACCESS || WEXITSTATUS(status) == 77));
    store_close(&s);
    assert_int_equal(reader_status("rights"), 0);
}

static void test_reader(void **state)
{
    (void)state;
    assert_int_equal(reader_status("reader"), 10 + ERR_MISSING);
    struct store *s = state_open("reader");
    put(s, STORE_BANS, "a", "from the daemon", NOW + 10);
    store_sync(s, NULL);
    assert_int_equal(reader_status("reader"), 0);          /* beside it */
    pid_t pid = fork();                                    /* while it writes */
    if (pid == 0)
        _exit(reader_main((void *)(uintptr_t)state_path("reader")));
    int status = -1;
    for (unsigned i = 0; waitpid(pid, &status, WNOHANG) == 0; i++) {
        char key[16];
        snprintf(key, sizeof key, "b%u", i % 1000);
        put(s, STORE_BANS, key, "changes", NOW + 10 + i % 90);
        store_flush(s, NULL);
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    store_close(&s);
    assert_int_equal(reader_status("reader"), 0);          /* without one */
    unlink(state_path("reader/state.mdb-lock"));
    assert_int_equal(reader_status("reader"), 0);
    assert_int_equal(access(state_path("reader/state.mdb-lock"), F_OK), -1);   /* it makes nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_get_remove),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_pending_max),
        cmocka_unit_test(test_table_max),
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_reopen),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_two_daemons),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_file_max),
        cmocka_unit_test(test_hang),
        cmocka_unit_test(test_reader),
        cmocka_unit_test(test_reader_rights),
    };
    return cmocka_run_group_tests(tests, state_setup, state_teardown);
}
