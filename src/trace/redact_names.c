/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact_names - where the names of a report's recipients stand
 *
 * A message may have tens of thousands of recipients and as many answers, so each
 * answer is not compared with each name: from the beginning of a word on, every
 * end of a word that a name could have is looked up in a table. The table's hash
 * is keyed, as senders choose the names.
 *
 * A local part is often a word of the language (info, a). Hidden everywhere it would
 * make a report useless, so the callers say where a word can mean a recipient.
 */
#include "trace/redact.h"

#define ENDS_MAX 16u      /* ends of words looked at from one beginning */
#define BEFORE_MAX 64u    /* bytes before a = that may be a local part */
#define DOMAINS_MAX 4u    /* domains tried behind it */

/* In lower case into `out`. 0, or -1 if it is too long for a name. */
static int lower(struct str s, char out[REDACT_NAME_MAX])
{
    if (s.n > REDACT_NAME_MAX)
        return -1;
    for (size_t i = 0; i < s.n; i++)
        out[i] = ascii_tolower(s.p[i]);
    return 0;
}

static struct str unquoted(struct str s)
{
    return s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"' ? str_make(s.p + 1, s.n - 2) : s;
}

static void add(struct redact *x, struct str name)
{
    char low[REDACT_NAME_MAX];
    if (name.n == 0)
        return;
    if (lower(name, low) != 0 || intern_add(x->names, str_make(low, name.n)) == INTERN_NONE)
        x->too_many = true;
}

static bool word_byte(char c)
{
    return ascii_alnum(c) || c == '-' || c == '_' || (unsigned char)c >= 0x80;
}

/* Is there no word across `at`? A dot between two letters is inside of one: mail.example.com. */
static bool word_edge(struct str s, size_t at)
{
    if (at == 0 || at == s.n)
        return true;
    char before = s.p[at - 1], after = s.p[at];
    if (before == '.')
        return !word_byte(after) || at == 1 || !word_byte(s.p[at - 2]);
    if (after == '.')
        return !word_byte(before) || at + 1 == s.n || !word_byte(s.p[at + 1]);
    return !word_byte(before) || !word_byte(after);
}

/* One with more ends of words than are looked at would be overlooked. */
static void local_add(struct redact *x, struct str local)
{
    unsigned ends = 0;
    local = str_trim(local);
    for (size_t n = 1; n <= local.n; n++)
        ends += word_edge(local, n);
    add(x, local);
    x->too_many = x->too_many || ends > ENDS_MAX;
    if (local.n > x->longest)
        x->longest = local.n;
}

void redact_name_add(struct redact *x, struct str address)
{
    address = str_trim(address);
    size_t at = str_rfind_c(address, '@');
    struct str local = unquoted(str_head(address, at));
    bool place = address.n == 0 || address.p[0] == '/' || address.p[0] == '|' ||
                 address.p[0] == ':' || address.p[0] == '>';
    if (place && at == STR_NONE)
        return;                  /* a file, a program, :blackhole: */
    if (x->names == NULL)
        x->names = intern_new(hash_key_new(), REDACT_NAMES_MAX, REDACT_NAMES_BYTES);
    if (at != STR_NONE)
        add(x, address);
    local_add(x, local);
    local_add(x, str_head(local, str_find_c(local, '+')));
}

bool redact_name_known(const struct redact *x, struct str s)
{
    char low[REDACT_NAME_MAX];
    s = str_trim(s);
    return x->names != NULL && s.n > 0 && lower(s, low) == 0 &&
           intern_find(x->names, str_make(low, s.n)) != INTERN_NONE;
}

/* --- as words --- */

/* Bytes of the longest name that begins at `at`, or 0. */
static size_t name_at(const struct redact *x, struct str s, size_t at)
{
    char low[REDACT_NAME_MAX];
    size_t best = 0;
    unsigned ends = 0;
    for (size_t n = 1; n <= x->longest && n <= REDACT_NAME_MAX && at + n <= s.n; n++) {
        low[n - 1] = ascii_tolower(s.p[at + n - 1]);
        if (!word_edge(s, at + n))
            continue;
        if (intern_find(x->names, str_make(low, n)) != INTERN_NONE)
            best = n;
        if (++ends == ENDS_MAX)
            break;
    }
    return best;
}

