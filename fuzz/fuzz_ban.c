/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_ban - records of bans and tallies, as a state file may hold them
 *
 * Holds for any bytes: what is taken for a ban gives the same bytes again, and
 * its texts are printable; what is taken for a tally stays within its sets
 * through moving, counting and writing, whatever the clock says.
 */
#include <stdint.h>

#include "base/must.h"
#include "policy/ban.h"
#include "policy/dict_tally.h"
#include "store/store.h"

#define KEY_BYTES 17u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void text_check(const char *text)
{
    for (; *text != '\0'; text++)
        must((uint8_t)*text >= 0x20 && *text != 0x7f);
}

static void ban_check(struct str key, struct str value)
{
    struct ban b, again;
    struct buf bytes;
    char text[BAN_TEXT_MAX];
    if (ban_decode(key, value, &b) != 0)
        return;
    buf_init(&bytes, BAN_RECORD_MAX);
    ban_encode(&b, &bytes);
    must(!buf_bad(&bytes) && bytes.n == value.n);
    must(ban_decode(key, buf_str(&bytes), &again) == 0);
    must(b.until == again.until && b.level == again.level && ip_eq(&b.net, &again.net));
    text_check(ban_reply(&b, text));
    text_check(ban_words(&b, text));
    buf_fini(&bytes);
}

static void tally_check(struct str value, int64_t now, uint32_t window_s)
{
    static struct dict_tally t;
    struct buf bytes;
    if (dict_tally_decode(value, 0, &t) != 0)
        return;
    dict_tally_move(&t, window_s, now);
    dict_tally_unknown(&t, now, (uint32_t)now, 7);
    for (uint32_t i = 0; i < DICT_GOOD_TIMES; i++)
        dict_tally_good(&t, now, (uint32_t)now);
    must(t.goods_n <= DICT_GOODS_MAX);
    must(t.goods_n == DICT_GOODS_MAX || !dict_tally_good(&t, now, (uint32_t)now));
    must(t.names_n > 0 && t.names_n <= DICT_NAMES_MAX && t.clients_n <= DICT_CLIENTS_MAX);
    must(dict_tally_unknowns(&t) >= t.names_n && dict_tally_goods(&t) > 0);
    buf_init(&bytes, STORE_VALUE_MAX);
    dict_tally_encode(&t, 0, &bytes);
    must(!buf_bad(&bytes) && dict_tally_decode(buf_str(&bytes), 0, &t) == 0);
    buf_fini(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str all = str_make((const char *)data, size);
    int64_t now = 0;
    ban_check(str_head(all, KEY_BYTES), str_skip(all, KEY_BYTES));
    for (size_t i = 0; i < size && i < 7; i++)
        now = now << 8 | data[i];
    tally_check(str_skip(all, 8), now, (uint32_t)(now % 100000) + 1);
    return 0;
}
