/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storebench - what a million bans cost: memory, and the time of a look
 *
 *     build/bench/storebench [FOLDER [COUNT]]
 *     build/bench/storebench make FOLDER COUNT     only write that state, and keep it
 *     build/bench/storebench look FOLDER COUNT     only look into one that `make` has written
 *
 * Writes COUNT bans (1,000,000) into a state below FOLDER (/tmp) and opens it
 * again, as a daemon that starts; then asks for addresses in random order, half
 * of them banned, each with the three looks that the ban check takes (address,
 * /24, lengths of networks), while new bans are put and flushed every second.
 * Then the longest that a put, a flush and a look took: the disk's time must not
 * be in it. One line for each figure, `name value unit`, for programs to read.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/must.h"
#include "policy/ban.h"
#include "store/store.h"
#include "spread.h"

#define LOOKS 2000000u
#define BATCH 2000u              /* bans written at a time while the state is made */

static char folder[512];

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void say(const char *name, double value, const char *unit)
{
    printf("%-28s %12.3f %s\n", name, value, unit);
}

static struct ip address(uint32_t i)
{
    struct ip ip = { { [10] = 0xff, [11] = 0xff } };
    uint32_t a = spread_address(i);
    for (int k = 0; k < 4; k++)
        ip.b[12 + k] = (uint8_t)(a >> (24 - 8 * k));
    return ip;
}

static struct store *state_open(int64_t now)
{
    struct err err;
    struct store_options o = { .folder = folder, .file_max = (size_t)1 << 30,
                               .pending_max = (size_t)64 << 20 };
    double begin = seconds_now();
    struct store *s = store_open(&o, now, &err);
    if (s == NULL) {
        fprintf(stderr, "storebench: %s\n", err.text);
        exit(1);
    }
    say("open", seconds_now() - begin, "s");
    return s;
}

static void put(struct store *s, uint32_t i, int64_t now)
{
    struct ban b = { .maker = BAN_BY_DICTIONARY, .since = now, .until = now + 3600 + i % 86400,
                     .level = 1, .unknown = 12, .clients = 1, .window_s = 3600 };
    struct ip ip = address(i);
    ban_set_net(&b, &ip, 32);
    ban_set_reason(&b, STR("12 unknown recipients in 1 hour"));
    b.remembered = b.until + 30 * 86400;
    ban_put(s, &b, now);
}

static void state_make(uint32_t count, int64_t now)
{
    struct store *s = state_open(now);
    double begin = seconds_now();
    for (uint32_t i = 0; i < count; i++) {
        put(s, i, now);
        if (i % BATCH == BATCH - 1)
            store_sync(s, NULL);
    }
    store_close(&s);
    say("write all", seconds_now() - begin, "s");
}

/* Memory of this process, in MiB. */
static double memory(const char *what)
{
    char line[256];
    double kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, what, strlen(what)) == 0)
            kib = strtod(line + strlen(what) + 1, NULL);
    }
    if (f != NULL)
        fclose(f);
    return kib / 1024;
}

struct worst {
    double look, put, flush;
};

static void time_keep(double *worst, double begin)
{
    double took = seconds_now() - begin;
    *worst = took > *worst ? took : *worst;
}

static int by_time(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Looks, with bans put and flushed beside them as in life. */
static void looks_do(struct store *s, uint32_t count, int64_t now)
{
    struct hash_key key = { 1, 2 };
    struct worst w = { 0, 0, 0 };
    double begin = seconds_now(), flushed = begin, looking = 0;
    unsigned found = 0, puts = 0;
    float *took = must_array(LOOKS, sizeof *took);
    for (uint32_t i = 0; i < LOOKS; i++) {
        uint32_t which = (uint32_t)(hash_u64(key, i, 0) % ((uint64_t)count * 2));
        struct ip ip = address(which);
        struct ban b;
        double t = seconds_now();
        found += (unsigned)ban_find(s, &ip, now, BAN_ANY, &b);
        time_keep(&w.look, t);
        took[i] = (float)(seconds_now() - t);
        looking += took[i];
        if (i % 100 == 0) {
            t = seconds_now();
            put(s, count * 2 + puts++, now);
            time_keep(&w.put, t);
        }
        t = seconds_now();
        if (t - flushed > 1.0) {
            store_sweep(s, now, 10000);
            store_flush(s, NULL);
            time_keep(&w.flush, t);
            flushed = t;
        }
    }
    say("look, mean", looking / LOOKS * 1e6, "us");
    qsort(took, LOOKS, sizeof *took, by_time);
    say("look, median", took[LOOKS / 2] * 1e6, "us");
    say("look, 99 %", took[LOOKS / 100 * 99] * 1e6, "us");
    free(took);
    say("look, longest", w.look * 1e3, "ms");
    say("put, longest", w.put * 1e3, "ms");
    say("flush, longest", w.flush * 1e3, "ms");
    say("found", (double)found / LOOKS * 100, "%");
}

static void state_look(uint32_t count, int64_t now)
{
    struct store_stats st;
    struct store *s = state_open(now);
    looks_do(s, count, now);
    store_sync(s, NULL);
    store_stats(s, &st);
    say("bans", (double)st.entries[STORE_BANS], "");
    say("file", (double)st.file_bytes / (1 << 20), "MiB");
    say("last flush, in its thread", (double)st.flush_usec / 1e3, "ms");
    say("memory, all", memory("VmRSS:"), "MiB");
    say("memory, without the file", memory("RssAnon:"), "MiB");
    store_close(&s);
}

/* One half of it, on a state that is kept: a daemon may be started on it in between. */
static int half(bool make, const char *where, const char *how_many)
{
    uint64_t count;
    if (str_u64(str_c(how_many), &count) != 0 || count > UINT32_MAX) {
        fprintf(stderr, "storebench: %s is no number of bans\n", how_many);
        return 2;
    }
    snprintf(folder, sizeof folder, "%s", where);
    if (make)
        state_make((uint32_t)count, clock_now());
    else
        state_look((uint32_t)count, clock_now());
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t count = 1000000;
    int64_t now = clock_now();
    char path[640];
    if (argc == 4 && (strcmp(argv[1], "make") == 0 || strcmp(argv[1], "look") == 0))
        return half(argv[1][0] == 'm', argv[2], argv[3]);
    snprintf(folder, sizeof folder, "%s/storebench.XXXXXX", argc > 1 ? argv[1] : "/tmp");
    if (mkdtemp(folder) == NULL || (argc > 2 && str_u64(str_c(argv[2]), &count) != 0)) {
        fprintf(stderr, "usage: %s [FOLDER [COUNT]] | make|look FOLDER COUNT\n", argv[0]);
        return 2;
    }
    state_make((uint32_t)count, now);
    state_look((uint32_t)count, now);
    static const char *const names[] = { "state.mdb", "state.mdb-lock", "state.lock" };
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder) == 0 ? 0 : 1;
}
