/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utf8 - step through bytes that may or may not be UTF-8
 *
 * Subjects and addresses arrive in any charset and are cut anywhere. Nothing
 * here repairs them: a caller learns where a well-formed character stands and
 * decides what to do with the rest. Source: RFC 3629.
 */
#ifndef POSTERN_BASE_UTF8_H
#define POSTERN_BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Length (1 to 4) of the well-formed character at the start of `s`, with its
 * code point; 0 if the first byte does not begin one (overlong forms,
 * surrogates and cut sequences included) or `s` is empty. */
size_t utf8_next(struct str s, uint32_t *rune_out);

/* True for what must not reach a terminal or a log line as it is: controls
 * (C0, DEL, C1), line and paragraph separators, marks that reverse the
 * direction of text, zero-width and other invisible marks, tags, and
 * non-characters. */
bool utf8_unprintable(uint32_t rune);

#endif
