/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * version - what this program was built from
 *
 * An administrator who reports a fault pastes this; it names what the build
 * probed and found, not what it hoped for.
 */
#include <archive.h>
#include <gmime/gmime.h>
#include <jansson.h>

#include "cmd/cmd.h"
#include "postern_build.h"

void version_print(FILE *out)
{
    fprintf(out, "postern %s\n", POSTERN_VERSION);
    fprintf(out, "compiler   %s\n", POSTERN_COMPILER);
    fprintf(out, "hardening  %s\n", POSTERN_HARDENING);
    fprintf(out, "libraries  %s, jansson %s, GMime %u.%u.%u, ISA-L %s\n", archive_version_string(),
            jansson_version_str(), gmime_major_version, gmime_minor_version, gmime_micro_version,
            POSTERN_ISAL_VERSION);
}
