/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan_place - where the lines go on each kind of server
 *
 * Always the place that survives updates: a file of one's own in conf.d, the
 * macros of the unsplit Debian configuration, the hooks that cPanel and
 * DirectAdmin keep for additions. Only a plain configuration and Hestia's
 * template are edited themselves.
 *
 * On Debian the ACL for RCPT is chosen by a macro, and ours stands in front of it: the hook
 * CHECK_RCPT_LOCAL_ACL_FILE would come behind Debian's own check of the recipient, too late to hear
 * of unknown ones.
 */
#include "kit/conftext.h"
#include "kit/plan_internal.h"

#define CPANEL_ACLS "/usr/local/cpanel/etc/exim/acls"
#define CPANEL_SWITCHES "/etc/exim.conf.localopts"
#define DIRECTADMIN_RCPT "/etc/exim.acl_check_recipient.pre.conf"
#define DIRECTADMIN_OPTIONS "/etc/exim.variables.conf.custom"

struct stage {
    const char *option;      /* of Exim's main section */
    const char *file;        /* of the kit, and the block's name */
    const char *verb;        /* in front of "acl = FILE" in an ACL that is there already */
    const char *block;       /* cPanel's */
    const char *hook;        /* cPanel's file there */
};

static const struct stage stages[PLAN_STAGES] = {
    [PLAN_CONNECT] = { "acl_smtp_connect", "connect", "require", "ACL_CONNECT_BLOCK",
                       "custom_begin_connect" },
    [PLAN_RCPT] = { "acl_smtp_rcpt", "rcpt", "require", "ACL_RECIPIENT_BLOCK",
                    "custom_begin_recipient" },
    [PLAN_QUIT] = { "acl_smtp_quit", "quit", "warn", "ACL_SMTP_QUIT_BLOCK",
                    "custom_begin_smtp_quit" },
    [PLAN_NOTQUIT] = { "acl_smtp_notquit", "notquit", "warn", "ACL_NOTQUIT_BLOCK",
                       "custom_begin_notquit" },
};

/* A file of the kit as the value of an option or a condition, with what holds without it. A running
 * Exim has its configuration in memory: between an undo and its reload, and whenever somebody
 * removes the folder, mail has to flow. There is no blank in it, because the condition `acl` would
 * end there. */
static struct str file_of(struct plan *p, const char *file, const char *otherwise)
{
    struct str path = plan_text(p, "%.*s/%s", STR_ARG(p->folder), file);
    return plan_text(p, "${if!exists{%.*s}{%s}{%.*s}}", STR_ARG(path), otherwise,
                     STR_ARG(path));
}

/* The line that goes into an ACL. */
static struct str call_of(struct plan *p, const struct stage *s)
{
    return plan_text(p, "%s acl = %.*s", s->verb, STR_ARG(file_of(p, s->file, "accept")));
}

static struct str call_line(struct plan *p, const struct stage *s)
{
    return plan_text(p, "  %.*s\n", STR_ARG(call_of(p, s)));
}

/* The option itself, where it is not set yet. */
static struct str option_line(struct plan *p, const struct stage *s)
{
    return plan_text(p, "%s = %.*s\n", s->option, STR_ARG(file_of(p, s->file, "accept")));
}

static void by_hand(struct plan *p, const struct stage *s, struct str why)
{
    plan_add(&p->notes, plan_text(p, "%s: %.*s; put this line at the top of that ACL yourself: "
                                  "%.*s", s->option, STR_ARG(why), STR_ARG(call_of(p, s))));
}

static int rcpt_missing(struct plan *p, struct err *err)
{
    if (p->wired[PLAN_RCPT])
        return 0;
    struct str note = p->notes.n > 0 ? p->notes.at[p->notes.n - 1] : STR("");
    for (size_t i = 0; i < p->notes.n; i++) {
        if (str_starts(p->notes.at[i], STR("acl_smtp_rcpt")))
            note = p->notes.at[i];
    }
    return err_set(err, ERR_USAGE, "%.*s: nothing was found that could ask at RCPT; %.*s",
                   STR_ARG(p->config), STR_ARG(note));
}

/* --- one file with everything: a plain configuration, Hestia's template --- */

/* Put the call into the ACL that the configuration names, or find out why that cannot be. Returns 1
 * if the option is not set at all. */
