/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logzone - the zone of a log, learned from its arrivals while reading on
 *
 * The seconds in a message id are UTC and say when reception began; the stamp
 * of the arrival line is local and says when it ended. Their difference is the
 * zone's offset plus the time that reception took. A reception that took
 * minutes says nothing about the zone and is passed over, so that a slow
 * client does not look like a journey to the east.
 */
#include "base/clock.h"
#include "logs/logfile.h"
#include "logs/logprobe.h"

#define QUARTER 900
/* Zones there are: -12:00 to +14:00. */
#define OFFSET_MIN (-12 * 3600)
#define OFFSET_MAX (14 * 3600)
/* The clock may be corrected while a message is received. */
#define CLOCK_SLIP 5
/* Receptions that took longer than this are no witness. */
#define RECEPTION_MAX 120

int logzone_guess(int64_t stamped, int64_t id_when, int32_t *offset_out)
{
    int64_t delta = stamped - id_when + CLOCK_SLIP;
    if (delta < OFFSET_MIN || delta >= OFFSET_MAX + QUARTER)
        return -1;
    int64_t quarters = (delta - OFFSET_MIN) / QUARTER; /* of a number that is not negative */
    int64_t offset = OFFSET_MIN + quarters * QUARTER;
    if (delta - offset > RECEPTION_MAX + CLOCK_SLIP)
        return -1;
    *offset_out = (int32_t)offset;
    return 0;
}

void logzone_begin(struct logzone *z, const struct logfile *f, int64_t utc)
{
    *z = (struct logzone){ .offset = f->first_offset, .known = f->offset_known };
    if (!z->known || utc == INT64_MIN || f->first_offset == f->last_offset)
        return;
    uint64_t at = logfile_seek(f, utc);
    if (at > 0)
        logfile_zone_at(f, at, &z->offset);
}

void logzone_observe(struct logzone *z, int64_t stamped, int64_t id_when)
{
    int32_t offset;
    if (logzone_guess(stamped, id_when, &offset) != 0)
        return;
    if (z->known && offset == z->offset) {
        z->agree = 0;
        return;
    }
    /* Clocks are put forward and back by an hour, somewhere by half an hour, never by a quarter. */
    if (z->known && (offset - z->offset) % (2 * QUARTER) != 0)
        return;
    z->agree = z->agree > 0 && offset == z->next ? z->agree + 1 : 1;
    z->next = offset;
    if (z->known && z->agree < LOGZONE_AGREE)
        return;
    *z = (struct logzone){ .offset = offset, .known = true };
}

int64_t logzone_utc(const struct logzone *z, const struct logline *line)
{
    if (line->offset != LOGLINE_NO_OFFSET)
        return line->stamped - line->offset;
    return z->known ? line->stamped - z->offset : clock_from_local(line->stamped);
}
