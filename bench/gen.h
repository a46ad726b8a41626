/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen - what the parts of the log generator share
 *
 * loggen writes the main log of an Exim that never ran, and beside it the truth: which source
 * sent which message, and how it ended. It is a program of its own on purpose. It shares no line
 * with Postern, so that a mistake in Postern's reading of an id or a field cannot hide in the
 * truth that it is measured against.
 *
 * The same seed and options give the same bytes on every machine: no clock, no libm, no locale, and
 * never two draws in one argument list, whose order is the compiler's.
 */
#ifndef BENCH_GEN_H
#define BENCH_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TEXT_MAX 8192           /* Exim's LOG_BUFFER_SIZE: no line of its is longer */
#define NAME_SIZE 160
#define NO_TALLY UINT32_MAX
#define NO_SAMPLE UINT32_MAX
#define FILES 10                /* the rotated set: mainlog, mainlog.1 ... mainlog.9 */
#define RCPT_MAX 50
#define MS INT64_C(1000)        /* all times are microseconds since 1970 */
#define SEC INT64_C(1000000)

/* ---- numbers and text (gen_base.c) ------------------------------------------------------- */

struct rng {
    uint64_t state;
};

uint64_t rng_next(struct rng *r);
unsigned rng_below(struct rng *r, unsigned n);                  /* 0 .. n-1 */
bool rng_permille(struct rng *r, unsigned n);                   /* true n times in 1000 */
unsigned rng_skewed(struct rng *r, unsigned n);                 /* 0 .. n-1, the low ones often */
int64_t rng_span(struct rng *r, int64_t low, int64_t high);     /* low .. high-1 */
/* `n` random digits of base 10, 16, 36 or 62, as a string. `out` holds n + 1 bytes. */
void rng_digits(struct rng *r, unsigned base, unsigned n, char *out);

struct text {
    size_t n;
    char b[TEXT_MAX];
};

/* Append. Knows %s, %u, %c and %%, and nothing else: seven million lines do not want to wait for
 * printf, and the compiler still checks the arguments. What does not fit is cut. */
void text_add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Replace, as a string that ends in NUL. */
void text_set(char *out, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- the log and the truth (gen_out.c) --------------------------------------------------- */

enum kind {
    KIND_SCRIPT, KIND_CRON, KIND_LOGIN, KIND_WEBMAIL, KIND_LOCALHOST, KIND_RELAY, KIND_FORWARD,
    KIND_INBOUND, KIND_BOUNCE, KIND_AUTOREPLY
};

const char *kind_name(enum kind k);                             /* as in the JSON of trace */

/* What a line means for the truth. It takes effect when the line is written, so that messages
 * that are still under way when the log ends are counted as what the log says of them. */
enum effect_kind {
    EFFECT_NONE, EFFECT_CWD, EFFECT_ARRIVAL, EFFECT_DELIVERED, EFFECT_FAILED, EFFECT_DEFERRED
};

struct effect {
    enum effect_kind kind;
    unsigned recipients;        /* of an arrival */
    bool again;                 /* this recipient was deferred before */
    bool of_message;            /* the line begins with the message's id */
    uint32_t tally;
    uint32_t sample;
};

/* A source that `top` ranks: a directory or a mailbox. */
struct tally {
    enum kind kind;
    char key[NAME_SIZE];
    unsigned messages, recipients, delivered, failed, deferred;
};

/* A message whose whole truth is kept. */
struct sample {
    enum kind kind;
    char id[24], key[NAME_SIZE], user[NAME_SIZE], login[NAME_SIZE], ip[16], sender[NAME_SIZE];
    int64_t received;
    unsigned size, recipients, delivered, failed, deferred, lines;
    uint64_t cwd_line, arrival_line, arrival_offset, file_line, file_offset;
    unsigned file;              /* 0 is mainlog, 9 is mainlog.9 */
};

struct sink {
    int fd;
    size_t n;
    uint64_t lines, line_offset;    /* written so far; where the last line begins */
    uint64_t bytes;
    char *block;
};

struct pending;

struct out {
    const char *dir;
    int64_t start, end;
    bool pids;
    struct sink plain, rotated;
    unsigned file;
    struct pending *heap;
    size_t heap_n, heap_max;
    uint64_t order, bytes;
    struct tally *tallies;
    uint32_t tally_n, tally_max;
    struct sample *samples;
    uint32_t sample_n, sample_max;
};

/* Everything here prints what went wrong and exits: a generator has nothing to save. */
void out_open(struct out *o, const char *dir, uint32_t samples);
/* Keep one line until its time has come. Lines of one time stay in the order of the calls. */
void out_push(struct out *o, int64_t when, unsigned pid, const struct text *t, struct effect e);
void out_write_until(struct out *o, int64_t when);
uint32_t out_tally(struct out *o, enum kind kind, const char *key);
/* The truth files, after the last line. */
void out_close(struct out *o);

/* ---- the host and who sends (gen_world.c) ------------------------------------------------ */

struct host {
    char name[48], ip[16], helo[48];
};

struct account {
    char user[16], domain[40];
};

struct source {
    enum kind kind;
    uint32_t tally;
    const struct account *account;
    char key[NAME_SIZE];        /* directory or mailbox */
    char user[16];              /* as whom the program runs */
    char sender[NAME_SIZE];
    char args[NAME_SIZE];       /* of the cwd line, "4 args: /usr/sbin/sendmail ..." */
    char auth[24];              /* authenticator */
    bool speaks_smtp;           /* runs `sendmail -bs` */
    struct host client;
};

#define ACCOUNTS 900
#define SCRIPTS 1700
#define LOGINS 1900
#define CRONS 400
#define HOSTS 3000              /* of the outside: where mail goes to and comes from */
#define BOTS 4000               /* of the outside: whom we refuse */

struct world {
    struct account accounts[ACCOUNTS];
    struct source scripts[SCRIPTS], logins[LOGINS], crons[CRONS];
    struct host hosts[HOSTS], bots[BOTS];
};

void world_make(struct world *w, struct rng *r, struct out *o);
void world_local_part(struct rng *r, char *out, size_t size);
void world_subject(struct rng *r, char *out, size_t size);      /* as it stands inside T="" */

/* ---- what happens (gen_mail.c, gen_noise.c) ---------------------------------------------- */

struct gen {
    struct rng rng;
    struct out out;
    struct world *world;
    bool new_ids, recipients;   /* ids of 4.97 and later; `for ...` on arrivals */
    unsigned pid;
    uint64_t messages, sample_every;
};

unsigned gen_pid(struct gen *g);
/* The id that Exim would give: `when` is the start of the reception. `out` holds 24 bytes. */
void gen_id(const struct gen *g, int64_t when, unsigned pid, char *out);

/* Each writes all lines of one thing that begins at `when`, later ones included. */
void mail_script(struct gen *g, const struct source *s, int64_t when);
void mail_cron(struct gen *g, const struct source *s, int64_t when);
void mail_login(struct gen *g, const struct source *s, int64_t when, bool webmail);
void mail_localhost(struct gen *g, int64_t when);
void mail_relay(struct gen *g, int64_t when);
void mail_inbound(struct gen *g, int64_t when, bool forward);
void noise(struct gen *g, int64_t when);

#endif
