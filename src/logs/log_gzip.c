/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_gzip - inflate a gzip file with ISA-L
 *
 * A gzip file is one or more members in a row; appending to a .gz makes
 * several. Each member's checksum and length are verified by ISA-L. On damage,
 * everything that was inflated before it is handed out first: a log that was
 * cut in the middle is still worth reading. Zeros behind the last member are
 * padding (tapes, some file systems) and no damage; anything else behind it is.
 */
#include "logs/logsource.h"

#include <stdlib.h>
#include <string.h>

#include <isa-l/igzip_lib.h>

#include "base/must.h"

struct log_gzip {
    struct packed_input in;
    struct inflate_state state;
    uint64_t text;           /* bytes inflated */
    bool in_member;          /* inside a member: the end of the file would be too early */
    bool in_ended;           /* the file has no more bytes */
    int damaged;             /* ISA-L's code, kept until what came before it is handed out */
};

void *log_gzip_new(const struct logfile *f, size_t chunk)
{
    struct log_gzip *z = must_alloc(sizeof *z);
    packed_input_init(&z->in, f, chunk);
    isal_inflate_init(&z->state);
    return z;
}

static void gzip_free(void *self)
{
    struct log_gzip *z = self;
    packed_input_fini(&z->in);
    free(z);
}

/* Make sure that there is input, or in_ended. */
static int input_fill(struct log_gzip *z, struct err *err)
{
    if (z->state.avail_in > 0 || z->in_ended)
        return 0;
    ssize_t got = packed_input_next(&z->in, err);
    if (got < 0)
        return -1;
    z->state.next_in = z->in.bytes;
    z->state.avail_in = (uint32_t)got;
    z->in_ended = got == 0;
    return 0;
}

/* The first byte behind a member: another member, padding, or the end. 1 if a member begins, 0 at
 * the end, -1. */
static int member_begin(struct log_gzip *z, struct err *err)
{
    for (;;) {
        if (input_fill(z, err) != 0)
            return -1;
        if (z->in_ended)
            return 0;
        while (z->state.avail_in > 0 && z->state.next_in[0] == 0) {
            z->state.next_in++;
            z->state.avail_in--;
        }
        if (z->state.avail_in > 0)
            break;
    }
    char size[32];
    if (z->state.next_in[0] != 0x1f)
        return err_set(err, ERR_FORMAT, "bytes that are not gzip follow after %s of text; "
                       "what could be read was used", log_size_text(z->text, size));
    isal_inflate_reset(&z->state);
    z->state.crc_flag = ISAL_GZIP;
    z->in_member = true;
    return 1;
}

static int damage(struct log_gzip *z, struct err *err)
{
    const char *what =
        z->damaged == ISAL_INCORRECT_CHECKSUM ? "does not match its checksum" : "is damaged";
    char size[32];
    return err_set(err, ERR_FORMAT,
                   "compressed data %s after %s of text; what could be read was used", what,
                   log_size_text(z->text, size));
}

static int cut(struct log_gzip *z, struct err *err)
{
    char size[32];
    return err_set(err, ERR_FORMAT,
                   "compressed data ends early after %s of text; what could be read was used",
                   log_size_text(z->text, size));
}

/* ISA-L inflates ahead into a window of its own, and on damage it forgets to hand out the rest of
 * that. How many bytes of it go to `dst`; 0 when there are no more. */
static size_t window_rest(struct log_gzip *z, char *dst, size_t n)
{
    struct inflate_state *s = &z->state;
    bool sane = s->tmp_out_processed >= 0 && s->tmp_out_valid > s->tmp_out_processed &&
                (size_t)s->tmp_out_valid <= sizeof s->tmp_out_buffer;
    size_t rest = sane ? (size_t)(s->tmp_out_valid - s->tmp_out_processed) : 0;
    if (rest > n)
        rest = n;
    if (rest > 0)
        memcpy(dst, s->tmp_out_buffer + s->tmp_out_processed, rest);
    s->tmp_out_processed += (int32_t)rest;
    z->text += rest;
    return rest;
}

static ssize_t after_damage(struct log_gzip *z, char *dst, size_t n, struct err *err)
{
    size_t rest = window_rest(z, dst, n);
    return rest > 0 ? (ssize_t)rest : damage(z, err);
}

/* One step of the inflater. How many bytes came out (0: go on), or -1. */
static ssize_t inflate_step(struct log_gzip *z, char *dst, size_t n, struct err *err)
{
    if (z->damaged != 0)
        return after_damage(z, dst, n, err);
    if (input_fill(z, err) != 0)
        return -1;
    z->state.next_out = (uint8_t *)dst;
    z->state.avail_out = (uint32_t)(n < UINT32_MAX / 2 ? n : UINT32_MAX / 2);
    uint32_t room = z->state.avail_out;
    int code = isal_inflate(&z->state);
    size_t made = room - z->state.avail_out;
    z->text += made;
    if (code < 0) {
        z->damaged = code;
        return made > 0 ? (ssize_t)made : after_damage(z, dst, n, err);
    }
    if (z->state.block_state == ISAL_BLOCK_FINISH)
        z->in_member = false;
    else if (made == 0 && z->in_ended)
        return cut(z, err);
    return (ssize_t)made;
}

static ssize_t gzip_read(void *self, char *dst, size_t n, struct err *err)
{
    struct log_gzip *z = self;
    for (;;) {
        int more = z->in_member ? 1 : member_begin(z, err);
        if (more <= 0)
            return more;
        ssize_t made = inflate_step(z, dst, n, err);
        if (made != 0)
            return made;
    }
}

const struct logsource_ops log_gzip_ops = { .read = gzip_read, .free = gzip_free };
