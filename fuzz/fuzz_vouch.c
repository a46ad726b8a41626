/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_vouch - an SPF record written by whoever owns the sender's domain
 *
 * Holds for any bytes: it ends, within its number of questions, and answers
 * exactly once.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "event/loop.h"
#include "policy/vouch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_vouch(void *ctx, const char *how)
{
    int *calls = ctx;
    must(how != NULL);
    ++*calls;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct loop *l = loop_new_virtual(0);
    struct resolver *r = resolver_new_script(l);
    char *text = must_alloc(size + 1);
    memcpy(text, data, size);
    const char *const records[] = { text, NULL };
    int calls = 0;
    struct vouch_asker asker = { on_vouch, &calls, 1000 };
    struct vouch_client client = { .name = STR_INIT("") };
    struct vouch v;
    must(ip_parse(STR("198.51.100.7"), &client.ip) == 0);
    resolver_script_add(r, "fuzz.example", DNS_TXT, DNS_OK, 1, records);
    resolver_script_add(r, "*.more.example", DNS_TXT, DNS_OK, 1, records);
    vouch_start(&v, r, &client, STR("fuzz.example"), asker);
    loop_advance(l, 60000);
    must(calls == 1 && v.asked <= VOUCH_QUESTIONS_MAX);
    resolver_free(&r);
    loop_free(&l);
    free(text);
    return 0;
}
