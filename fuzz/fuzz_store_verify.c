/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_store_verify - any bytes as a state file
 *
 * The verifier must come to its end on whatever lies under the file's name. A
 * file that it takes for good is not opened here: tests/unit/test_store_verify
 * does that with damaged files. Seeds have small pages (512 bytes), so that a few
 * kilobytes hold whole trees.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/must.h"
#include "store/store_verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = { 0 };
    int fd = memfd_create("state", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    if (store_verify(fd, &err) != 0)
        must(err.kind == ERR_FORMAT && err.text[0] != '\0');
    close(fd);
    return 0;
}
