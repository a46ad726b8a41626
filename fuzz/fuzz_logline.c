/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_logline - lines of a log, one after the other
 *
 * Holds for any bytes: every view lies inside of its line; the walkers end; a
 * refused arrival names nobody; the short way to an address says what the long
 * one says; what is said at a glance is what the parser says; and what the hint
 * remembers of the lines before never changes what one of Exim's own lines says.
 * Each line is asked for all classes, because a caller may be wrong about its
 * class.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "mail/logline_glance.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void views_check(struct str line, const struct str *views, size_t n)
{
    for (size_t i = 0; i < n; i++)
        must(views[i].n == 0 || (views[i].p >= line.p &&
                                 views[i].p + views[i].n <= line.p + line.n));
}

#define CHECK(line, ...) \
    views_check((line), (const struct str[]){ __VA_ARGS__ }, \
                sizeof((const struct str[]){ __VA_ARGS__ }) / sizeof(struct str))
#define HOST(h) (h).name, (h).helo, (h).ip

static void arrival_check(const struct logline *line)
{
    struct line_arrival a;
    struct str address;
    int rc = logline_arrival(line, &a);
    CHECK(line->raw, a.sender, a.bounce_of, HOST(a.host), a.interface, a.user, a.connection,
          a.protocol, a.cipher, a.auth, a.auth_id, a.auth_sender, a.proxy, a.queue, a.message_id,
          a.subject, a.from, a.recipients);
    must(rc == 0 || (a.user.n == 0 && a.auth.n == 0 && a.auth_id.n == 0 && a.protocol.n == 0));
    must(!a.ambiguous || a.user.n == 0);
    must(a.has_host || (a.host.name.n == 0 && a.host.helo.n == 0 && a.host.ip.n == 0));
    uint32_t count = 0;
    for (; logline_recipient(&a.recipients, &address); count++) {
        must(address.n > 0);
        CHECK(line->raw, address);
    }
    must(a.recipient_count == 0 || a.recipient_count == count);
    char *text = malloc(a.subject.n + 1);
    must(text != NULL && logline_unescape(a.subject, text, a.subject.n) <= a.subject.n);
    free(text);
}

static void delivery_check(const struct logline *line)
{
    struct line_delivery d;
    struct str address, original;
    int rc = logline_delivery(line, &d);
    CHECK(line->raw, d.address, d.parents, d.original, d.sender, d.return_path, d.router,
          d.transport, HOST(d.host), d.cipher, d.auth, d.confirmation, d.text);
    must(rc == logline_delivery_address(line, &address, &original));
    must(str_eq(address, d.address) && str_eq(original, d.original));
    must(rc != 0 || address.n > 0);
}

static void cwd_check(const struct logline *line)
{
    struct line_cwd c;
    struct str arg;
    if (logline_cwd(line, &c) != 0)
        return;
    CHECK(line->raw, c.dir, c.args, c.program, c.operands, c.sender, c.full_name, c.parent);
    must(c.operands.n <= c.args.n && c.program.n <= c.args.n);
    for (struct str args = c.args; logline_arg(&args, &arg);)
        CHECK(line->raw, arg);
    while (logline_arg_recipient(&c.operands, &arg))
        CHECK(line->raw, arg);
}

static void other_check(const struct logline *line)
{
    struct line_rejected r;
    struct line_cpanel c;
    struct line_host h;
    bool closed;
    int rc = logline_rejected(line, &r);
    must(rc != 0 || line->class == LINE_REJECTED || line->class == LINE_OTHER || line->id.n > 0);
    CHECK(line->raw, HOST(r.host), r.sender, r.auth_id, r.what, r.recipient, r.text);
    logline_connect(line, &h, &closed);
    CHECK(line->raw, HOST(h));
    if (logline_cpanel(line, &c) == 0)
        CHECK(line->raw, c.user, c.domain, c.sender, c.host, c.ip, c.port, c.basis, c.original,
              c.forward);
}

/* The glance knows the line as it is, or not at all (`quick` is NULL). */
static void glance_check(enum glance glance, const struct logline *quick, int rc,
                         const struct logline *line)
{
    struct line_arrival a;
    must(glance != GLANCE_NOISE || rc != 0 || (line->id.n == 0 && line->class != LINE_CWD));
    must(quick == NULL ||
         (rc == 0 && quick->class == line->class && str_eq(quick->id, line->id) &&
          quick->text.n == line->text.n && str_eq(quick->text, line->text) &&
          quick->stamped == line->stamped && quick->pid == line->pid && line->has_date &&
          quick->offset == line->offset && memcmp(quick->flag, line->flag, 2) == 0));
    if (rc != 0)
        return;
    logline_arrival(line, &a);
    must(a.has_host || !logline_glance_host(line));
    must(a.auth.n == 0 || logline_glance_holds(line->text, ' ', 'A', '='));
}

static void line_check(struct str raw, struct logline_hint *hint)
{
    struct logline line, alone, quick;
    struct str text;
    enum glance glance = logline_glance(raw, &text);
    bool taken = glance > GLANCE_NOISE && logline_glance_line(raw, glance, text, hint, &quick);
    int rc = logline_parse(raw, hint, &line);
    glance_check(glance, taken ? &quick : NULL, rc, &line);
    int rc_alone = logline_parse(raw, NULL, &alone);
    must(rc == rc_alone);
    if (rc != 0)
        return;
    CHECK(raw, line.id, line.text);
    must(line.class == alone.class && str_eq(line.text, alone.text) && line.pid == alone.pid);
    must(!alone.has_date || (line.has_date && line.stamped == alone.stamped));
    must(line.usec < 1000000 && line_class_name(line.class) != NULL);
    arrival_check(&line);
    delivery_check(&line);
    cwd_check(&line);
    other_check(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_make((const char *)data, size), raw;
    struct logline_hint hint = { .year = 0 };
    while (str_line(&rest, &raw)) {
        char *exact = malloc(raw.n == 0 ? 1 : raw.n);   /* a read beyond the line must be seen */
        must(exact != NULL);
        memcpy(exact, raw.p, raw.n);
        line_check(str_make(exact, raw.n), &hint);
        free(exact);
    }
    return 0;
}
