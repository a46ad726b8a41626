/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * requests_internal - between reading the access logs and weighing them
 *
 * requests.c reads files and knows their order; requests_weigh.c knows URLs and
 * messages, with requests_table.c for what is kept, requests_share.c for the
 * arithmetic and requests_place.c for paths. A line goes over in two steps:
 * weigh_note() when it is read, and weigh_hit() when the stamp of the line behind
 * it is known for sure, because that bounds how long the request may have run.
 */
#ifndef POSTERN_TRACE_REQUESTS_INTERNAL_H
#define POSTERN_TRACE_REQUESTS_INTERNAL_H

#include "base/intern.h"
#include "trace/requests.h"
#include "trace/weblog.h"

#define WEIGH_CLIENT_MAX 64  /* bytes of a client's name that are kept */

struct weigh;

/* A URL in the table; the number is good for one generation. */
struct url_number {
    uint32_t number, generation;
};

/* A request that began closely enough before some arrival to have made it. */
struct weigh_hit {
    int64_t when;            /* its begin */
    int64_t proven;          /* it still ran then, by the order of the log */
    struct url_number url;
    float answer;            /* how far its status lets a script have run, 0 to 1 */
    char client[WEIGH_CLIENT_MAX]; /* its line is gone when it is weighed */
    uint8_t client_n;
};

/* Where a line stands. */
struct weigh_line {
    size_t site;             /* index into the query's sites */
    uint32_t log;            /* number of the log */
    uint64_t offset;         /* of its first byte in the (inflated) log */
    uint64_t number;         /* from 1, where the reading of the log began */
    int64_t proven;          /* its request still ran then, by the order of the log */
    int64_t next;            /* what seems to be the stamp of the next line, or INT64_MAX */
};

struct weigh *weigh_new(const struct requests_query *q);
void weigh_free(struct weigh **w);

/* Count one request. True and *hit_out if it can explain an arrival. The views may die
 * afterwards. */
bool weigh_note(struct weigh *w, const struct weblog_line *line, const struct weigh_line *where,
                struct weigh_hit *hit_out);

/* A noted request, with the stamp of the next line of its log (INT64_MAX at the end). */
void weigh_hit(struct weigh *w, const struct weigh_hit *hit, int64_t next);

/* All have been noted: the best `max`, strings in `arena`. file, line and text of each are
 * for the caller to fill from where its witness stands. */
size_t weigh_best(struct weigh *w, struct arena *arena, struct request *out,
                  struct weigh_line *where_out, size_t max);

/* Requests that could explain an arrival and were left out because of a ceiling. */
uint64_t weigh_left_out(const struct weigh *w);

/* ---- requests_share.c: which messages the requests for one URL explain ---- */

struct share_hit {
    uint32_t url, client;    /* numbers; INTERN_NONE for a client that was not kept */
    uint32_t from, to;       /* explains the arrivals [from, to), at least one */
    float answer;
    bool inner;              /* the client is a private address: a proxy of ours logged twice */
};

/* For qsort: by URL, the latest first; among those with no arrival between them,
 * which cannot be told apart, clients from outside first. */
int share_hit_order(const void *a, const void *b);

struct share {
    uint64_t messages;       /* explained */
    uint64_t needed;         /* requests, each with a message of its own */
    uint64_t clients;
    double answer;           /* sum over the messages */
    uint32_t client;         /* with the most messages, or INTERN_NONE */
    bool client_known;       /* the known client is among them */
};

struct sharing;

/* For any number of URLs of one run: at most `hits` requests for one, clients numbered
 * below `clients`. Never NULL. */
struct sharing *sharing_new(size_t arrivals, size_t hits, uint32_t clients, uint32_t known_client);
void sharing_free(struct sharing **s);

/* Add up the hits [0, n), n > 0, all of one URL, in the order of share_hit_order(). */
struct share sharing_add(struct sharing *s, const struct share_hit *hits, size_t n);

/* ---- requests_table.c: the URLs and the requests for them, bounded ---- */

/* Key of a URL: the site's index, the method, a NUL, the path (cut at REQUESTS_PATH_MAX). */
struct url_key {
    char bytes[sizeof(uint32_t) + 40 + REQUESTS_PATH_MAX];
    size_t n;
};

void url_key_make(struct url_key *k, size_t site, struct str method, struct str path);
void url_key_split(struct str key, size_t *site_out, struct str *method_out, struct str *path_out);

struct url {
    struct weigh_line where; /* witness: the line nearest to the traced message */
    int64_t when, distance;  /* of that line; INT64_MAX before there is one */
    bool fixed;              /* a file type that is no script */
};

struct urltable;

/* Never NULL. */
struct urltable *urltable_new(void);
void urltable_free(struct urltable **t);

/* Count one request for the URL, whether or not it is in the table. */
void urltable_count(struct urltable *t, const struct url_key *key);

/* How often a URL was counted, or more. */
uint64_t urltable_counted(const struct urltable *t, uint32_t url);

/* The URL, put into the table if it is new: good until the next call. NULL if there is no room
 * for it: `weak` ones (that cannot have sent mail) get a quarter of the table. */
struct url *urltable_note(struct urltable *t, const struct url_key *key, bool weak,
                          struct url_number *number_out);

/* Keep a request (hit->url is filled in). */
void urltable_hit(struct urltable *t, struct url_number url, const struct share_hit *hit);

/* The number of a client; INTERN_NONE if there are too many. */
uint32_t urltable_client(struct urltable *t, struct str name);

/* All requests kept, in the order of share_hit_order(); good until the next is added. */
const struct share_hit *urltable_hits(struct urltable *t, size_t *n_out);
uint32_t urltable_urls(const struct urltable *t);
const struct url *urltable_url(const struct urltable *t, uint32_t url);
struct str urltable_key(const struct urltable *t, uint32_t url);
uint32_t urltable_clients(const struct urltable *t);
struct str urltable_client_name(const struct urltable *t, uint32_t client); /* "" for none */

/* Requests noted or kept that had to go. */
uint64_t urltable_left_out(const struct urltable *t);

/* ---- requests_place.c: URL paths and directories ---- */

enum url_place {
    PLACE_OTHER,             /* elsewhere in the site */
    PLACE_UNKNOWN,           /* the cwd is not known, or not in the site */
    PLACE_FRONT,             /* below the cwd: an index.php there may answer for it */
    PLACE_CWD,               /* its script lies in the very directory */
};

enum url_match { MATCH_NONE, MATCH_NAME, MATCH_PATH };

/* The path up to the name of a script: `/a.php/x/y` is the script `/a.php`. A view. */
struct str url_script(struct str path);

/* A file type that is never a script. */
bool url_is_fixed(struct str path);

/* The factor of the formula: 1 for POST and its like. */
double url_method_weight(struct str method);

enum url_place url_place(const struct requests_query *q, const struct site *site, struct str path);

/* How well a URL agrees with the script that a header or PHP's log named (q->script). */
enum url_match url_match(const struct requests_query *q, const struct site *site, struct str path);

#endif
