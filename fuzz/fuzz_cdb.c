/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_cdb - constant databases in which every number may be a lie
 *
 * Holds for any bytes: records are views of the file in their order, and they end.
 */
#include <stdint.h>

#include "base/must.h"
#include "mail/cdb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = str_make((const char *)data, size), key, value;
    struct cdb c;
    size_t seen = 0;
    if (cdb_init(&c, bytes) != 0)
        return 0;
    cdb_find(&c, STR("joe@example.com"), &value);
    cdb_find(&c, STR(""), &value);
    while (cdb_next(&c, &key, &value) == 1) {
        must(key.p >= bytes.p + CDB_HEAD && value.p == key.p + key.n);
        must(value.p + value.n <= bytes.p + bytes.n);
        must(++seen <= size / 8);
        if (seen < 16 && cdb_find(&c, key, &value) == 1)
            must(value.p >= bytes.p && value.p + value.n <= bytes.p + bytes.n);
    }
    return 0;
}
