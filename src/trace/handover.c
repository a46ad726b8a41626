/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handover - blocks of text on their way from one thread to another
 *
 * A ring of buffers. The lock guards the numbers only: the bytes of the blocks that are
 * counted belong to the taker, all others to the giver, so neither waits while the
 * other copies or reads.
 */
#define _GNU_SOURCE
#include "trace/handover.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

struct handover {
    size_t block_max;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned first, count;          /* guarded by `lock`, as all that follows but the bytes */
    bool holds;                     /* the taker still reads the first one */
    bool ended, refused;
    char *bytes[HANDOVER_BLOCKS];   /* made when first needed; owned */
    size_t n[HANDOVER_BLOCKS];
};

struct handover *handover_new(size_t block_max)
{
    struct handover *h = must_alloc(sizeof *h);
    h->block_max = block_max;
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->changed, NULL);
    return h;
}

void handover_free(struct handover **h)
{
    if (*h == NULL)
        return;
    for (unsigned i = 0; i < HANDOVER_BLOCKS; i++)
        free((*h)->bytes[i]);
    pthread_mutex_destroy(&(*h)->lock);
    pthread_cond_destroy(&(*h)->changed);
    free(*h);
    *h = NULL;
}

bool handover_give(struct handover *h, struct str block)
{
    must(block.n <= h->block_max);
    pthread_mutex_lock(&h->lock);
    while (h->count == HANDOVER_BLOCKS && !h->refused)
        pthread_cond_wait(&h->changed, &h->lock);
    bool wanted = !h->refused;
    unsigned i = (h->first + h->count) % HANDOVER_BLOCKS;
    pthread_mutex_unlock(&h->lock);
    if (!wanted)
        return false;
    if (h->bytes[i] == NULL)
        h->bytes[i] = must_realloc(NULL, h->block_max);
    if (block.n > 0)
        memcpy(h->bytes[i], block.p, block.n);
    h->n[i] = block.n;
    pthread_mutex_lock(&h->lock);
    h->count++;
    pthread_cond_signal(&h->changed);
    pthread_mutex_unlock(&h->lock);
    return true;
}

void handover_end(struct handover *h)
{
    pthread_mutex_lock(&h->lock);
    h->ended = true;
    pthread_cond_signal(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

bool handover_take(struct handover *h, struct str *block_out)
{
    pthread_mutex_lock(&h->lock);
    if (h->holds) {
        h->first = (h->first + 1) % HANDOVER_BLOCKS;
        h->count--;
        pthread_cond_signal(&h->changed);
    }
    while (h->count == 0 && !h->ended)
        pthread_cond_wait(&h->changed, &h->lock);
    h->holds = h->count > 0;
    bool got = h->holds;
    *block_out = got ? str_make(h->bytes[h->first], h->n[h->first]) : str_make(NULL, 0);
    pthread_mutex_unlock(&h->lock);
    return got;
}

void handover_refuse(struct handover *h)
{
    pthread_mutex_lock(&h->lock);
    h->refused = true;
    pthread_cond_signal(&h->changed);
    pthread_mutex_unlock(&h->lock);
}
