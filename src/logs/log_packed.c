/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_packed - inflate bzip2, xz, lzma, zstd, lz4 and compress with libarchive
 *
 * Only filters that libarchive has built in: where it lacks one it would start
 * an external program, and a log reader that runs as root must not. Only the
 * raw format: a log is no archive. Text that the library had not handed out
 * when it met damage (at most a block of the format) is lost with it.
 */
#include "logs/logsource.h"

#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/must.h"

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
        archive_set_error(a, ARCHIVE_FATAL, "%s", p->in_err.text);
    return got;
}

void *log_packed_new(const struct logfile *f, size_t chunk)
{
    struct log_packed *p = must_alloc(sizeof *p);
    packed_input_init(&p->in, f, chunk);
    p->archive = archive_read_new();
    must(p->archive != NULL);
    return p;
}

static void packed_free(void *self)
{
    struct log_packed *p = self;
    archive_read_free(p->archive);
    packed_input_fini(&p->in);
    free(p);
}

static int damage(struct log_packed *p, struct err *err)
{
    char size[32];
    const char *why = archive_error_string(p->archive);
    return err_set(
        err, ERR_FORMAT,
        "compressed data is cut or damaged after %s of text (%s); what could be read was used",
        log_size_text(p->text, size), why == NULL ? "no reason given" : why);
}

/* Choose the filter by the first bytes and begin. 1, 0 for a stream without any text, -1. */
static int packed_open(struct log_packed *p, struct err *err)
{
    struct archive *a = p->archive;
    p->opened = true;
    int (*const filters[])(struct archive *) = {
        archive_read_support_filter_bzip2, archive_read_support_filter_xz,
        archive_read_support_filter_lzma,  archive_read_support_filter_zstd,
        archive_read_support_filter_lz4,   archive_read_support_filter_compress,
    };
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        if (filters[i](a) != ARCHIVE_OK)
            return err_set(err, ERR_USAGE, "this libarchive was built without a needed filter: %s",
                           archive_error_string(a));
    }
    archive_read_support_format_raw(a);
    archive_read_support_format_empty(a);
    if (archive_read_open2(a, p, NULL, on_read, NULL, NULL) != ARCHIVE_OK)
        return damage(p, err);
    struct archive_entry *entry;
    int code = archive_read_next_header(a, &entry);
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
    la_ssize_t got = archive_read_data(p->archive, dst, n);
    if (got < 0)
        return damage(p, err);
    p->text += (uint64_t)got;
    return (ssize_t)got;
}

const struct logsource_ops log_packed_ops = { .read = packed_read, .free = packed_free };
