/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_packed - inflate bzip2, xz, lzma, zstd, lz4 and compress with libarchive
 *
 * Only filters that libarchive has built in: where it lacks one it would start
 * an external program, and a log reader that runs as root must not. Only the
 * raw format: a log is no archive. Text that the library had not handed out
 * when it met damage (at most a block of the format) is lost with it.
 */
#include "logs/log_packed.h"

#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/library.h"
#include "base/must.h"
#include "logs/logsource.h"
#include "postern_build.h"

/* --- libarchive, loaded when the first packed log comes: see base/library.h --- */

/* The names follow archive_. */
#define ARCHIVE_FUNCTIONS(F)                                                                      \
    F(error_string)                                                                               \
    F(read_data)                                                                                  \
    F(read_free)                                                                                  \
    F(read_new)                                                                                   \
    F(read_next_header)                                                                           \
    F(read_open2)                                                                                 \
    F(read_support_filter_bzip2)                                                                  \
    F(read_support_filter_compress)                                                               \
    F(read_support_filter_lz4)                                                                    \
    F(read_support_filter_lzma)                                                                   \
    F(read_support_filter_xz)                                                                     \
    F(read_support_filter_zstd)                                                                   \
    F(read_support_format_empty)                                                                  \
    F(read_support_format_raw)                                                                    \
    F(set_error)                                                                                  \
    F(version_string)

#define MEMBER(name) __typeof__(archive_##name) *name;
#define ROW(name) { "archive_" #name, &lib.name },

static struct {
    ARCHIVE_FUNCTIONS(MEMBER)
} lib;

static const struct library_function functions[] = { ARCHIVE_FUNCTIONS(ROW) };

static struct library library = {
    .soname = POSTERN_ARCHIVE_SONAME,
    .what = "libarchive, which unpacks bzip2, xz and zstd",
    .package = "libarchive13",
    .functions = functions,
    .count = sizeof functions / sizeof functions[0],
};

const char *log_packed_library(void)
{
    return library_load(&library, NULL) == 0 ? lib.version_string() : "libarchive is missing";
}

/* --- the back end --- */

struct log_packed {
    struct packed_input in;
    struct archive *archive;
    uint64_t text;           /* bytes inflated */
    bool opened;
    struct err in_err;       /* why the last read of the file failed */
};

static la_ssize_t on_read(struct archive *a, void *self, const void **bytes_out)
{
    struct log_packed *p = self;
    ssize_t got = packed_input_next(&p->in, &p->in_err);
    *bytes_out = p->in.bytes;
    if (got < 0)
        lib.set_error(a, ARCHIVE_FATAL, "%s", p->in_err.text);
    return got;
}

void *log_packed_new(const struct logfile *f, size_t chunk)
{
    struct log_packed *p = must_alloc(sizeof *p);
    packed_input_init(&p->in, f, chunk);
    return p;
}

static void packed_free(void *self)
{
    struct log_packed *p = self;
    if (p->archive != NULL)
        lib.read_free(p->archive);
    packed_input_fini(&p->in);
    free(p);
}

static int damage(struct log_packed *p, struct err *err)
{
    char size[32];
    const char *why = lib.error_string(p->archive);
    return err_set(
        err, ERR_FORMAT,
        "compressed data is cut or damaged after %s of text (%s); what could be read was used",
        log_size_text(p->text, size), why == NULL ? "no reason given" : why);
}

/* Choose the filter by the first bytes and begin. 1, 0 for a stream without any text, -1. */
static int packed_open(struct log_packed *p, struct err *err)
{
    p->opened = true;
    if (library_load(&library, err) != 0)
        return -1;
    struct archive *a = p->archive = lib.read_new();
    must(a != NULL);
    int (*const filters[])(struct archive *) = {
        lib.read_support_filter_bzip2, lib.read_support_filter_xz,
        lib.read_support_filter_lzma,  lib.read_support_filter_zstd,
        lib.read_support_filter_lz4,   lib.read_support_filter_compress,
    };
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        if (filters[i](a) != ARCHIVE_OK)
            return err_set(err, ERR_USAGE, "this libarchive was built without a needed filter: %s",
                           lib.error_string(a));
    }
    lib.read_support_format_raw(a);
    lib.read_support_format_empty(a);
    if (lib.read_open2(a, p, NULL, on_read, NULL, NULL) != ARCHIVE_OK)
        return damage(p, err);
    struct archive_entry *entry;
    int code = lib.read_next_header(a, &entry);
    if (code == ARCHIVE_EOF)
        return 0;
    return code == ARCHIVE_OK ? 1 : damage(p, err);
}

static ssize_t packed_read(void *self, char *dst, size_t n, struct err *err)
{
    struct log_packed *p = self;
    int more = p->opened ? 1 : packed_open(p, err);
    if (more <= 0)
        return more;
    la_ssize_t got = lib.read_data(p->archive, dst, n);
    if (got < 0)
        return damage(p, err);
    p->text += (uint64_t)got;
    return (ssize_t)got;
}

const struct logsource_ops log_packed_ops = { .read = packed_read, .free = packed_free };
