/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_syslogjoin - lines of a syslog in any order
 *
 * Holds for any bytes: no more comes out than went in; what is no part comes
 * out as it is; after the last line no more than the places that there are are
 * left over, and then none.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "mail/syslogjoin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Touch all bytes, so that a sanitizer sees a view that is dead. */
static size_t line_check(struct str line)
{
    volatile char last = 0;
    for (size_t i = 0; i < line.n; i++)
        last = line.p[i];
    (void)last;
    must(line.n <= SYSLOGJOIN_LINE_MAX || line.p != NULL);
    return line.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct syslogjoin *j = syslogjoin_new();
    struct str rest = str_make((const char *)data, size), raw, line;
    size_t in = 0, out = 0, kept = 0;
    while (str_line(&rest, &raw)) {
        char *exact = malloc(raw.n == 0 ? 1 : raw.n);
        must(exact != NULL);
        memcpy(exact, raw.p, raw.n);
        bool part = syslogjoin_is_part(str_make(exact, raw.n));
        bool have = syslogjoin_feed(j, str_make(exact, raw.n), &line);
        in += raw.n + 1;
        if (have)
            out += line_check(line);
        must(part || (have && line.p == exact && line.n == raw.n));
        kept += have ? 0 : 1;
        free(exact);
    }
    size_t left = 0;
    for (; syslogjoin_flush(j, &line); left++)
        out += line_check(line);
    must(left <= SYSLOGJOIN_OPEN && left <= kept && out <= in);
    must(!syslogjoin_flush(j, &line));
    syslogjoin_free(&j);
    must(j == NULL);
    return 0;
}
