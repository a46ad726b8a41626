/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsbl_zone - the health of one list
 *
 * One timer for each zone: while it is well it is the next probe, while it
 * rests the end of the rest. What a probe asks and proves is in dnsbl_probe.c.
 */
#include "policy/dnsbl_zone.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/must.h"
#include "event/loop.h"
#include "policy/dnsbl_probe.h"
#include "store/store.h"

#define KEPT_S 86400             /* the state is remembered so long after a rest */

const char *const dnsbl_state_names[] = { "well", "resting", "probing" };
const char *const dnsbl_reason_names[] = { "", "refuses", "strange", "lists-all", "lists-none",
                                           "silent" };

static const char *const advice[] = {
    "",
    "the list refuses our questions: too many, by a resolver that it bars, or with a wrong key",
    "the list answers with addresses that no list has: its domain was probably sold; remove it",
    "the list has entries that no list may have: it lists everything",
    "the list lacks its test entry (RFC 5782): it is empty or gone",
    "the list does not answer",
};

struct dnsbl_zone {
    struct policy_parts parts;
    struct dnsbl_zone_options o;
    struct dnsbl_status status;
    struct timer timer;
    struct dnsbl_probing probing;
    bool probed;                     /* since the start */
    int64_t probed_ms;               /* the last probe began */
    uint64_t asked_then;             /* status.asked at the last probe */
    uint64_t listed_row;
    unsigned silent_row;
    int64_t silent_since_ms;
    int64_t trouble_logged, well_logged;     /* UTC; 0: never */
    uint32_t trouble_hidden;         /* lines left out since */
};

static void on_timer(void *ctx);

const char *dnsbl_code_text(uint32_t code, char text[DNSBL_CODE_TEXT])
{
    snprintf(text, DNSBL_CODE_TEXT, "%u.%u.%u.%u", code >> 24, code >> 16 & 255, code >> 8 & 255,
             code & 255);
    return text;
}

static int64_t utc(const struct dnsbl_zone *z)
{
    return loop_utc(z->parts.loop);
}

/* --- the log --- */

/* Once an hour: true if it is time, and then it is from now on. */
static bool hourly(int64_t *logged, int64_t now)
{
    if (*logged != 0 && now >= *logged && now - *logged < DNSBL_HOUR_S)
        return false;
    *logged = now;
    return true;
}

static void log_trouble(struct dnsbl_zone *z)
{
    struct log_line l;
    char code[DNSBL_CODE_TEXT];
    const struct dnsbl_status *s = &z->status;
    if (!hourly(&z->trouble_logged, utc(z))) {
        z->trouble_hidden++;
        return;
    }
    log_begin(&l, LOG_LEVEL_WARNING, "dnsbl-zone");
    log_str(&l, "zone", s->name);
    log_c(&l, "state", dnsbl_state_names[s->state]);
    log_c(&l, "reason", dnsbl_reason_names[s->reason]);
    if (s->code != 0 || s->reason == DNSBL_STRANGE)      /* 0.0.0.0 is one, too */
        log_c(&l, "code", dnsbl_code_text(s->code, code));
    log_i64(&l, "rest", s->until - utc(z));
    if (z->trouble_hidden > 0)
        log_u64(&l, "more", z->trouble_hidden);
    log_c(&l, "text", advice[s->reason]);
    log_end(&l);
    z->trouble_hidden = 0;
}

static void log_well(struct dnsbl_zone *z)
{
    struct log_line l;
    if (!hourly(&z->well_logged, utc(z)))
        return;
    log_begin(&l, LOG_LEVEL_NOTICE, "dnsbl-zone");
    log_str(&l, "zone", z->status.name);
    log_c(&l, "state", "well");
    log_c(&l, "text", "the list is asked again");
    log_end(&l);
}

/* --- the store: "1 STATE REASON CODE RESTS SINCE UNTIL MARK", all of it numbers --- */

#define STATE_NUMBERS 8

/* Of what is asked, key and all. A title that stands for another zone since, or for the same one
 * with another key, begins anew. Not a secret way to keep keys: it only has to differ. */
static uint64_t state_mark(const struct dnsbl_zone *z)
{
    static const struct hash_key always = { 0, 0 };
    return hash_str(always, z->o.zone);
}

static void state_keep(const struct dnsbl_zone *z)
{
    const struct dnsbl_status *s = &z->status;
    char text[192];
    if (z->parts.store == NULL)
        return;
    int n = snprintf(text, sizeof text, "1 %d %d %u %u %lld %lld %llu", (int)s->state,
                     (int)s->reason, s->code, s->rests, (long long)s->since, (long long)s->until,
                     (unsigned long long)state_mark(z));
    int64_t ends = (s->until > s->since ? s->until : utc(z)) + KEPT_S;
    store_put(z->parts.store, STORE_ZONES, s->name, str_make(text, (size_t)n), ends);
}

