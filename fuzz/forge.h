/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forge - what a client can make Exim write into its log
 *
 * For the targets that do not fuzz a line but the choices of those who forge
 * one. Exim's part, which bytes are escaped and what an address may be, is done
 * as Exim does it (string.c, parse.c): so whatever these targets find could
 * stand in a real log.
 */
#ifndef POSTERN_FUZZ_FORGE_H
#define POSTERN_FUZZ_FORGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* What clients would like to write. */
static const struct str pieces[] = {
    STR_INIT("x"), STR_INIT(" "), STR_INIT("\""), STR_INIT("\\"), STR_INIT("."), STR_INIT("@"),
    STR_INIT("<"), STR_INIT(">"), STR_INIT("a@b"), STR_INIT(") [192.0.2.1]"), STR_INIT(" (y"),
    STR_INIT(" H=(z) [192.0.2.2]"), STR_INIT(" U=root"), STR_INIT(" P=local"), STR_INIT(" S=1"),
    STR_INIT(" A=login:bob"), STR_INIT(" DN=\""), STR_INIT("\" S=2 "), STR_INIT(" T=\""),
    STR_INIT(" id="), STR_INIT(" from <"), STR_INIT(" for "), STR_INIT(" K"), STR_INIT(" SNI="),
    STR_INIT(" PRX="), STR_INIT(" Q="), STR_INIT(" NEW=q"), STR_INIT(" R=r"), STR_INIT(" Ci=1"),
    STR_INIT("\" "), STR_INIT(" I=[::1]"), STR_INIT(" X=c"), STR_INIT(":"), STR_INIT(" P=esmtp"),
};
#define PIECES (sizeof pieces / sizeof pieces[0])

struct choices {
    const uint8_t *p;
    size_t n;
};

static inline unsigned choose(struct choices *c, unsigned below)
{
    if (c->n == 0)
        return 0;
    c->n--;
    return *c->p++ % below;
}

/* How what a client chose is written down. */
enum escape { RAW, QUOTED, NO_SPACE };

static inline void add_free(struct buf *b, struct choices *c, enum escape escape)
{
    for (unsigned count = choose(c, 8); count > 0; count--) {
        struct str piece = pieces[choose(c, PIECES)];
        for (size_t i = 0; i < piece.n; i++) {
            if (escape == QUOTED && (piece.p[i] == '"' || piece.p[i] == '\\'))
                buf_add_c(b, '\\');
            if (escape != NO_SPACE || piece.p[i] != ' ')
                buf_add_c(b, piece.p[i]);
        }
    }
}

/* By the grammar of parse.c: words with dots between them, quoted or not, and a domain, without
 * which only a sender of the host itself and a Message-ID can be. */
static inline void add_address(struct buf *b, struct choices *c, bool qualified)
{
    for (unsigned count = 1 + choose(c, 3); count > 0; count--) {
        switch (choose(c, 4)) {
        case 0:
            buf_add_c(b, '"');
            add_free(b, c, QUOTED);
            buf_add_c(b, '"');
            break;
        case 1:
            buf_add_c(b, '\\');
            buf_add_c(b, " \"\\<>()@:"[choose(c, 9)]);
            break;
        default:
            buf_add(b, STR("word"));
        }
        if (count > 1)
            buf_add_c(b, '.');
    }
    static const struct str domains[] = { STR_INIT("@evil.example"), STR_INIT("@[192.0.2.3]"),
                                          STR_INIT("") };
    buf_add(b, domains[choose(c, qualified ? 2 : 3)]);
}

#endif
