/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * aliases - what stands to the right of an alias, as Exim's redirect router reads it
 *
 * A list of items, separated by commas or newlines: addresses, files, pipes,
 * included lists and the specials `:fail:`, `:defer:`, `:blackhole:`,
 * `:unknown:` (Exim specification, chapter 22.4 and 22.6; the odd cases are those of
 * parse_forward_list()). Three readers, one above the other: the items in
 * their order; what a verification of the address would make of them; and the SMTP
 * code that a `:fail:` text may begin with.
 *
 * Customers write these lists. Nothing here opens a file.
 */
#ifndef POSTERN_MAIL_ALIASES_H
#define POSTERN_MAIL_ALIASES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "mail/address.h"

enum aliases_kind {
    ALIASES_END,             /* no more items */
    ALIASES_ADDRESS,
    ALIASES_FILE,            /* /path, or /path/ for a maildir */
    ALIASES_NULL,            /* /dev/null: an item that does nothing */
    ALIASES_PIPE,            /* |command */
    ALIASES_INCLUDE,         /* :include:/path */
    ALIASES_FAIL,            /* the three specials end the list, whatever follows */
    ALIASES_DEFER,
    ALIASES_BLACKHOLE,
    ALIASES_BROKEN,          /* Exim would defer: a syntax error; ends the list too */
};

/* Exim's limit for the path behind :include:. */
#define ALIASES_PATH_MAX 255u

struct aliases_item {
    enum aliases_kind kind;
    struct str text;         /* the item, or what stands behind a special: views of the list */
    struct address address;  /* ADDRESS; without a domain it is one of the host's own ... */
    bool same_domain;        /* ... or, written `\local`, of the domain that is being redirected */
    const char *fault;       /* BROKEN: what is wrong, for people */
};

/* Take the next item off `*list`. */
void aliases_next(struct str *list, struct aliases_item *out);

/* What a verification of an address that this list redirects would find. */
enum aliases_says {
    ALIASES_DECLINES,        /* nothing there, or only :unknown: : the next router is asked */
    ALIASES_TAKES,           /* files, pipes, or several children: success, children unseen */
    ALIASES_CHILD,           /* one address: it is verified in turn */
    ALIASES_DISCARDS,        /* :blackhole:, or nothing but /dev/null */
    ALIASES_REFUSES,         /* :fail: */
    ALIASES_DEFERS,          /* :defer: */
    ALIASES_FAULTY,          /* a list that Exim cannot use; it would defer the address */
};

struct aliases_verdict;

/* Called for `:include:/path`: reads the file and calls aliases_add() with its text. False if the
 * file cannot be read. */
typedef bool aliases_include(struct aliases_verdict *v, struct str path, void *ctx);

#define ALIASES_DEPTH_MAX 4u /* files that include files */

struct aliases_verdict {
    enum aliases_says says;
    size_t children;         /* addresses, files and pipes seen */
    size_t nulls;            /* of these: /dev/null */
    struct str text;         /* REFUSES, DEFERS: as aliases_code() wants it; a view of the list */
    struct address child;    /* CHILD */
    bool child_same_domain;
    const char *fault;       /* FAULTY */
    aliases_include *include;
    void *ctx;
    unsigned depth;
    bool ended;              /* a special or a fault has been met */
};

/* The verdict on a list. With `include` NULL an included list counts as several children. */
void aliases_verify(struct str list, aliases_include *include, void *ctx,
                    struct aliases_verdict *out);

/* More of the list, for the callback. */
void aliases_add(struct aliases_verdict *v, struct str list);

/* The text behind `:fail:` (class 5) or `:defer:` (class 4), which may begin with a code (`551 `)
 * and then an extended one (`5.1.6 `), each with white space behind it. */
struct aliases_code {
    unsigned code;           /* 0: none given, or one of another class: the default counts */
    char status[12];         /* "" if none */
    struct str text;         /* what remains */
    bool wrong_class;        /* a code that cannot be used was given: Exim notes that too */
};

/* `forbid`: codes are taken off and not used (Exim's forbid_smtp_code). */
void aliases_code(struct str text, unsigned class, bool forbid, struct aliases_code *out);

#endif