static bool state_numbers(struct str text, uint64_t numbers[STATE_NUMBERS])
{
    for (size_t i = 0; i < STATE_NUMBERS; i++) {
        if (str_u64(str_word(&text), &numbers[i]) != 0)
            return false;
    }
    return numbers[0] == 1 && numbers[1] <= DNSBL_PROBING && numbers[2] <= DNSBL_SILENT &&
           numbers[3] <= UINT32_MAX && numbers[4] <= 64 && numbers[6] <= INT64_MAX;
}

/* Go on with a rest. One that is over by now ends as it would have: by a probe, not by a restart; a
 * list that lists everything would refuse all mail until the first planned one. */
static void state_recall(struct dnsbl_zone *z)
{
    struct store_value value;
    struct dnsbl_status *s = &z->status;
    uint64_t n[STATE_NUMBERS];
    int64_t now = utc(z), longest = now + z->o.rest_max_s;
    if (z->parts.store == NULL ||
        store_get(z->parts.store, STORE_ZONES, s->name, now, &value) != 1 ||
        !state_numbers(value.bytes, n))
        return;
    bool over = (int64_t)n[6] <= now;
    if (n[1] == DNSBL_WELL || n[7] != state_mark(z) || (over && z->o.probe == DNSBL_PROBE_NONE))
        return;
    s->state = DNSBL_RESTING;
    s->reason = (enum dnsbl_reason)n[2];
    s->code = (uint32_t)n[3];
    s->rests = (uint32_t)n[4];
    s->since = (int64_t)n[5];
    s->until = over ? now : (int64_t)n[6] < longest ? (int64_t)n[6] : longest;
}

/* --- from state to state --- */

static unsigned rest_seconds(const struct dnsbl_zone *z)
{
    unsigned most = z->o.rest_max_s;
    if (z->status.reason == DNSBL_SILENT && most > DNSBL_SILENT_MAX_S)
        most = DNSBL_SILENT_MAX_S;
    unsigned seconds = z->o.rest_s;
    for (uint32_t i = 1; i < z->status.rests && seconds < most; i++)
        seconds *= 2;
    return seconds < most ? seconds : most;
}

static void rest(struct dnsbl_zone *z, enum dnsbl_reason reason, uint32_t code)
{
    struct dnsbl_status *s = &z->status;
    int64_t now = utc(z);
    if (s->state == DNSBL_RESTING)
        return;
    dnsbl_probing_stop(&z->probing);
    if (s->state == DNSBL_WELL && now - s->since >= DNSBL_HOUR_S)
        s->rests = 0;            /* it has been well for long enough: the back-off begins anew */
    s->state = DNSBL_RESTING;
    s->reason = reason;
    s->code = code;
    s->rests += s->rests < 32;
    s->since = now;
    s->until = now + rest_seconds(z);
    z->silent_row = 0;
    z->listed_row = 0;
    timer_set(z->parts.loop, &z->timer, (s->until - now) * 1000, on_timer, z);
    log_trouble(z);
    state_keep(z);
}

static void plan_probe(struct dnsbl_zone *z, int64_t ms)
{
    if (z->o.probe != DNSBL_PROBE_NONE)
        timer_set(z->parts.loop, &z->timer, ms, on_timer, z);
}

static void well(struct dnsbl_zone *z)
{
    struct dnsbl_status *s = &z->status;
    plan_probe(z, (int64_t)DNSBL_HOUR_S * 1000);
    if (s->state == DNSBL_WELL)
        return;
    s->state = DNSBL_WELL;
    s->reason = DNSBL_NO_REASON;
    s->code = 0;
    s->since = utc(z);
    s->until = 0;
    log_well(z);
    state_keep(z);
}

static void on_probed(void *ctx, enum dnsbl_reason reason, uint32_t code)
{
    struct dnsbl_zone *z = ctx;
    if (reason == DNSBL_NO_REASON) {
        z->silent_row = 0;
        well(z);
    } else if (reason == DNSBL_SILENT && z->status.state == DNSBL_WELL) {
        plan_probe(z, (int64_t)z->o.rest_s * 1000);    /* nothing is proved by silence alone */
        dnsbl_zone_report(z, DNSBL_SAID_NOTHING, 0);
    } else {
        rest(z, reason, code);
    }
}

