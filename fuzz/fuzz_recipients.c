/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_recipients - files of a panel into the table, and questions about them
 *
 * The first byte chooses the reader, the rest is the file. The root is an empty folder, so nothing
 * of this machine is read. Holds for any bytes: every walk ends with an answer, and no file adds
 * an address to a domain that is not its own.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "tables/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char root[] = "/tmp/postern-fuzz.XXXXXX";
static struct rootfs dir;

static void root_remove(void)
{
    rmdir(root);
}

static void root_make(void)
{
    must(mkdtemp(root) != NULL);
    atexit(root_remove);
    must(rootfs_init(&dir, root, NULL) == 0);
}

static void check_ask(struct table *t, struct str local, struct str domain)
{
    struct table_answer a;
    table_ask(t, local, domain, &a);
    must(a.state != RECIPIENT_FOREIGN && a.state <= RECIPIENT_DEFER);
    must(a.text.n <= TABLE_TEXT_MAX);
}

/* Ask about the first words of the file, and the untouched domain about them too. */
static void questions(struct load *ld, struct str text)
{
    struct table_answer a;
    for (unsigned i = 0; i < 32 && text.n > 0; i++) {
        struct str word = str_cut(&text, i % 2 == 0 ? ':' : '\n');
        struct str local = str_head(word, str_find_c(word, '@'));
        check_ask(ld->table, local, STR("a.example"));
        table_ask(ld->table, local, STR("untouched.example"), &a);
        must(a.state == RECIPIENT_UNKNOWN || a.state == RECIPIENT_NO_TABLE);
    }
}

static void read_text(struct load *ld, uint8_t kind, struct str text)
{
    uint32_t domain = table_domain(ld->table, STR("a.example"), DOMAIN_LOCAL | DOMAIN_PLUS);
    ld->source = table_source(ld->table, STR("/file"));
    switch (kind % 4) {
    case 0:
        load_passwd(ld, text, domain);
        break;
    case 1:
        load_aliases(ld, text, domain, STR("a.example"), true);
        break;
    case 2:
        load_aliases(ld, text, domain, STR("a.example"), false);
        table_domain_set(ld->table, domain, DOMAIN_WILD);
        break;
    default:
        load_aliases(ld, text, TABLE_HOST, STR(""), true);
        table_domain_same(ld->table, STR("a.example"), TABLE_HOST);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct recipients_options o = { .layout = LAYOUT_NONE, .addresses_max = 1000 };
    struct load ld;
    if (dir.root == NULL)
        root_make();
    if (size == 0)
        return 0;
    load_init(&ld, &o, &dir, NULL);
    struct loaded *out = ld.out;
    table_domain(ld.table, STR("untouched.example"), DOMAIN_LOCAL | DOMAIN_KNOWN);
    struct str text = str_make((const char *)data + 1, size - 1);
    read_text(&ld, data[0], text);
    questions(&ld, text);
    load_fini(&ld);
    loaded_free(&out);
    return 0;
}
