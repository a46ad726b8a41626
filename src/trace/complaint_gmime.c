/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complaint_gmime - GMime, loaded when the first complaint comes
 *
 * The one place that says which functions of it are used. What GMime says of
 * hostile bytes on standard error is no news, so it is told to be quiet.
 */
#include "trace/complaint_gmime.h"

#include <stdio.h>

#include "base/library.h"
#include "postern_build.h"
#include "trace/complaint.h"

struct gmime gmime;

static void gmime_quiet(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer ctx)
{
    (void)domain, (void)level, (void)text, (void)ctx;
}

static void gmime_begin(void)
{
    gmime.init();
    gmime.log_set_handler("gmime", G_LOG_LEVEL_MASK, gmime_quiet, NULL);
}

#define GLIB_ROW(name) { "g_" #name, &gmime.name },
#define GMIME_ROW(name) { "g_mime_" #name, &gmime.name },

static const struct library_function functions[] = {
    GLIB_FUNCTIONS(GLIB_ROW)
    GMIME_FUNCTIONS(GMIME_ROW)
    { "gmime_major_version", &gmime.major },
    { "gmime_minor_version", &gmime.minor },
    { "gmime_micro_version", &gmime.micro },
};

static struct library library = {
    .soname = POSTERN_GMIME_SONAME,
    .what = "GMime, which takes complaints apart",
    .package = "libgmime-3.0-0",
    .functions = functions,
    .count = sizeof functions / sizeof functions[0],
    .begin = gmime_begin,
};

int complaint_gmime_load(struct err *err)
{
    return library_load(&library, err);
}

int complaint_ready(struct err *err)
{
    return complaint_gmime_load(err);
}

const char *complaint_library(void)
{
    static char text[48];
    if (complaint_gmime_load(NULL) != 0)
        return "GMime is missing";
    snprintf(text, sizeof text, "GMime %u.%u.%u", *gmime.major, *gmime.minor, *gmime.micro);
    return text;
}
