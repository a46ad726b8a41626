/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracker_quick - lines that need not be taken apart
 *
 * Most of a log is of messages that count under no key that is asked for. Their arrivals are known
 * at a glance, and a message that began in this unit need not even be remembered: whatever
 * follows of it has an id that is not in the table, and a time in that id which says
 * that no unit before knows it either. Only messages from around the edge of the unit are
 * remembered all the same.
 *
 * What is passed over here must be what tracker.c would have made nothing of: the unit tests count
 * everything twice, once without short cuts.
 */
#include "base/word.h"
#include "mail/logline_glance.h"
#include "trace/tracker_internal.h"

/* A message may be of the unit before if it began in so many seconds behind the first line of this
 * one: an hour, by which a clock was set back or the zone misjudged, and a minute. */
#define UNIT_EDGE_SECONDS 3660

/* True if the arrival surely counts under no key, by what can be seen without taking it apart: most
 * mail comes from outside, and neither logged in nor was handed in by a script. For the join of
 * local mail such a line says no more than its time. */
static bool surely_uncounted(const struct tracker *t, const struct logline *line)
{
    enum top_by by = t->o.by;
    if (t->o.thorough || by > BY_LOGIN)
        return false;
    if (by == BY_LOGIN)
        return !logline_glance_holds(line->text, ' ', 'A', '=');
    if (tracker_at_edge(t) || !logline_glance_host(line))
        return false;
    return by == BY_SCRIPT || (!logline_glance_holds(line->text, ' ', 'A', '=') &&
                               !logline_glance_holds(line->text, '[', '1', '2') &&
                               !logline_glance_holds(line->text, '[', ':', ':'));
}

/* The digits of base 62 are in the order of ASCII, so the six that say the time compare as text. */
static inline uint64_t id_prefix(const char *id)
{
    uint64_t word = load8(id);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word >> 16;
}

/* The same of a time: as six digits. What needs more is later than any id. */
static uint64_t time_as_id(uint64_t when)
{
    if (when >= UINT64_C(56800235584))       /* 62 to the sixth power */
        return UINT64_MAX;
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint64_t text = 0;
    for (unsigned i = 0; i < 6; i++, when /= 62)
        text |= (uint64_t)(unsigned char)digits[when % 62] << (8 * i);
    return text;
}

/* From which id on a message is surely of this unit. It takes an arrival to know the base, and the
 * time inside its id is right even where the zone of the log is not known yet. */
static void own_begin(struct tracker *t, const struct logline *line)
{
    if (t->own_after != UINT64_MAX || !t->base_known || t->base != MSGID_BASE62)
        return;
    int64_t begun = msgid_when62(line->id);
    int64_t first = begun > t->unit_first ? begun : t->unit_first;
    t->own_after = time_as_id((uint64_t)(first + UNIT_EDGE_SECONDS));
}

/* The message began in this unit, and it is not in the table. */
static inline bool is_own_unknown(const struct tracker *t, struct str id)
{
    return id_prefix(id.p) > t->own_after && opentable_find(t->open, msgid_pack(id)) == NULL;
}

bool tracker_nobodys(const struct tracker *t, struct str text)
{
    size_t n = text.p[13] == '-' ? MSGID_OLD_LEN : MSGID_NEW_LEN;
    if (text.n < n + 4)
        return false;
    uint16_t flag = load2(text.p + n + 1);
    /* Not `>>`: that one stands before the arrival. */
    bool follows = flag == load2("=>") || flag == load2("->") || flag == load2("**") ||
                   flag == load2("==") || flag == load2("Co");
    return follows && is_own_unknown(t, str_make(text.p, n));
}

bool tracker_uncounted(struct tracker *t, const struct logline *line, int64_t utc)
{
    struct msgid_parts parts;
    if (!surely_uncounted(t, line))
        return false;
    own_begin(t, line);
    if (is_own_unknown(t, line->id))
        tracker_zone(t, line, msgid_when62(line->id));
    else if (tracker_arrived(t, line, utc) == NULL)
        return true;
    if (t->o.by == BY_LOGIN)
        return true;
    t->stats.from_outside += t->o.by == BY_SOURCE;
    if (msgid_decode_text(line->id, t->base, t->o.localhost_number, &parts) == 0)
        join_begun(t->join, parts.when, parts.usec);
    return true;
}
