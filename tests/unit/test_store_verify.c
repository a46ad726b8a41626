/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_store_verify - a damaged state file is noticed, and never crashes who opens it
 *
 * A file is made with all that the format has: deep trees, large values, free
 * pages. Then bytes are turned, copied, cleared and cut off at places chosen by
 * a seed, and for each such file a child opens the store, reads all of it and
 * writes. Whatever it finds, it must come to its end.
 *
 * More seeds: POSTERN_SEEDS=20000 tests/unit/test_store_verify
 */
#define _GNU_SOURCE
#include "store/store_verify.h"

#include <errno.h>

#include "statemake.h"

#define FILE_MAX_BYTES (16 * MIB)
#define SEEDS 120u

static uint8_t *good;        /* the file, whole */
static size_t good_n;

static void file_read(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &st) == 0 && st.st_size < (off_t)FILE_MAX_BYTES);
    good_n = (size_t)st.st_size;
    good = must_alloc(good_n);
    assert_int_equal(read(fd, good, good_n), good_n);
    close(fd);
}

static void file_write(const char *path, const uint8_t *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
}

static int verify(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    int rc = store_verify(fd, err);
    close(fd);
    return rc;
}

/* Some MiB, with several thousand entries of all sizes, and much that was removed again. */
static int make_main(void *ctx)
{
    (void)ctx;
    struct store *s = state_open("made");
    uint64_t seed = 7;
    static char value[STORE_VALUE_MAX];
    for (unsigned round = 0; round < 12; round++) {
        for (unsigned i = 0; i < 1500; i++) {
            char key[64];
            uint64_t r = state_random(&seed);
            int n = snprintf(key, sizeof key, "%0*u", 4 + (int)(r % 40), (unsigned)(r >> 32) % 3000);
            enum store_table t = r % 5;
            if (r % 3 == 0)
                store_remove(s, t, str_make(key, (size_t)n));
            else
                store_put(s, t, str_make(key, (size_t)n),
                          str_make(value, r % 50 == 1 ? r % STORE_VALUE_MAX : r % 60), NOW + 100);
        }
        if (store_sync(s, NULL) != 0)
            return 1;
    }
    store_close(&s);
    return 0;
}

static int setup(void **state)
{
    if (state_setup(state) != 0 || child_run(make_main, NULL) != 0)
        return -1;
    file_read(state_path("made/state.mdb"));
    return mkdir(state_path("bad"), 0750);
}

static int teardown(void **state)
{
    free(good);
    return state_teardown(state);
}

/* --- what the child does with it --- */

static bool count_visit(void *ctx, struct str key, struct str value, int64_t ends)
{
    (void)value;
    *(uint64_t *)ctx += key.n + (uint64_t)ends % 2;
    return true;
}

static int use_main(void *ctx)
{
    (void)ctx;
    struct store *s = state_open("bad");
    uint64_t sum = 0, seed = 3;
    for (unsigned t = 0; t < STORE_TABLES; t++) {
        struct store_range all = { .table = t };
        store_walk(s, &all, NOW, count_visit, &sum);
    }
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < 300; i++) {
            char key[64];
            struct store_value v;
            uint64_t r = state_random(&seed);
            int n = snprintf(key, sizeof key, "%0*u", 4 + (int)(r % 40), (unsigned)(r >> 32) % 3000);
            store_get(s, r % 5, str_make(key, (size_t)n), NOW, &v);
            if (i % 4 == 0)
                store_remove(s, r % 5, str_make(key, (size_t)n));
            else
                store_put(s, r % 5, str_make(key, (size_t)n), STR("new"), NOW + 1000);
        }
        store_sweep(s, NOW + 200 * round, 1000);
        store_sync(s, NULL);
    }
    store_close(&s);
    return 0;
}

/* --- damage --- */

static void damage(uint8_t *bytes, size_t *n, uint64_t seed)
{
    uint64_t kind = state_random(&seed) % 7, count = 1 + state_random(&seed) % 8;
    for (; count > 0; count--) {
        size_t at = state_random(&seed) % *n, page = at - at % 4096;
        switch (kind) {
        case 0:
            bytes[at] ^= (uint8_t)(1u << state_random(&seed) % 8);
            break;
        case 1:                                      /* a head */
            bytes[at % 8192 % 4096 % 200 + (at % 2) * 4096] = (uint8_t)state_random(&seed);
            break;
        case 2:                                      /* the table of a page */
            bytes[page + state_random(&seed) % 64] = (uint8_t)state_random(&seed);
            break;
        case 3:                                      /* a page that is another */
            memcpy(bytes + page, bytes + state_random(&seed) % (*n / 4096) * 4096,
                   *n - page < 4096 ? *n - page : 4096);
            break;
        case 4:
            memset(bytes + at, (int)state_random(&seed), *n - at < 64 ? *n - at : 64);
            break;
        case 5:                                      /* a page that was never written */
            memset(bytes + page, 0, *n - page < 4096 ? *n - page : 4096);
            break;
        default:
            *n = at > 0 ? at : 1;
        }
    }
}

