/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_logline_delivery - can a recipient or a remote host make the log say something else?
 *
 * As fuzz_logline_arrival, for deliveries, failures and deferrals: somebody
 * chose the recipient, and the remote host chose its reply. The line is written
 * as deliver.c writes it (the local part without its quotes), then read: the
 * recipient, the router, the transport and the host must come out as they were.
 */
#include <stdint.h>

#include "base/must.h"
#include "mail/logline.h"

#include "forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIELD_MAX 4096
#define PREFIX "2025-02-14 18:12:33 1tixMn-00000000C5j-1wRa "
#define FIELDS " R=lookuphost T=remote_smtp"
#define HOST " H=mx.example [203.0.113.6]"

/* deliver.c, deliver_split_address(): quotes and backslashes of the local part go. */
static void add_plain(struct buf *b, struct str address)
{
    for (size_t i = 0; i < address.n; i++) {
        if (address.p[i] == '"')
            continue;
        if (address.p[i] == '\\')
            i++;
        buf_add_c(b, address.p[i]);
    }
}

static void write_address(struct buf *line, struct str address)
{
    size_t from = line->n;
    add_plain(line, address);
    if (str_eq(str_skip(buf_str(line), from), address))
        return;
    buf_add(line, STR(" <"));
    buf_add(line, address);
    buf_add_c(line, '>');
}

static void write_line(struct buf *line, unsigned kind, struct str address, struct choices *c)
{
    static const struct str flags[] = { STR_INIT("=> "), STR_INIT("** "), STR_INIT("== ") };
    buf_add(line, STR(PREFIX));
    buf_add(line, flags[kind]);
    write_address(line, address);
    buf_add(line, kind == 2 ? STR(FIELDS " defer (-44)" HOST ": ") : STR(FIELDS HOST));
    if (kind == 0)
        buf_add(line, STR(" C=\""));
    else if (kind == 1)
        buf_add(line, STR(": "));
    add_free(line, c, kind == 0 ? QUOTED : RAW);
    if (kind == 0)
        buf_add(line, STR("\" QT=1s"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct choices c = { data, size };
    struct buf address, plain, text;
    struct logline line;
    struct line_delivery d;
    buf_init(&address, FIELD_MAX);
    buf_init(&plain, FIELD_MAX);
    buf_init(&text, 10 * FIELD_MAX);
    unsigned kind = choose(&c, 3);
    add_address(&address, &c, true);
    add_plain(&plain, buf_str(&address));
    write_line(&text, kind, buf_str(&address), &c);
    must(logline_parse(buf_str(&text), NULL, &line) == 0);
    must(logline_delivery(&line, &d) == 0);
    must(str_eq(d.address, buf_str(&plain)));
    must(str_eq(d.original, str_eq(buf_str(&plain), buf_str(&address)) ? str_make("", 0)
                                                                       : buf_str(&address)));
    must(str_eq(d.router, STR("lookuphost")) && str_eq(d.transport, STR("remote_smtp")));
    must(d.has_host && str_eq(d.host.ip, STR("203.0.113.6")));
    buf_fini(&address);
    buf_fini(&plain);
    buf_fini(&text);
    return 0;
}
