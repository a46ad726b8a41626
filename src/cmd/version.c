/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * version - what this program was built from
 *
 * An administrator who reports a fault pastes this; it names what the build
 * probed and found, not what it hoped for.
 */
#include <jansson.h>

#include "cmd/cmd.h"
#include "logs/log_packed.h"
#include "postern_build.h"
#include "trace/complaint.h"

void version_print(FILE *out)
{
    fprintf(out, "postern %s\n", POSTERN_VERSION);
    fprintf(out, "compiler   %s\n", POSTERN_COMPILER);
    fprintf(out, "hardening  %s\n", POSTERN_HARDENING);
    fprintf(out, "libraries  %s, jansson %s, %s, ISA-L %s\n", log_packed_library(),
            jansson_version_str(), complaint_library(), POSTERN_ISAL_VERSION);
}