static void test_damage(void **state)
{
    (void)state;
    const char *more = getenv("POSTERN_SEEDS");
    uint64_t seeds = SEEDS, noticed = 0;
    if (more != NULL)
        str_u64(str_c(more), &seeds);
    uint8_t *bytes = must_alloc(good_n);
    for (uint64_t seed = 0; seed < seeds; seed++) {
        size_t n = good_n;
        struct err err;
        memcpy(bytes, good, good_n);
        damage(bytes, &n, seed);
        file_write(state_path("bad/state.mdb"), bytes, n);
        noticed += verify(state_path("bad/state.mdb"), &err) != 0;
        int status = child_run(use_main, NULL);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            fail_msg("seed %u: the child ended with %#x", (unsigned)seed, (unsigned)status);
    }
    free(bytes);
    assert_true(noticed > seeds / 2 && noticed < seeds);
}

/* --- what exactly is noticed --- */

static void test_good(void **state)
{
    (void)state;
    struct err err = { 0 };
    file_write(state_path("one"), good, good_n);
    if (verify(state_path("one"), &err) != 0)
        fail_msg("%s", err.text);
    file_write(state_path("empty"), good, 0);
    assert_int_equal(verify(state_path("empty"), &err), 0);
    assert_true(good_n > 2 * MIB);
}

static void test_cut(void **state)
{
    (void)state;
    static const size_t cuts[] = { 1, 15, 100, 4095, 4096, 8191, 8192, 100000 };
    for (size_t i = 0; i < ROWS(cuts); i++) {
        struct err err;
        file_write(state_path("cut"), good, cuts[i]);
        assert_int_equal(verify(state_path("cut"), &err), -1);
        assert_int_equal(err.kind, ERR_FORMAT);
    }
}

static void test_other_files(void **state)
{
    (void)state;
    struct err err;
    static uint8_t zeros[20000], other[8192];
    file_write(state_path("zeros"), zeros, sizeof zeros);
    assert_int_equal(verify(state_path("zeros"), &err), -1);
    memcpy(other, good, sizeof other);
    other[16 + 4] = 2;                               /* the format's version */
    file_write(state_path("other"), other, sizeof other);
    assert_int_equal(verify(state_path("other"), &err), -1);
    assert_non_null(strstr(err.text, "version"));
    int fd = open("/dev/null", O_RDONLY);
    assert_int_equal(store_verify(fd, &err), -1);
    close(fd);
}

/* Set aside, a fresh one begun, the old one kept; and never more than three of them. */
static int aside_main(void *ctx)
{
    (void)ctx;
    struct store *s = state_open("aside");
    struct store_stats st;
    store_stats(s, &st);
    bool on_disk = st.on_disk;
    store_put(s, STORE_BANS, STR("a"), STR("b"), NOW + 10);
    int rc = store_sync(s, NULL);
    store_close(&s);
    return !(on_disk && rc == 0);
}

static void test_set_aside(void **state)
{
    (void)state;
    unsigned before = state_logged("state-set-aside");
    mkdir(state_path("aside"), 0750);
    for (unsigned i = 0; i < 6; i++) {
        file_write(state_path("aside/state.mdb"), good, 10000 + i);
        assert_int_equal(child_run(aside_main, NULL), 0);
        assert_int_equal(state_logged("state-set-aside"), before + i + 1);
    }
    static const char *const kept[] = { "-03", "-04", "-05" }, *const gone[] = { "-00", "-01", "-02" };
    for (size_t i = 0; i < 3; i++) {
        char name[128];
        snprintf(name, sizeof name, "aside/state.mdb.damaged-20261123T150000Z%s", kept[i]);
        assert_int_equal(access(state_path(name), F_OK), 0);
        snprintf(name, sizeof name, "aside/state.mdb.damaged-20261123T150000Z%s", gone[i]);
        assert_int_equal(access(state_path(name), F_OK), -1);
    }
    assert_int_equal(child_run(aside_main, NULL), 0);     /* a good one stays */
    assert_int_equal(state_logged("state-set-aside"), before + 6);
    assert_int_equal(unlink(state_path("aside/state.mdb")), 0);
    assert_int_equal(mkfifo(state_path("aside/state.mdb"), 0600), 0);
    assert_int_equal(child_run(aside_main, NULL), 0);     /* nobody will ever write to it */
    assert_int_equal(state_logged("state-set-aside"), before + 7);
}

/* A state of a later postern: its bytes are found by their text and changed. */
static void test_version(void **state)
{
    (void)state;
    unsigned before = state_logged("its version is");
    uint8_t *bytes = must_alloc(good_n);
    memcpy(bytes, good, good_n);
    struct str all = str_make((char *)bytes, good_n);
    size_t at = str_find(all, STR("postern-state 1"));
    for (size_t from = 0; at != STR_NONE; at = str_find(str_skip(all, from), STR("postern-state 1"))) {
        from += at + 15;
        bytes[from - 1] = '2';
    }
    mkdir(state_path("version"), 0750);
    file_write(state_path("version/state.mdb"), bytes, good_n);
    free(bytes);
    struct store *s = state_open("version");
    struct store_stats st;
    store_stats(s, &st);
    assert_true(st.on_disk);
    assert_int_equal(st.entries[STORE_BANS], 0);
    store_close(&s);
    assert_int_equal(state_logged("its version is"), before + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_set_aside),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
