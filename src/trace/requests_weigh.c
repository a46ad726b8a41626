/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * requests_weigh - how well each URL explains a run of messages
 *
 * The formula. Of one (site, method, path):
 *
 *     score = share * rarity * use * method * place * answer * kind
 *
 *     share   messages of the run that it explains (requests.h says when), by
 *             all messages of the run
 *     rarity  1 / (1 + 6r), where r is how many of its requests that are not needed
 *             there are in a second of the log that was read, an hour before the
 *             run included: 6r of them come as close as that by chance
 *     use     0.4 + 0.6 * (its requests that are needed, each for a message of its
 *             own, by all its requests)
 *     method  POST, PUT, PATCH 1; GET 0.4; HEAD and OPTIONS 0.1; anything else 0.3
 *     place   1 where its script lies in the directory of the cwd line; 0.6 below
 *             that directory (one index.php answers for many URLs); 0.5 where the
 *             cwd is not known or not in the site; 0.25 elsewhere in the site
 *     answer  mean over the messages, of the request's status: 1 for 200, 302, 303
 *             and 5xx; 0.5 for other redirections; 0.2 for 4xx (a server's own
 *             error page runs no script, but a script can pretend to be one); 0.1
 *             for 206 and 304
 *     kind    0.02 for the file types that are never scripts (.css, .png ...)
 *
 * A URL whose script is named by a header or PHP's log counts 1.5 times by its
 * base name, and stands first by its path (and client, where one is known). Of
 * two that come to the same, the one nearer before the traced message stands first.
 *
 * Likely is a URL that explains at least half of the run with answers that a
 * script gives, and: of a run of LIKELY_RUN messages or more, a fifth of its
 * requests were needed; of fewer messages, rarity is at least 0.8, its script lies
 * in the directory of the cwd line or below, and at most RIVALS_MAX URLs have half of the best
 * score or more, itself among them.
 */
#include <stdlib.h>

#include "base/intern.h"
#include "base/must.h"
#include "mail/ip.h"
#include "trace/requests_internal.h"


static const double place_weight[] = {
    [PLACE_OTHER] = 0.25, [PLACE_UNKNOWN] = 0.5, [PLACE_FRONT] = 0.6, [PLACE_CWD] = 1.0,
};

#define LIKELY_SHARE 0.5
#define LIKELY_ANSWER 0.5F
#define LIKELY_RUN 5
#define LIKELY_NEEDED 0.2    /* of its requests, for a run */
#define LIKELY_RARITY 0.8    /* for fewer messages */
#define RIVAL_SCORE 0.5      /* of the best score */
#define RIVALS_MAX 3         /* the best included */

#define SPAN_MIN 600         /* seconds: less log says nothing about what is usual */

struct weigh {
    const struct requests_query *q;
    struct urltable *table;
    int64_t first, last;     /* begins of the requests that were noted */
    uint32_t known_client;   /* number of q->client, or INTERN_NONE */
};

struct weigh *weigh_new(const struct requests_query *q)
{
    struct weigh *w = must_alloc(sizeof *w);
    w->q = q;
    w->first = INT64_MAX;
    w->last = INT64_MIN;
    w->table = urltable_new();
    w->known_client = str_empty(q->client) ? INTERN_NONE : urltable_client(w->table, q->client);
    return w;
}

void weigh_free(struct weigh **w)
{
    if (*w == NULL)
        return;
    urltable_free(&(*w)->table);
    free(*w);
    *w = NULL;
}

uint64_t weigh_left_out(const struct weigh *w)
{
    return urltable_left_out(w->table);
}

static float answer_weight(unsigned status)
{
    if (status == 206 || status == 304)
        return 0.1F;
    if (status >= 400 && status < 500)
        return 0.2F;
    if (status >= 300 && status < 400 && status != 302 && status != 303)
        return 0.5F;
    return 1.0F;
}