static int acl_extend(struct plan *p, struct plan_edit *e, enum plan_stage stage, struct str config)
{
    const struct stage *s = &stages[stage];
    struct str value;
    size_t at;
    if (!conftext_option(config, str_c(s->option), &value) || str_empty(value))
        return 1;
    if (conftext_option_varies(config, str_c(s->option)))
        by_hand(p, s, STR("it is set in more than one place"));
    else if (!conftext_acl_name(value))
        by_hand(p, s, plan_text(p, "its value is no plain name (%.*s)", STR_ARG(value)));
    else if (!conftext_acl(e->text, value, &at))
        by_hand(p, s, plan_text(p, "the ACL %.*s is not in %.*s", STR_ARG(value),
                                STR_ARG(e->path)));
    else
        p->wired[stage] = plan_block(p, e, str_c(s->file), call_line(p, s), at) == 0;
    return 0;
}

static int file_blocks(struct plan *p, struct str config, struct err *err)
{
    struct plan_edit *e = plan_edit(p, p->config, err);
    struct buf options;
    if (e == NULL)
        return -1;
    buf_init(&options, 4096);
    for (int i = 0; i < PLAN_STAGES; i++) {
        if (acl_extend(p, e, (enum plan_stage)i, config) == 0)
            continue;
        if (i == PLAN_RCPT) {   /* such an Exim takes no mail by SMTP, or all of it */
            plan_add(&p->notes, STR("acl_smtp_rcpt is not set"));
            continue;
        }
        buf_add(&options, option_line(p, &stages[i]));
        p->wired[i] = true;
    }
    if (options.n > 0)
        plan_block(p, e, STR("options"), buf_str(&options), conftext_main_end(e->text));
    buf_fini(&options);
    return rcpt_missing(p, err);
}

/* --- Debian --- */

static void debian_option(struct plan *p, enum plan_stage stage, struct str config,
                          struct buf *options)
{
    const struct stage *s = &stages[stage];
    struct str value;
    if (conftext_option(config, str_c(s->option), &value) && !str_empty(value)) {
        by_hand(p, s, plan_text(p, "it is already %.*s", STR_ARG(value)));
        return;
    }
    buf_add(options, option_line(p, s));
    p->wired[stage] = true;
}

static void debian_rcpt(struct plan *p, struct str config, struct buf *options)
{
    struct str macro = STR("MAIN_ACL_CHECK_RCPT"), value;
    bool usual = conftext_option(config, macro, &value) && !conftext_option_varies(config, macro) &&
                 str_eq(value, STR("acl_check_rcpt"));
    if (usual && conftext_option(config, STR("acl_smtp_rcpt"), &value))
        usual = str_eq(value, STR("acl_check_rcpt"));
    if (!usual) {
        by_hand(p, &stages[PLAN_RCPT], STR("MAIN_ACL_CHECK_RCPT is not acl_check_rcpt"));
        return;
    }
    buf_addf(options, "MAIN_ACL_CHECK_RCPT = %.*s\n",
             STR_ARG(file_of(p, "check_rcpt", "acl_check_rcpt")));
    p->wired[PLAN_RCPT] = true;
}

static int debian_blocks(struct plan *p, struct str config, struct err *err)
{
    struct plan_edit *e = plan_edit(p, p->layout == PLAN_DEBIAN_SPLIT
        ? STR("/etc/exim4/conf.d/main/000_postern")
        : STR("/etc/exim4/exim4.conf.localmacros"), err);
    struct buf options;
    if (e == NULL)
        return -1;
    buf_init(&options, 4096);
    debian_option(p, PLAN_CONNECT, config, &options);
    debian_rcpt(p, config, &options);
    debian_option(p, PLAN_QUIT, config, &options);
    debian_option(p, PLAN_NOTQUIT, config, &options);
    plan_block(p, e, STR("options"), buf_str(&options), PLAN_AT_END);
    buf_fini(&options);
    return rcpt_missing(p, err);
}

/* --- cPanel --- */

/* cPanel takes a hook into its configuration only if this file says so. */
static int cpanel_switches(struct plan *p, struct err *err)
{
    struct plan_edit *e = plan_edit(p, STR(CPANEL_SWITCHES), err);
    struct buf lines;
    if (e == NULL)
        return -1;
    struct str rest = conftext_strip(p->arena, e->text);
    buf_init(&lines, 4096);
    for (int i = 0; i < PLAN_STAGES; i++) {
        struct str name = plan_text(p, "acl_%s", stages[i].hook), value;
        if (!p->wired[i])
            continue;
        if (!conftext_option(rest, name, &value)) {
            buf_addf(&lines, "%.*s=1\n", STR_ARG(name));
        } else if (str_eq(value, STR("0")) || str_empty(value)) {
            plan_add(&p->notes, plan_text(p, "%s switches %s off, as WHM does with an empty hook: "
                                          "set %.*s=1 there", CPANEL_SWITCHES, stages[i].hook,
                                          STR_ARG(name)));
            p->wired[i] = false;
        }
    }
    if (lines.n > 0)
        plan_block(p, e, STR("hooks"), buf_str(&lines), PLAN_AT_END);
    buf_fini(&lines);
    return 0;
}

