/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session - what one SMTP session has shown so far
 *
 * A table by keyed hash, and a list in the order of last use: its old end is
 * what goes first. The key itself is not kept. A session's 64-bit keyed hash
 * stands for it; two sessions that collide would share two counters, which no
 * client can bring about without knowing the key.
 */
#include "policy/session.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"

struct entry {
    struct session session;          /* first: callers hold a pointer to it */
    uint64_t hash;
    struct entry *chain;             /* in its bucket */
    struct entry *newer, *older;
    int64_t used_ms;
    uint32_t held;
    bool over;
};

struct sessions {
    unsigned owners;
    struct entry **buckets;
    size_t mask, count, max;
    int64_t idle_ms;
    struct entry *newest, *oldest;
    struct hash_key key;
};

struct sessions *sessions_new(size_t max, int64_t idle_ms)
{
    struct sessions *s = must_alloc(sizeof *s);
    size_t buckets = 1024;
    while (buckets < max)
        buckets *= 2;
    s->owners = 1;
    s->buckets = must_array(buckets, sizeof *s->buckets);
    s->mask = buckets - 1;
    s->max = max;
    s->idle_ms = idle_ms;
    s->key = hash_key_new();
    return s;
}

struct sessions *sessions_share(struct sessions *s)
{
    s->owners++;
    return s;
}

static void list_remove(struct sessions *s, struct entry *e)
{
    *(e->newer != NULL ? &e->newer->older : &s->newest) = e->older;
    *(e->older != NULL ? &e->older->newer : &s->oldest) = e->newer;
    e->newer = e->older = NULL;
}

static void list_push(struct sessions *s, struct entry *e)
{
    e->older = s->newest;
    if (s->newest != NULL)
        s->newest->newer = e;
    else
        s->oldest = e;
    s->newest = e;
}

static void entry_remove(struct sessions *s, struct entry *e)
{
    struct entry **at = &s->buckets[e->hash & s->mask];
    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    list_remove(s, e);
    s->count--;
    free(e);
}

void sessions_free(struct sessions **s)
{
    if (*s == NULL || --(*s)->owners > 0) {
        *s = NULL;
        return;
    }
    while ((*s)->oldest != NULL)
        entry_remove(*s, (*s)->oldest);
    free((*s)->buckets);
    free(*s);
    *s = NULL;
}

static struct entry *entry_find(struct sessions *s, uint64_t hash)
{
    struct entry *e = s->buckets[hash & s->mask];
    while (e != NULL && e->hash != hash)
        e = e->chain;
    return e;
}

/* Those that nobody holds, from the old end; a few at a time is enough, but at the ceiling one has
 * to go. Those in use move to the new end, so that they are not looked at again and again. */
static void sessions_expire(struct sessions *s, int64_t now_ms)
{
    size_t most = s->count;
    for (size_t steps = 0; s->oldest != NULL && steps < most; steps++) {
        struct entry *e = s->oldest;
        bool full = s->count >= s->max;
        if (!full && (steps >= 4 || now_ms - e->used_ms < s->idle_ms))
            return;
        if (e->held == 0) {
            entry_remove(s, e);
            continue;
        }
        list_remove(s, e);
        list_push(s, e);
        e->used_ms = now_ms;
    }
}

struct session *session_hold(struct sessions *s, struct str key, int64_t now_ms)
{
    uint64_t hash = hash_str(s->key, key);
    struct entry *e = entry_find(s, hash);
    if (e != NULL && e->held == 0 && now_ms - e->used_ms >= s->idle_ms) {
        entry_remove(s, e);
        e = NULL;
    }
    if (e == NULL) {
        sessions_expire(s, now_ms);
        if (s->count >= s->max)
            return NULL;
        e = must_alloc(sizeof *e);
        e->hash = hash;
        e->chain = s->buckets[hash & s->mask];
        s->buckets[hash & s->mask] = e;
        s->count++;
    } else {
        list_remove(s, e);
    }
    list_push(s, e);
    e->used_ms = now_ms;
    e->held++;
    e->over = false;
    return &e->session;
}

void session_release(struct sessions *s, struct session *session)
{
    struct entry *e = (struct entry *)session;
    must(e->held > 0);
    if (--e->held == 0 && e->over)
        entry_remove(s, e);
}

bool session_end(struct sessions *s, struct str key, struct session *last_out)
{
    struct entry *e = entry_find(s, hash_str(s->key, key));
    if (e == NULL)
        return false;
    *last_out = e->session;
    if (e->held > 0)
        e->over = true;
    else
        entry_remove(s, e);
    return true;
}

size_t sessions_count(const struct sessions *s)
{
    return s->count;
}
