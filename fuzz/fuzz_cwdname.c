/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_cwdname - any bytes as the blocks of a log in which directories' names have line ends
 *
 * The first byte says after how many lines a block ends. Holds for any bytes: what is read as a
 * line ends where the line at hand ends; it is that line, or a cwd line whose text is the name so
 * far, which is never longer than Exim's buffer. Looking at few lines is as safe as reading all.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "trace/cwdname.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void line_check(const struct cwdname *n, struct str raw, const struct logline *line)
{
    must(n->n <= CWDNAME_MAX && !n->open);
    must(line->raw.n >= raw.n && str_ends(line->raw, raw));
    must(line->raw.n == raw.n || line->class == LINE_CWD);
    must(line->text.p >= line->raw.p);
    must(line->text.p + line->text.n <= line->raw.p + line->raw.n);
}

/* One block, line by line. */
static void block_read(struct cwdname *n, struct str block, bool all)
{
    struct logline_hint hint = { .year = 0 };
    struct logline line;
    cwdname_block(n, block);
    while (block.n > 0) {
        struct str raw = str_cut(&block, '\n');
        if (!all)
            (void)cwdname_within(n, raw);
        else if (cwdname_parse(n, &hint, raw, &line) == 0)
            line_check(n, raw, &line);
    }
    if (!all)
        cwdname_tail(n);
}

/* The front of `rest` up to and with its `lines`th line end. */
static struct str block_cut(struct str *rest, unsigned lines)
{
    size_t n = 0;
    for (unsigned i = 0; i < lines && n < rest->n; i++) {
        size_t at = str_find_c(str_skip(*rest, n), '\n');
        n = at == STR_NONE ? rest->n : n + at + 1;
    }
    struct str block = str_head(*rest, n);
    *rest = str_skip(*rest, n);
    return block;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cwdname n;
    if (size == 0)
        return 0;
    for (unsigned way = 0; way < 4; way++) {
        struct str rest = str_make((const char *)data + 1, size - 1);
        memset(&n, 0, sizeof n);
        n.weigh = (way & 1) != 0;
        while (rest.n > 0)
            block_read(&n, block_cut(&rest, 1 + data[0] % 16), (way & 2) != 0);
    }
    return 0;
}