static void words_put(const struct redact *x, struct str s, struct buf *b)
{
    size_t i = 0, done = 0;
    while (i < s.n) {
        size_t n = ascii_space(s.p[i]) || !word_edge(s, i) ? 0 : name_at(x, s, i);
        if (n > 0) {
            buf_add(b, str_make(s.p + done, i - done));
            buf_add(b, STR(REDACTED));
            done = i + n;
        }
        i += n > 0 ? n : 1;
    }
    buf_add(b, str_skip(s, done));
}

void redact_names_words(const struct redact *x, struct str s, struct buf *b)
{
    size_t mark;
    while (x->names != NULL && (mark = str_find(s, STR(REDACTED))) != STR_NONE) {
        words_put(x, str_head(s, mark), b);
        buf_add(b, STR(REDACTED));
        s = str_skip(s, mark + STR(REDACTED).n);
    }
    if (x->names != NULL)
        words_put(x, s, b);
    else
        buf_add(b, s);
}

/* --- local=domain --- */

/* The bytes at the beginning of `s` that a domain can have. */
static struct str domain_of(struct str s)
{
    size_t n = 0;
    while (n < s.n && (ascii_alnum(s.p[n]) || s.p[n] == '-' || s.p[n] == '.'))
        n++;
    return str_head(s, n);
}

/* Where the local part of `...local=domain` begins, or `eq`. */
static size_t local_begin(const struct redact *x, struct str s, size_t eq, struct str domain)
{
    char name[2 * REDACT_NAME_MAX];
    size_t longest = x->longest < BEFORE_MAX ? x->longest : BEFORE_MAX;
    for (size_t i = eq > longest ? eq - longest : 0; i < eq; i++) {
        if (i > 0 && word_byte(s.p[i - 1]) && s.p[i - 1] != '-')
            continue;
        memcpy(name, s.p + i, eq - i);
        name[eq - i] = '@';
        memcpy(name + (eq - i) + 1, domain.p, domain.n);
        if (redact_name_known(x, str_make(name, eq - i + 1 + domain.n)))
            return i;
    }
    return eq;
}

/* Where the last part of a domain begins, or STR_NONE. */
static size_t last_part(struct str s)
{
    size_t n = s.n;
    while (n > 0 && ascii_alnum(s.p[n - 1]))
        n--;
    return n == 0 ? STR_NONE : n - 1;
}

/* The same; the domain may have more behind it, as foobar.com.7 and foobar.com-7 have. *domain
 * becomes that of the recipient. */
static size_t verp_begin(const struct redact *x, struct str s, size_t eq, struct str *domain)
{
    *domain = str_head(domain_of(str_skip(s, eq + 1)), REDACT_NAME_MAX - BEFORE_MAX - 1);
    for (unsigned i = 0; i < DOMAINS_MAX; i++) {
        size_t last = last_part(*domain), at = local_begin(x, s, eq, *domain);
        if (at < eq || last == STR_NONE)
            return at;
        *domain = str_head(*domain, last);
    }
    return eq;
}

void redact_names_equals(const struct redact *x, struct str s, struct buf *b)
{
    size_t eq = 0;
    struct str domain;
    while (x->names != NULL && eq < s.n) {
        size_t step = str_find_c(str_skip(s, eq), '=');
        if (step == STR_NONE)
            break;
        eq += step;
        size_t at = verp_begin(x, s, eq, &domain);
        if (at < eq) {
            buf_add(b, str_head(s, at));
            buf_add(b, STR(REDACTED));
            s = str_skip(s, eq + 1 + domain.n);
            eq = 0;
        } else {
            eq++;
        }
    }
    buf_add(b, s);
}
