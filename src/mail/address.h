/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address - a mail address in its two parts
 *
 * Two readers. address_parse() takes what an SMTP client puts between < and >:
 * the envelope, strict as RFC 5321 is, with the liberties that Exim takes (an
 * underscore or a doubled dot is no reason to lose mail). address_extract() takes what people
 * write into alias files: a mailbox of RFC 822 with comments, phrases and
 * angle brackets, of which Exim reads the address and drops the rest.
 *
 * Both copy into the struct, for quotes, comments and case go away on the
 * way. No heap, no state; a failure is a value.
 */
#ifndef POSTERN_MAIL_ADDRESS_H
#define POSTERN_MAIL_ADDRESS_H

#include <stdbool.h>

#include "base/str.h"

/* RFC 5321, 4.5.3.1: octets of a local part and of a domain. Exim takes a local part of up to 255,
 * and so does address_extract(): an alias file is not SMTP. */
#define ADDRESS_LOCAL_MAX 64u
#define ADDRESS_DOMAIN_MAX 255u
#define ADDRESS_MAX 320u

enum address_fault {
    ADDRESS_OK = 0,
    ADDRESS_EMPTY,           /* nothing there */
    ADDRESS_NO_DOMAIN,       /* a local part alone; address_parse() only */
    ADDRESS_BAD_LOCAL,       /* no local part, or bytes that none may have */
    ADDRESS_BAD_DOMAIN,
    ADDRESS_BAD_LITERAL,     /* [ ] that holds no IP address */
    ADDRESS_ROUTE,           /* @a,@b:c@d: refused (RFC 5321, appendix C) */
    ADDRESS_TOO_LONG,
    ADDRESS_JUNK,            /* something stands behind the address */
};

struct address {
    struct str local;        /* without quotes and backslashes, case kept; views into `text` */
    struct str domain;       /* lower case, no dot at its end; a literal in its brackets; or "" */
    char text[ADDRESS_MAX];
};

/* The address of an envelope, without < and >. Not copyable by `=`: the views point inside. */
enum address_fault address_parse(struct str s, struct address *out);

/* The address in a mailbox as alias files and headers have them: `Joe (home) <joe@example.com>`.
 * The domain may be missing. A source route is read over, as Exim does. */
enum address_fault address_extract(struct str s, struct address *out);

/* One short sentence about a fault, for people. */
const char *address_fault_text(enum address_fault fault);

/* Lower-case copy of the ASCII letters of `s` into `dst`, which has room for `s.n` bytes. */
struct str address_lower(struct str s, char *dst);

/* `name` is `domain` or stands below it; case does not count. False for an empty domain. */
bool domain_within(struct str name, struct str domain);

#endif
