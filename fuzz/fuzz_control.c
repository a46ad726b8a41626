/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_control - lines that come in on the control socket
 *
 * Holds for any bytes: a line is an object with a command or an error; an envelope made of
 * it is dry and within its ceilings; every answer is one line of ASCII that reads as JSON
 * again; a ban that was made can be shown and lifted.
 */
#include <stdint.h>

#include "base/must.h"
#include "door/control_ask.h"
#include "door/control_bans.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1764000000

static void line_check(const struct buf *b)
{
    struct str line = buf_str(b);
    json_t *again = json_loadb(line.p, line.n, 0, NULL);
    must(again != NULL && json_object_get(again, "ok") != NULL);
    must(str_find_c(line, '\n') == line.n - 1);
    for (size_t i = 0; i + 1 < line.n; i++)
        must(line.p[i] >= ' ' && line.p[i] < 0x7f);
    json_decref(again);
}

static void result_check(json_t *result, const struct err *err)
{
    struct buf b;
    buf_init(&b, CONTROL_ANSWER_MAX);
    int rc = result != NULL ? control_result_line(&b, result, false) : control_error_line(&b, err);
    must(rc == 0);
    line_check(&b);
    buf_fini(&b);
    json_decref(result);
}

static void ask_check(const json_t *request)
{
    struct envelope e;
    struct err err;
    struct verdict v = { .action = VERDICT_REFUSE, .code = 550, .status = "5.7.1",
                         .by = CHECK_COUNT };
    if (control_ask_envelope(request, &e, &err) != 0) {
        result_check(NULL, &err);
        return;
    }
    must(e.dry && e.has_client && e.stage <= STAGE_RCPT);
    must(e.helo.n <= ENVELOPE_HELO_MAX && e.sender.n <= ENVELOPE_ADDRESS_MAX &&
         e.recipient.n <= ENVELOPE_ADDRESS_MAX);
    v.text = e.helo;
    v.exempt = e.sender;
    v.checks[0].words = e.recipient;
    result_check(control_ask_result(&e, &v), NULL);
}

static struct store *store_make(void)
{
    struct store_options o = { .file_max = 1 << 24, .pending_max = 1 << 20 };
    struct err err;
    for (size_t i = 0; i < STORE_TABLES; i++)
        o.table_max[i] = 100;
    struct store *s = store_open(&o, NOW, &err);
    must(s != NULL);
    return s;
}

static void bans_check(const json_t *request)
{
    struct store *s = store_make();
    struct ban b;
    struct err err;
    json_t *result = control_bans_add(s, NOW, request, &b, &err);
    bool made = result != NULL;
    result_check(result, &err);
    result = control_bans_show(s, NOW, request, &err);
    must((result != NULL) == made);
    result_check(result, &err);
    result = control_bans_remove(s, NOW, request, &b, &err);
    must((result != NULL) == made);
    result_check(result, &err);
    result = control_bans_show(s, NOW, request, &err);
    must(result == NULL);
    result_check(result, &err);
    store_close(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str line = str_make((const char *)data, size), command;
    struct err err;
    json_object_seed(1);
    json_t *request = control_parse(line, &err);
    if (request == NULL) {
        result_check(NULL, &err);
        return 0;
    }
    must(control_string(request, "command", &command));
    ask_check(request);
    bans_check(request);
    result_check(control_text(command), NULL);
    json_decref(request);
    return 0;
}
