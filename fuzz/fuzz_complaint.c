/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_complaint - whatever somebody sends to an abuse desk
 *
 * Holds for any bytes: the ceilings; a header block is clean (no NUL, lines end
 * in LF, each is a field or goes on with one) and repairing it changes nothing;
 * `where` can be printed; the messages of an mbox are the whole file.
 */
#include <stdint.h>

#include "base/must.h"
#include "base/utf8.h"
#include "trace/complaint_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void printable(struct str s)
{
    uint32_t rune;
    for (size_t n; s.n > 0; s = str_skip(s, n)) {
        n = utf8_next(s, &rune);
        must(n > 0 && !utf8_unprintable(rune));
    }
}

static void block_check(const struct complaint_block *b)
{
    struct buf again;
    must(b->header.n > 0 && b->header.n <= COMPLAINT_BLOCK_MAX);
    must(b->header.p[b->header.n - 1] == '\n');
    must(str_find_c(b->header, '\0') == STR_NONE && str_find_c(b->header, '\r') == STR_NONE);
    must(b->depth <= COMPLAINT_DEPTH_MAX + 1);
    must(!(b->outer && b->within));
    must(b->received == complaint_received(b->header, NULL));
    printable(b->where);
    must(b->where.n > 0);
    buf_init(&again, COMPLAINT_BLOCK_MAX);
    must(complaint_repair(b->header, &again) == b->header.n);
    must(str_eq(buf_str(&again), b->header));
    buf_fini(&again);
}

static void message_check(struct str message)
{
    struct arena *arena = arena_new(COMPLAINT_ARENA_MAX);
    struct complaint c;
    struct err err = { 0 };
    int rc = complaint_parse(message, arena, &c, &err);
    size_t kept = 0;
    must(rc == 0 ? c.block_count > 0 || c.text.n > 0 : err.text[0] != '\0');
    must(c.block_count <= COMPLAINT_BLOCKS_MAX && c.text.n <= COMPLAINT_TEXT_MAX);
    for (size_t i = 0; rc == 0 && i < c.block_count; i++) {
        block_check(&c.blocks[i]);
        kept += c.blocks[i].header.n;
    }
    must(kept <= COMPLAINT_KEEP_MAX && !arena_full(arena));
    must(str_find_c(c.text, '\0') == STR_NONE);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_make((const char *)data, size), message;
    const char *next = rest.p;
    size_t messages = 0;
    while (complaint_mbox_next(&rest, &message)) {
        must(message.p == next && message.n > 0);
        next += message.n;
        if (messages++ < 4)
            message_check(message);
    }
    must(next == (const char *)data + size || size == 0);
    return 0;
}
