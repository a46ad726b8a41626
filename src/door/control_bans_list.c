/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_bans_list - all bans over the control socket, page by page
 *
 * Apart from control_bans.c, because it needs the socket and with it the event loop, and
 * `postern bans` without a daemon needs neither.
 */
#include <stdlib.h>

#include "base/must.h"
#include "door/control_bans.h"

struct listing {
    struct store *store;
    int64_t now;
    bool started;
    struct ban last;
};

static bool listing_page(void *state, json_t *page)
{
    struct listing *l = state;
    return control_bans_page(l->store, l->now, &l->started, &l->last, page);
}

void control_bans_list(struct control *c, uint64_t call, struct store *s, int64_t now)
{
    struct listing *l = must_alloc(sizeof *l);
    l->store = s;
    l->now = now;
    control_stream(c, call, listing_page, free, l);
}