static void probe(struct dnsbl_zone *z)
{
    if (z->parts.resolver == NULL)
        return;
    z->probed = true;
    z->probed_ms = loop_ms(z->parts.loop);
    z->asked_then = z->status.asked;
    z->listed_row = 0;
    dnsbl_probing_start(&z->probing, z->parts.resolver, &z->o);
}

static void on_timer(void *ctx)
{
    struct dnsbl_zone *z = ctx;
    struct dnsbl_status *s = &z->status;
    if (z->o.probe == DNSBL_PROBE_NONE) {
        well(z);
        return;
    }
    if (s->state == DNSBL_RESTING) {
        s->state = DNSBL_PROBING;
        s->until = 0;
    } else if (s->asked == z->asked_then && z->probed) {
        plan_probe(z, (int64_t)DNSBL_HOUR_S * 1000);   /* nobody has asked it since */
        return;
    }
    probe(z);
}

/* --- for the check --- */

struct dnsbl_zone *dnsbl_zone_new(const struct policy_parts *parts,
                                  const struct dnsbl_zone_options *o)
{
    struct dnsbl_zone *z = must_alloc(sizeof *z);
    z->parts = *parts;
    z->o = *o;
    z->probing.asker = (struct dnsbl_probe_asker){ on_probed, z };
    z->status.name = o->name;
    z->status.since = utc(z);
    state_recall(z);
    if (z->status.state == DNSBL_RESTING)
        timer_set(parts->loop, &z->timer, (z->status.until - utc(z)) * 1000, on_timer, z);
    else
        plan_probe(z, DNSBL_PROBE_FIRST_MS);
    return z;
}

void dnsbl_zone_free(struct dnsbl_zone **zp)
{
    struct dnsbl_zone *z = *zp;
    if (z == NULL)
        return;
    *zp = NULL;
    dnsbl_probing_stop(&z->probing);
    timer_cancel(z->parts.loop, &z->timer);
    free(z);
}

bool dnsbl_zone_usable(const struct dnsbl_zone *z)
{
    return z->status.state == DNSBL_WELL;
}

static void silent(struct dnsbl_zone *z)
{
    int64_t now = loop_ms(z->parts.loop);
    z->status.silent++;
    if (z->silent_row++ == 0)
        z->silent_since_ms = now;
    if (z->status.state == DNSBL_WELL && z->silent_row >= DNSBL_SILENT_COUNT &&
        now - z->silent_since_ms >= DNSBL_SILENT_MS)
        rest(z, DNSBL_SILENT, 0);
}

/* A probe out of turn. */
static void probe_now(struct dnsbl_zone *z)
{
    int64_t since = loop_ms(z->parts.loop) - z->probed_ms;
    if (dnsbl_probing_open(&z->probing) || z->o.probe == DNSBL_PROBE_NONE ||
        z->status.state != DNSBL_WELL || (z->probed && since < DNSBL_PROBE_AGAIN_MS))
        return;
    probe(z);
}

void dnsbl_zone_doubt(struct dnsbl_zone *z)
{
    z->status.asked++;
    z->status.refused++;
    z->silent_row = 0;
    probe_now(z);
}

void dnsbl_zone_report(struct dnsbl_zone *z, enum dnsbl_report report, uint32_t code)
{
    struct dnsbl_status *s = &z->status;
    s->asked++;
    if (report != DNSBL_SAID_NOTHING)
        z->silent_row = 0;
    bool counts = s->state == DNSBL_WELL;    /* else it was asked before the rest began */
    switch (report) {
    case DNSBL_SAID_NO:
        z->listed_row = 0;
        break;
    case DNSBL_SAID_LISTED:
        s->listed++;
        /* Most clients of a busy server are spammers, so this may be the truth: a probe will
         * tell. */
        if (++z->listed_row >= DNSBL_LISTED_ROW)
            probe_now(z);
        break;
    case DNSBL_SAID_REFUSED:
        s->refused++;
        if (counts)
            rest(z, DNSBL_REFUSES, code);
        break;
    case DNSBL_SAID_STRANGE:
        s->refused++;
        if (counts)
            rest(z, DNSBL_STRANGE, code);
        break;
    case DNSBL_SAID_NOTHING:
        silent(z);
        break;
    }
}

void dnsbl_zone_status(const struct dnsbl_zone *z, struct dnsbl_status *out)
{
    *out = z->status;
}

void dnsbl_zone_go_on(struct dnsbl_zone *z, const struct dnsbl_zone *before)
{
    z->status.asked = before->status.asked;
    z->status.listed = before->status.listed;
    z->status.refused = before->status.refused;
    z->status.silent = before->status.silent;
}

struct str dnsbl_zone_asked_name(const struct dnsbl_zone *z)
{
    return z->o.zone;
}
