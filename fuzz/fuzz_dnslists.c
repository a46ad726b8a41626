/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_dnslists - Exim's list of block lists, and what answers mean
 *
 * Input: a line with a list; then, by fours, addresses that it answers with.
 * Holds for any bytes: a problem lies in the text and has words; views lie in
 * the text or in the arena; a name that is asked ends with its zone; in the safe
 * reading nothing is listed that has an answer outside of 127/8 or a refusal,
 * and whatever is listed there is listed by Exim too.
 */
#include <stdint.h>

#include "base/must.h"
#include "mail/dnslists.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_keys(const struct dnslist_item *item)
{
    static const struct dnslist_values values = {
        .sender_host_address = STR_INIT("2001:db8::1"), .sender_helo_name = STR_INIT("$x.example"),
        .sender_address = STR_INIT("a@b.example"), .sender_address_domain = STR_INIT("b.example"),
    };
    struct dnslist_query q;
    struct buf b;
    buf_init(&b, 300);
    for (size_t i = 0; i < item->key_count; i++) {
        buf_reset(&b);
        must(item->keys[i].n > 0);
        if (dnslist_key_expand(item->keys[i], &values, &b) != 1)
            continue;
        if (dnslist_query_make(buf_str(&b), item->zone, &q) == 0)
            must(q.n <= DNSLIST_QUERY_MAX && str_ends(str_make(q.text, q.n), item->zone));
    }
    buf_fini(&b);
}

static void check_item(const struct dnslist_item *item, const uint32_t *answers, size_t count)
{
    const struct dnslist_rules exim = { .exim = true }, safe = { .address = true };
    uint32_t code = 0;
    bool strange = false, refused = false;
    for (size_t i = 0; i < count; i++) {
        strange |= answers[i] >> 24 != 127;
        refused |= dnslist_is_refusal(answers[i], &safe);
    }
    must(item->zone.n > 0 && item->txt_zone.n > 0 && item->text.n >= item->zone.n);
    must(item->address_count > 0 || !(item->mask || item->all || item->negated));
    enum dnslist_outcome s = dnslist_judge(item, answers, count, &safe, &code);
    enum dnslist_outcome e = dnslist_judge(item, answers, count, &exim, &code);
    must(e == DNSLIST_LISTED || e == DNSLIST_NOT_LISTED);
    must((s == DNSLIST_REFUSED) == refused);
    must((s == DNSLIST_OUT_OF_RANGE) == (strange && !refused));
    must(strange || refused || s == e);
    must(count > 0 || e == DNSLIST_NOT_LISTED);
    check_keys(item);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_make((const char *)data, size), text = str_cut(&rest, '\n');
    struct arena *a = arena_new(1 << 20);
    struct dnslist list;
    struct dnslist_problem problem = { 0, NULL };
    uint32_t answers[8] = { 0 };
    size_t count = 0;
    for (; rest.n >= 4 && count < 8; rest = str_skip(rest, 4)) {
        for (size_t i = 0; i < 4; i++)
            answers[count] = answers[count] << 8 | (uint8_t)rest.p[i];
        count++;
    }
    if (dnslist_parse(text, a, &list, &problem) != 0) {
        must(problem.what != NULL && problem.at <= text.n);
    } else {
        must(list.count > 0 && list.count <= DNSLIST_ITEMS_MAX);
        for (size_t i = 0; i < list.count; i++)
            check_item(&list.items[i], answers, count);
    }
    arena_free(&a);
    return 0;
}