static int cpanel_blocks(struct plan *p, struct err *err)
{
    for (int i = 0; i < PLAN_STAGES; i++) {
        const struct stage *s = &stages[i];
        struct str folder = plan_text(p, "%s/%s", CPANEL_ACLS, s->block);
        if (!place_is_folder(p->fs, folder)) {
            by_hand(p, s, plan_text(p, "this cPanel has no %.*s", STR_ARG(folder)));
            continue;
        }
        struct plan_edit *e = plan_edit(p, plan_text(p, "%.*s/%s", STR_ARG(folder), s->hook), err);
        if (e == NULL)
            return -1;
        p->wired[i] = plan_block(p, e, str_c(s->file), call_line(p, s), 0) == 0;
        p->later[i] = true;
    }
    return cpanel_switches(p, err) != 0 ? -1 : rcpt_missing(p, err);
}

/* --- DirectAdmin --- */

static int directadmin_stage(struct plan *p, enum plan_stage stage, struct str config,
                             struct err *err)
{
    const struct stage *s = &stages[stage];
    struct str value = STR(""), hook = STR("");
    bool set = conftext_option(config, str_c(s->option), &value) && !str_empty(value);
    if (set && !conftext_acl_hook(config, value, &hook)) {
        if (stage != PLAN_RCPT) {
            by_hand(p, s, plan_text(p, "the ACL %.*s includes no file for additions",
                                    STR_ARG(value)));
            return 0;
        }
        plan_add(&p->notes, STR("acl_smtp_rcpt: /etc/exim.conf does not include "
                                DIRECTADMIN_RCPT ": build a newer one with da build exim_conf"));
        return 0;
    }
    if (!set && stage == PLAN_RCPT)
        return 0;
    struct plan_edit *e = plan_edit(p, set ? hook : STR(DIRECTADMIN_OPTIONS), err);
    if (e == NULL)
        return -1;
    struct str line = set ? call_line(p, s) : option_line(p, s);
    p->wired[stage] = plan_block(p, e, str_c(s->file), line, set ? 0 : PLAN_AT_END) == 0;
    p->later[stage] = !set;
    return 0;
}

static int directadmin_blocks(struct plan *p, struct str config, struct err *err)
{
    for (int i = 0; i < PLAN_STAGES; i++) {
        if (directadmin_stage(p, (enum plan_stage)i, config, err) != 0)
            return -1;
    }
    return rcpt_missing(p, err);
}

int plan_blocks(struct plan *p, struct str config, struct err *err)
{
    switch (p->layout) {
    case PLAN_DEBIAN_SPLIT:
    case PLAN_DEBIAN:
        return debian_blocks(p, config, err);
    case PLAN_CPANEL:
        return cpanel_blocks(p, err);
    case PLAN_DIRECTADMIN:
        return directadmin_blocks(p, config, err);
    case PLAN_PLAIN:
    case PLAN_HESTIA:
    case PLAN_LAYOUTS:
        break;
    }
    return file_blocks(p, config, err);
}

void plan_next(struct plan *p, bool builds)
{
    switch (p->layout) {
    case PLAN_DEBIAN_SPLIT:
    case PLAN_DEBIAN:
    case PLAN_HESTIA:
        p->update = "/usr/sbin/update-exim4.conf";
        if (!builds)
            plan_add(&p->next, STR("update-exim4.conf"));
        plan_add(&p->next, STR("systemctl reload exim4"));
        break;
    case PLAN_CPANEL:
        plan_add(&p->next, STR("/usr/local/cpanel/scripts/buildeximconf"));
        plan_add(&p->next, STR("/usr/local/cpanel/scripts/restartsrv_exim"));
        break;
    case PLAN_DIRECTADMIN:
        plan_add(&p->next, STR("da build exim_conf"));
        plan_add(&p->next, STR("systemctl restart exim"));
        break;
    case PLAN_PLAIN:
    case PLAN_LAYOUTS:
        plan_add(&p->next, STR("systemctl reload exim"));
        break;
    }
}
