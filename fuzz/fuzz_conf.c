/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_conf - a configuration file
 *
 * Holds for any bytes: the reader comes back, with settings that are within the
 * limits of the table, or with an error that names the file. Reading the same
 * again gives the same, so nothing of libconfuse's globals is left behind. What
 * the daemon asks of the settings without a test is tested here.
 */
#include <stdint.h>
#include <string.h>

#include "base/must.h"
#include "conf/conf.h"
#include "conf/conf_file.h"
#include "conf/conf_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_warning(void *ctx, const char *text)
{
    must(strlen(text) > 0);
    ++*(unsigned *)ctx;
}

static void strings_check(const struct conf_strings *s)
{
    for (size_t i = 0; i < s->n; i++)
        must(strlen(s->v[i]) <= CONF_VALUE_BYTES_MAX);
}

static void nets_check(const struct conf_nets *nets)
{
    for (size_t i = 0; i < nets->n; i++)
        must(nets->v[i].bits <= (ip_is4(&nets->v[i].ip) ? 32u : 128u));
}

static void conf_whole(const struct conf *c)
{
    unsigned warnings = 0;
    must(c->door.socket[0] != '\0' || c->door.listen.n > 0);
    must(c->door.answer_ms >= 100 && c->door.connections >= 10);
    must(c->dnsbl.threshold >= 1 && c->dnsbl.zone_count >= 1);
    must(c->dictionary.ban_max_s >= c->dictionary.ban_s);
    must(c->callout.mode <= CONF_REFUSE && c->helo.own <= CONF_REFUSE);
    for (size_t i = 0; i < c->dnsbl.zone_count; i++) {
        must(c->dnsbl.zones[i].name[0] != '\0' && c->dnsbl.zones[i].list[0] != '\0');
        strings_check(&c->dnsbl.zones[i].refusal);
    }
    for (size_t i = 0; i < c->dns.stub_count; i++)
        strings_check(&c->dns.stubs[i].servers);
    for (size_t i = 0; i < c->recipient.table_count; i++)
        must(c->recipient.tables[i].file[0] == '/' && c->recipient.tables[i].format != NULL);
    strings_check(&c->callout.skip);
    strings_check(&c->exempt.senders);
    nets_check(&c->exempt.clients);
    nets_check(&c->host.addresses);
    conf_warn(c, on_warning, &warnings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = str_make((const char *)data, size);
    struct err err = { .kind = ERR_NONE }, again = { .kind = ERR_NONE };
    struct conf *c = conf_read_bytes("fuzz", bytes, &err);
    struct conf *d = conf_read_bytes("fuzz", bytes, &again);
    must((c == NULL) == (d == NULL));
    if (c == NULL) {
        must(err.kind != ERR_NONE && strncmp(err.text, "fuzz:", 5) == 0);
        must(strcmp(err.text, again.text) == 0);
    } else {
        conf_whole(c);
        must(c->dnsbl.zone_count == d->dnsbl.zone_count);
    }
    conf_free(&c);
    conf_free(&d);
    return 0;
}
