/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loggen - write an Exim main log of a given size, and the truth about it
 *
 *     loggen [--size N[K|M|G]] [--seed N] [--span N[s|m|h|d]] [--samples N]
 *            [--id old|new] [--pid] [--for] DIR
 *
 * DIR/plain/mainlog        all of it
 * DIR/rotated/mainlog ...  the same bytes in ten files, mainlog.9 the oldest
 * DIR/truth/               a sample of messages; every directory and mailbox with its counts
 *
 * The log ends where its span ends, with messages still in the queue. The rate of events follows
 * from the bytes that are left and the time that is left, so size and span come out together.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "gen.h"

#define START INT64_C(1794528000)                       /* 2026-11-13 00:00:00 +0000 */
#define GIB (INT64_C(1) << 30)

struct options {
    int64_t size, span;
    uint64_t seed;
    uint32_t samples;
};

static void usage(void)
{
    fputs("usage: loggen [--size N[K|M|G]] [--seed N] [--span N[s|m|h|d]] [--samples N]\n"
          "              [--id old|new] [--pid] [--for] DIR\n", stderr);
    exit(2);
}

/* "64M" with "KMG" and 1024, 1024^2 ...; NULL where the letter is not one of them. */
static int64_t number(const char *s, const char *letters, const int64_t *factors)
{
    char *end;
    long long n;
    const char *letter;

    errno = 0;
    n = strtoll(s, &end, 10);
    if (errno != 0 || end == s || n <= 0 || n > INT32_MAX)
        usage();
    if (*end == '\0')
        return n;
    letter = strchr(letters, *end);
    if (letter == NULL || end[1] != '\0')
        usage();
    return n * factors[letter - letters];
}

/* Several messages in a row from one source, as spam and newsletters go out. Two scripts of one
 * user at once, every fifth time. */
static void run(struct gen *g, int64_t when)
{
    unsigned n = 20 + rng_skewed(&g->rng, 600);
    int64_t gap = rng_span(&g->rng, 80 * MS, 900 * MS);
    bool script = rng_permille(&g->rng, 650);
    unsigned who = rng_skewed(&g->rng, script ? ACCOUNTS : LOGINS);
    bool both = script && who + ACCOUNTS < SCRIPTS && rng_permille(&g->rng, 200);

    for (unsigned i = 0; i < n; i++, when += rng_span(&g->rng, gap / 2, gap * 3 / 2)) {
        if (script)
            mail_script(g, &g->world->scripts[both && i % 2 == 1 ? who + ACCOUNTS : who], when);
        else
            mail_login(g, &g->world->logins[who], when, false);
    }
}

static void event(struct gen *g, int64_t when)
{
    unsigned which = rng_below(&g->rng, 10000);
    struct world *w = g->world;

    if (which < 1300)
        mail_script(g, &w->scripts[rng_skewed(&g->rng, SCRIPTS)], when);
    else if (which < 2600)
        mail_login(g, &w->logins[rng_skewed(&g->rng, LOGINS)], when, false);
    else if (which < 2750)
        mail_login(g, &w->logins[rng_skewed(&g->rng, LOGINS)], when, true);
    else if (which < 5000)
        mail_inbound(g, when, false);
    else if (which < 5400)
        mail_inbound(g, when, true);
    else if (which < 5650)
        mail_cron(g, &w->crons[rng_skewed(&g->rng, CRONS)], when);
    else if (which < 5850)
        mail_localhost(g, when);
    else if (which < 5950)
        mail_relay(g, when);
    else if (which < 5960)
        run(g, when);
    else
        noise(g, when);
}

/* By day twice as much as by night, in quarters. */
static int64_t by_daytime(int64_t when, int64_t gap)
{
    static const int quarters[24] = { 7, 7, 8, 8, 8, 7, 6, 5, 4, 3, 3, 3,
                                      4, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7 };

    return gap * quarters[when / SEC / 3600 % 24] / 5;
}

static void generate(struct gen *g, const struct options *opt)
{
    struct out *o = &g->out;
    int64_t when = o->start;
    uint64_t events = 0;

    while (when < o->end && (int64_t)o->bytes < opt->size) {
        int64_t each = events < 1000 ? 800 : (int64_t)(o->bytes / events);
        int64_t left = (opt->size - (int64_t)o->bytes) / each + 1;
        int64_t gap = by_daytime(when, (o->end - when) / left);

        event(g, when);
        events++;
        when += rng_span(&g->rng, 0, 2 * gap + 1);
        out_write_until(o, when);
    }
}

static void options_read(int argc, char **argv, struct options *opt, struct gen *g)
{
    static const struct option names[] = {
        { "size", required_argument, NULL, 's' },   { "seed", required_argument, NULL, 'r' },
        { "span", required_argument, NULL, 't' },   { "samples", required_argument, NULL, 'n' },
        { "id", required_argument, NULL, 'i' },     { "pid", no_argument, NULL, 'p' },
        { "for", no_argument, NULL, 'f' },          { NULL, 0, NULL, 0 },
    };
    static const int64_t sizes[] = { 1 << 10, 1 << 20, 1 << 30 };
    static const int64_t spans[] = { 1, 60, 3600, 86400 };
    int c;

    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (c == 's')
            opt->size = number(optarg, "KMG", sizes);
        else if (c == 'r')
            opt->seed = (uint64_t)number(optarg, "", NULL);
        else if (c == 't')
            opt->span = number(optarg, "smhd", spans) * SEC;
        else if (c == 'n')
            opt->samples = (uint32_t)number(optarg, "", NULL);
        else if (c == 'i' && (strcmp(optarg, "old") == 0 || strcmp(optarg, "new") == 0))
            g->new_ids = optarg[0] == 'n';
        else if (c == 'p')
            g->out.pids = true;
        else if (c == 'f')
            g->recipients = true;
        else
            usage();
    }
    if (optind + 1 != argc)
        usage();
}

int main(int argc, char **argv)
{
    static struct gen g;
    static struct world w;
    struct options opt = { .size = GIB, .seed = 1, .samples = 3000 };

    options_read(argc, argv, &opt, &g);
    if (opt.span == 0)                              /* ten days a gibibyte, as busy at any size */
        opt.span = 10 * 86400 * SEC / (GIB >> 10) * (opt.size >> 10);
    g.world = &w;
    g.pid = 1000;
    g.rng.state = opt.seed;
    g.out.start = START * SEC;
    g.out.end = g.out.start + opt.span;
    g.sample_every = (uint64_t)opt.size / 1300 / opt.samples + 1;
    out_open(&g.out, argv[optind], opt.samples);
    world_make(&w, &g.rng, &g.out);
    generate(&g, &opt);
    out_close(&g.out);
    printf("%llu bytes, %llu lines, %llu messages\n", (unsigned long long)g.out.bytes,
           (unsigned long long)g.out.plain.lines, (unsigned long long)g.messages);
    return 0;
}
