/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnslists_judge - the names that lists are asked for, and what answers mean
 *
 * The truth of a condition is Exim's, kept in the shape of one_check_dnsbl() so
 * that the two can be compared (its test 0139 is a unit test here). The safe
 * reading stands before it: it looks at all answers first, and one that no
 * working list gives to somebody who may ask ends the matter.
 */
#include "mail/dnslists.h"

#include <stdio.h>

void dnslist_query_reverse(const struct ip *ip, struct buf *b)
{
    static const char hex[] = "0123456789abcdef";
    if (ip_is4(ip)) {
        buf_addf(b, "%u.%u.%u.%u", ip->b[15], ip->b[14], ip->b[13], ip->b[12]);
        return;
    }
    for (unsigned i = 16; i > 0; i--)
        buf_addf(b, "%c.%c%s", hex[ip->b[i - 1] & 15], hex[ip->b[i - 1] >> 4], i > 1 ? "." : "");
}

/* As Exim's string_is_ip_address(): bare, without brackets or a prefix. */
static bool key_is_address(struct str key, struct ip *out)
{
    if (key.n == 0 || key.p[0] == '[' || str_starts_nocase(key, STR("ipv6:")))
        return false;
    return ip_parse(key, out) == 0;
}

int dnslist_query_make(struct str key, struct str zone, struct dnslist_query *out)
{
    struct buf b;
    struct ip ip;
    buf_init(&b, DNSLIST_QUERY_MAX);
    out->address = key_is_address(key, &ip);
    if (out->address)
        dnslist_query_reverse(&ip, &b);
    else
        buf_add(&b, key);
    buf_add_c(&b, '.');
    buf_add(&b, zone);
    bool bad = buf_bad(&b) || key.n == 0;
    out->n = bad ? 0 : b.n;
    if (!bad)
        memcpy(out->text, b.p, b.n);
    out->text[out->n] = '\0';
    buf_fini(&b);
    return bad ? -1 : 0;
}

static bool in_127(uint32_t address)
{
    return address >> 24 == 127;
}

bool dnslist_is_refusal(uint32_t answer, const struct dnslist_rules *rules)
{
    /* Spamhaus and those who follow it; 127.0.1.255 is "you asked a list of names for an
     * address" */
    if (answer >> 8 == 0x7fffff || (rules->address && answer == 0x7f0001ff))
        return true;
    for (size_t i = 0; i < rules->refusal_count; i++) {
        if (answer == rules->refusals[i])
            return true;
    }
    return false;
}

static bool one_matches(const struct dnslist_item *item, uint32_t answer)
{
    for (size_t i = 0; i < item->address_count; i++) {
        uint32_t listed = item->addresses[i];
        /* For masks only, Exim takes an answer outside of 127/8 as 0.0.0.0. */
        uint32_t bits = in_127(answer) ? answer : 0;
        if (item->mask ? (listed & bits) == listed : listed == answer)
            return true;
    }
    return false;
}

/* The condition as Exim's one_check_dnsbl() has it. */
static bool exim_listed(const struct dnslist_item *item, const uint32_t *answers, size_t count,
                        uint32_t *code_out)
{
    size_t i = 0;
    *code_out = count > 0 ? answers[0] : 0;
    if (item->address_count == 0) {
        while (i < count && !in_127(answers[i]))
            i++;
    } else {
        /* over once one matches (=), or one does not (==) */
        while (i < count && one_matches(item, answers[i]) == item->all)
            i++;
    }
    if (i < count)
        *code_out = answers[i];
    if (count == 0 || item->address_count == 0)
        return i < count;
    bool stopped = i < count;
    return item->negated == item->all ? stopped : !stopped;
}

enum dnslist_outcome dnslist_judge(const struct dnslist_item *item, const uint32_t *answers,
                                   size_t count, const struct dnslist_rules *rules,
                                   uint32_t *code_out)
{
    for (size_t i = 0; i < count && !rules->exim; i++) {
        if (dnslist_is_refusal(answers[i], rules)) {
            *code_out = answers[i];
            return DNSLIST_REFUSED;
        }
    }
    for (size_t i = 0; i < count && !rules->exim; i++) {
        if (!in_127(answers[i])) {
            *code_out = answers[i];
            return DNSLIST_OUT_OF_RANGE;
        }
    }
    return exim_listed(item, answers, count, code_out) ? DNSLIST_LISTED : DNSLIST_NOT_LISTED;
}
