/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conftext - Exim configurations as text: what they set, and where our lines go
 *
 * Whoever edits the configuration of a mail server must change as little as possible and must
 * find it again. So what we put into a file stands between two marks:
 *
 *     # postern begin rcpt
 *       require acl = /etc/exim/postern/rcpt
 *     # postern end rcpt
 *
 * This is no parser of Exim's language. It knows lines that go on behind a backslash, options and
 * macros of the main section, named lists, and where an ACL begins. `.ifdef` is not followed: a
 * setting that is there under a condition counts as there. Source: the Exim specification, "The
 * run time configuration file".
 *
 * Offsets are into the text that was given. Nothing here fails on any bytes.
 */
#ifndef POSTERN_KIT_CONFTEXT_H
#define POSTERN_KIT_CONFTEXT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

#define CONFTEXT_MAX ((size_t)4 << 20)   /* bytes of a file that is looked at */

/* --- marked blocks --- */

/* The block of that name, marks included: its first byte and the one behind it. An empty `tag`
 * means the first of any name. A block that does not end is none. */
bool conftext_block(struct str text, struct str tag, size_t *from_out, size_t *to_out);

/* `text` with the block: in place of the one that it has, otherwise before offset `at`. `body` is
 * whole lines. The result is the arena's; the empty view if that is full. */
struct str conftext_put(struct arena *a, struct str text, struct str tag, struct str body,
                        size_t at);

/* `text` without any block of ours. The result is the arena's. */
struct str conftext_strip(struct arena *a, struct str text);

/* --- what a configuration says --- */

/* The value of a main option or macro, as it stands there but for macros that are all of a value.
 * The last one counts, as in Exim. Continuation lines are not joined: such a value ends in a
 * backslash. A view into `text`, or false. */
bool conftext_option(struct str text, struct str name, struct str *value_out);

/* True if it is set to more than one value in different places (under conditions). */
bool conftext_option_varies(struct str text, struct str name);

/* True if the named list is defined: `kind` is "hostlist" or "domainlist". */
bool conftext_list(struct str text, struct str kind, struct str name);

/* Where the first section begins, which is where main options end; the end of the text without one.
 * */
size_t conftext_main_end(struct str text);

/* Where the first statement of the ACL goes: behind the line "NAME:". False if it is not there. */
bool conftext_acl(struct str text, struct str name, size_t *at_out);

/* The file for additions that the ACL includes if it is there: the first `.include_if_exists` of a
 * name with `.pre.conf` at its end. DirectAdmin's other includes are its own files, which the next
 * build writes anew. A view into `text`, or false. */
bool conftext_acl_hook(struct str text, struct str name, struct str *file_out);

/* The next file that the main part includes, at or behind the start of `*text`, which steps over
 * the line. A view into it, as it stands there. False once a section begins. */
bool conftext_include(struct str *text, struct str *file_out);

/* True if `value` looks like the name of an ACL in this configuration: a word. */
bool conftext_acl_name(struct str value);

#endif