/* First arrival at or after `t`. */
static size_t arrival_at(const struct requests_query *q, int64_t t)
{
    size_t lo = 0, hi = q->arrival_count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (q->arrivals[mid] < t)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* How far a request is from the traced message. Those after it are further than any
 * that can have made it. */
static int64_t distance_of(const struct weigh *w, int64_t when)
{
    int64_t before = w->q->message - when;
    return before >= 0 ? before : REQUESTS_WINDOW - before;
}

/* Keep the line if it is nearer to the traced message than the one that was kept. */
static void witness_keep(const struct weigh *w, struct url *url, int64_t when,
                         const struct weigh_line *where)
{
    int64_t distance = distance_of(w, when);
    if (distance > url->distance)
        return;
    url->where = *where;
    url->when = when;
    url->distance = distance;
}

/* A request that began at `when` can explain an arrival: only such are worth a place in
 * the table. */
static bool can_explain(const struct requests_query *q, int64_t when,
                        const struct weigh_line *where)
{
    size_t first = arrival_at(q, when);
    if (first == q->arrival_count || q->arrivals[first] - when > REQUESTS_WINDOW)
        return false;
    int64_t arrival = q->arrivals[first];
    return arrival <= where->proven || arrival - when <= REQUESTS_CLOSE ||
           (arrival - when <= REQUESTS_PAUSE && arrival <= where->next);
}

bool weigh_note(struct weigh *w, const struct weblog_line *line, const struct weigh_line *where,
                struct weigh_hit *hit_out)
{
    struct url_key key;
    if (str_empty(line->method) || str_empty(line->path))
        return false;
    struct str path = url_script(line->path);
    url_key_make(&key, where->site, line->method, path);
    urltable_count(w->table, &key);
    if (line->when < w->first)
        w->first = line->when;
    if (line->when > w->last)
        w->last = line->when;
    if (!can_explain(w->q, line->when, where))
        return false;
    struct str client = str_head(line->client, WEIGH_CLIENT_MAX);
    hit_out->when = line->when;
    hit_out->proven = where->proven;
    hit_out->answer = answer_weight(line->status);
    memcpy(hit_out->client, client.p, client.n);
    hit_out->client_n = (uint8_t)client.n;
    bool fixed = url_is_fixed(path);
    struct url *url = urltable_note(w->table, &key, fixed || hit_out->answer < LIKELY_ANSWER,
                                    &hit_out->url);
    if (url == NULL)
        return false;
    url->fixed = fixed;
    witness_keep(w, url, line->when, where);
    return true;
}

/* The arrivals that a request explains: [*from_out, *to_out). */
static void hit_range(const struct requests_query *q, const struct weigh_hit *hit, int64_t next,
                      size_t *from_out, size_t *to_out)
{
    int64_t sure = hit->when + REQUESTS_CLOSE, last = hit->when + REQUESTS_WINDOW;
    if (hit->proven > sure)
        sure = hit->proven;
    if (sure > last)
        sure = last;
    size_t from = arrival_at(q, hit->when), to = arrival_at(q, sure + 1);
    int64_t before = to > from ? q->arrivals[to - 1] : hit->when;
    while (to < q->arrival_count && q->arrivals[to] <= next && q->arrivals[to] <= last &&
           q->arrivals[to] - before <= REQUESTS_PAUSE)
        before = q->arrivals[to++];
    *from_out = from;
    *to_out = to;
}

void weigh_hit(struct weigh *w, const struct weigh_hit *hit, int64_t next)
{
    size_t from, to;
    struct ip ip;
    hit_range(w->q, hit, next, &from, &to);
    if (from == to)
        return;
    struct str client = str_make(hit->client, hit->client_n);
    struct share_hit found = {
        .client = urltable_client(w->table, client),
        .from = (uint32_t)from,
        .to = (uint32_t)to,
        .answer = hit->answer,
        .inner = ip_parse(client, &ip) == 0 && ip_private(&ip),
    };
    urltable_hit(w->table, hit->url, &found);
}

/* ---- weighing ---- */

/* How little its requests that made no mail come as close to one as those that did. */
static double rarity_of(const struct weigh *w, uint64_t others)
{
    int64_t span = w->last - w->first;
    double rate = (double)others / (double)(span > SPAN_MIN ? span : SPAN_MIN);
    return 1.0 / (1.0 + rate * (REQUESTS_CLOSE + 1));
}

/* The factors of the formula that the last decision needs once more. */
struct factors {
    double rarity, needed, answer;
    enum url_place place;
};

static bool is_likely(const struct request *r, const struct factors *f, size_t run)
{
    if (r->exact)
        return true;
    if (r->share < LIKELY_SHARE || f->answer < (double)LIKELY_ANSWER)
        return false;
    return run >= LIKELY_RUN ? f->needed >= LIKELY_NEEDED
                             : f->rarity >= LIKELY_RARITY && f->place >= PLACE_FRONT;
}

/* What the URL comes to by the formula. */
static void request_score(struct request *r, const struct weigh *w, const struct url *url,
                          const struct share *share, const struct site *site)
{
    enum url_match match = url_match(w->q, site, r->path);
    struct factors f = {
        .rarity = rarity_of(w, r->requests - share->needed),
        .needed = (double)share->needed / (double)r->requests,
        .answer = share->answer / (double)share->messages,
        .place = url_place(w->q, site, r->path),
    };
    r->in_cwd = f.place == PLACE_CWD;
    r->exact = match == MATCH_PATH && (w->known_client == INTERN_NONE || share->client_known);
    r->score = r->share * f.rarity * (0.4 + 0.6 * f.needed) * url_method_weight(r->method) *
               place_weight[f.place] * f.answer * (url->fixed ? 0.02 : 1.0) *
               (match != MATCH_NONE ? 1.5 : 1.0) + (r->exact ? 10.0 : 0.0);
    r->likely = !url->fixed && is_likely(r, &f, w->q->arrival_count);
}

/* One URL as a candidate; strings are views of the table's. */
static struct request request_make(const struct weigh *w, uint32_t number,
                                   const struct share *share)
{
    const struct url *url = urltable_url(w->table, number);
    size_t index;
    struct request r = { .messages = share->messages, .clients = share->clients };
    url_key_split(urltable_key(w->table, number), &index, &r.method, &r.path);
    const struct site *site = w->q->sites[index];
    uint64_t counted = urltable_counted(w->table, number);
    r.requests = counted > share->needed ? counted : share->needed;
    r.site = str_empty(site->name) ? site->docroot : site->name;
    r.client_ip = urltable_client_name(w->table, share->client);
    r.share = (double)share->messages / (double)w->q->arrival_count;
    r.text = STR("");
    r.when = url->when;
    request_score(&r, w, url, share, site);
    return r;
}

struct best {
    const struct weigh *w;
    struct request *v;
    struct weigh_line *where; /* the witness of each */
    size_t n, max;
    double *scores;          /* of all URLs */
    size_t score_count;
};

static bool is_better(const struct best *b, const struct request *x, const struct request *y)
{
    if (x->score != y->score)
        return x->score > y->score;
    return distance_of(b->w, x->when) < distance_of(b->w, y->when);
}

static void best_add(struct best *b, const struct request *r, const struct weigh_line *where)
{
    b->scores[b->score_count++] = r->score;
    size_t at = b->n;
    while (at > 0 && is_better(b, r, &b->v[at - 1]))
        at--;
    if (at == b->max)
        return;
    size_t moved = (b->n < b->max ? b->n : b->max - 1) - at;
    memmove(b->v + at + 1, b->v + at, moved * sizeof *b->v);
    memmove(b->where + at + 1, b->where + at, moved * sizeof *b->where);
    b->v[at] = *r;
    b->where[at] = *where;
    b->n += b->n < b->max;
}

static void request_own(struct request *r, struct arena *arena)
{
    r->site = arena_str(arena, r->site);
    r->method = arena_str(arena, r->method);
    r->path = arena_str(arena, r->path);
    r->client_ip = arena_str(arena, r->client_ip);
}

/* Of a few messages that many URLs explain about as well, none is likely. */
static void rivals_judge(struct best *b)
{
    size_t rivals = 0;
    if (b->n == 0 || b->w->q->arrival_count >= LIKELY_RUN)
        return;
    for (size_t i = 0; i < b->score_count; i++)
        rivals += b->scores[i] >= b->v[0].score * RIVAL_SCORE;
    for (size_t i = 0; i < b->n; i++) {
        bool rival = b->v[i].score >= b->v[0].score * RIVAL_SCORE;
        if (!b->v[i].exact && (rivals > RIVALS_MAX || !rival))
            b->v[i].likely = false;
    }
}

size_t weigh_best(struct weigh *w, struct arena *arena, struct request *out,
                  struct weigh_line *where_out, size_t max)
{
    struct best best = { .w = w, .v = out, .where = where_out, .max = max };
    size_t n;
    const struct share_hit *hits = urltable_hits(w->table, &n);
    best.scores = must_array((size_t)urltable_urls(w->table) + 1, sizeof *best.scores);
    struct sharing *sharing = sharing_new(w->q->arrival_count, n, urltable_clients(w->table),
                                          w->known_client);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && hits[end].url == hits[i].url; end++)
            ;
        struct share share = sharing_add(sharing, hits + i, end - i);
        struct request r = request_make(w, hits[i].url, &share);
        best_add(&best, &r, &urltable_url(w->table, hits[i].url)->where);
    }
    rivals_judge(&best);
    for (size_t i = 0; i < best.n; i++)
        request_own(&out[i], arena);
    free(best.scores);
    sharing_free(&sharing);
    return best.n;
}
