/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * intern - each distinct string once, with a small number
 *
 * A log names the same few thousand directories, mailboxes and hosts millions
 * of times. A table keeps one copy of each and numbers them from 0 in the order
 * of their first appearance, so that everything else can be arrays. The hash is
 * keyed: a sender cannot choose strings that make it slow. Two ceilings, for
 * strings and for bytes; past either a new string is refused, known ones are
 * still found.
 */
#ifndef POSTERN_BASE_INTERN_H
#define POSTERN_BASE_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/str.h"

#define INTERN_NONE UINT32_MAX

struct intern;

/* At most `max` strings and `max_bytes` bytes of them. Never NULL. */
struct intern *intern_new(struct hash_key key, uint32_t max, size_t max_bytes);
void intern_free(struct intern **t);

/* The number of `s`, added if new. INTERN_NONE if it is new and a ceiling is reached. */
uint32_t intern_add(struct intern *t, struct str s);

/* The number of `s`, or INTERN_NONE. */
uint32_t intern_find(const struct intern *t, struct str s);

/* The string with that number (< intern_count); lives as long as the table. */
struct str intern_str(const struct intern *t, uint32_t number);
uint32_t intern_count(const struct intern *t);

#endif
