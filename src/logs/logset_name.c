/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logset_name - what rotation does to the name of a log
 *
 * logrotate, exicyclog, newsyslog and cPanel append a number or a date and
 * perhaps the suffix of a packer. Names are a hint here and never proof: they say
 * which files belong together, and whether silence about a bad one would
 * hide something.
 */
#include "logs/logset_internal.h"

static const struct str packer_suffixes[] = {
    STR_INIT(".gz"), STR_INIT(".bz2"), STR_INIT(".xz"),  STR_INIT(".zst"),
    STR_INIT(".Z"),  STR_INIT(".lz4"), STR_INIT(".lzma"),
};

/* Without the suffix of a packer. */
static struct str packer_cut(struct str name)
{
    for (size_t i = 0; i < sizeof packer_suffixes / sizeof packer_suffixes[0]; i++) {
        if (str_ends(name, packer_suffixes[i]))
            return str_head(name, name.n - packer_suffixes[i].n);
    }
    return name;
}

size_t logset_stem(struct str name)
{
    struct str s = packer_cut(name);
    for (;;) {
        size_t digits = 0;
        while (digits < s.n && ascii_digit(s.p[s.n - 1 - digits]))
            digits++;
        size_t left = s.n - digits;
        bool separated = left > 1 && (s.p[left - 1] == '.' || s.p[left - 1] == '-' ||
                                      s.p[left - 1] == '_');
        if (digits == 0 || (!separated && digits < 6))
            return s.n;
        s.n = separated ? left - 1 : left; /* main20260101: a date needs no separator */
    }
}

bool logset_rotation_suffix(struct str rest)
{
    struct str s = packer_cut(rest);
    if (s.n < rest.n && s.n == 0)
        return true;
    bool digit = false;
    for (size_t i = 0; i < s.n; i++) {
        bool separator = s.p[i] == '.' || s.p[i] == '-' || s.p[i] == '_';
        digit = digit || ascii_digit(s.p[i]);
        if (!separator && !ascii_digit(s.p[i]))
            return false;
    }
    return digit;
}
