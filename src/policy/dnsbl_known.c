/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsbl_known - what is known of single lists beyond RFC 5782
 *
 * A key is recognised by where it stands (before a product of Spamhaus DQS or
 * Abusix), or by how it looks: a long label of letters and digits that nobody
 * would choose as a name. One that is taken for a key without being one costs
 * nothing: it is left out of what is shown.
 */
#include "policy/dnsbl_known.h"

#define KEY_LOOK_MIN 20u     /* DQS keys have 26 characters, Abusix's 32 */

static const struct dnsbl_known known[] = {
    /* uribl.com/refused.shtml: 127.0.0.1 is "query refused"; its test entry is the address
     * 127.0.0.2 */
    { "uribl.com", DNSBL_PROBE_ADDRESS, NULL, false, 0x7f000001, NULL },
    { "surbl.org", DNSBL_PROBE_ADDRESS, NULL, false, 0x7f000001, NULL },
    /* over the limit of dnswl.org: 127.0.0.255 */
    { "dnswl.org", DNSBL_PROBE_ADDRESS, NULL, false, 0x7f0000ff, "https://www.dnswl.org/s/?s=%s" },
    { "dbl.spamhaus.org", DNSBL_PROBE_NAME, "dbltest.com", false, 0, NULL },
    { "zen.spamhaus.org", DNSBL_PROBE_ADDRESS, NULL, false, 0,
      "https://www.spamhaus.org/query/ip/%s" },
    { "zen.dq.spamhaus.net", DNSBL_PROBE_ADDRESS, NULL, false, 0,
      "https://www.spamhaus.org/query/ip/%s" },
    { "bl.spamcop.net", DNSBL_PROBE_ADDRESS, NULL, false, 0,
      "https://www.spamcop.net/bl.shtml?%s" },
    { "hostkarma.junkemailfilter.com", DNSBL_PROBE_ADDRESS, NULL, true, 0, NULL },
};

bool dnsbl_below(struct str zone, struct str top)
{
    if (zone.n < top.n || !str_eq_nocase(str_skip(zone, zone.n - top.n), top))
        return false;
    return zone.n == top.n || zone.p[zone.n - top.n - 1] == '.';
}

/* Below a product that is sold with keys, counted in labels before it. */
static bool key_place(struct str zone, struct str top)
{
    if (!dnsbl_below(zone, top) || zone.n <= top.n + 1)
        return false;
    struct str before = str_head(zone, zone.n - top.n - 1);
    return str_find_c(before, '.') != STR_NONE;
}

static bool key_look(struct str label)
{
    unsigned digits = 0, letters = 0;
    for (size_t i = 0; i < label.n; i++) {
        digits += ascii_digit(label.p[i]);
        letters += ascii_alpha(label.p[i]);
    }
    return label.n >= KEY_LOOK_MIN && digits > 0 && letters > 0 && digits + letters == label.n;
}

struct str dnsbl_secret(struct str zone)
{
    struct str rest = zone, first = str_cut(&rest, '.');
    if (key_place(zone, STR("dq.spamhaus.net")) || key_place(zone, STR("mail.abusix.zone")))
        return first;
    for (struct str label = first; ; label = str_cut(&rest, '.')) {
        if (key_look(label))
            return label;
        if (rest.n == 0)
            return STR("");
    }
}

const struct dnsbl_known *dnsbl_known_find(struct str zone)
{
    struct str secret = dnsbl_secret(zone);
    if (secret.n > 0 && secret.p == zone.p)
        zone = str_skip(zone, secret.n + 1);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (dnsbl_below(zone, str_c(known[i].zone)))
            return &known[i];
    }
    return NULL;
}

struct str dnsbl_public(struct str zone, char text[DNSBL_NAME_MAX])
{
    struct str secret = dnsbl_secret(zone);
    size_t n = 0, skip_from = secret.n > 0 ? (size_t)(secret.p - zone.p) : zone.n;
    for (size_t i = 0; i < zone.n && n + 1 < DNSBL_NAME_MAX; i++) {
        if (i < skip_from || i > skip_from + secret.n)   /* and the dot behind it */
            text[n++] = ascii_tolower(zone.p[i]);
    }
    text[n] = '\0';
    return str_make(text, n);
}

bool dnsbl_leaks(struct str text, struct str secret)
{
    return secret.n > 0 && str_find_nocase(text, secret) != STR_NONE;
}
