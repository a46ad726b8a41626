/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan - what would have to change on a server so that its Exim asks posternd
 *
 * Exim is configured in as many ways as there are distributions and panels. Each has a place where
 * the administrator's own lines survive an update, and the plan uses that place and no other. What
 * the kit does is the same everywhere: a folder with a few ACL files, and one line for each of four
 * moments of a session that runs one of them.
 *
 * A plan is made by reading only. Nothing of it is a guess: where a line cannot go, a note says
 * which line belongs where. src/kit/apply.h carries it out.
 */
#ifndef POSTERN_KIT_PLAN_H
#define POSTERN_KIT_PLAN_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "kit/place.h"
#include "base/rootfs.h"

enum plan_layout {
    PLAN_PLAIN,          /* one configuration file of the administrator's own */
    PLAN_DEBIAN_SPLIT,   /* /etc/exim4/conf.d */
    PLAN_DEBIAN,         /* /etc/exim4/exim4.conf.template and exim4.conf.localmacros */
    PLAN_CPANEL,
    PLAN_DIRECTADMIN,
    PLAN_HESTIA,         /* and Vesta */
    PLAN_LAYOUTS
};

/* "plain", "debian-split", "debian", "cpanel", "directadmin", "hestia". */
const char *plan_layout_name(enum plan_layout layout);
/* 0, or -1 if there is no such layout. */
int plan_layout_parse(struct str name, enum plan_layout *out);

enum plan_stage { PLAN_CONNECT, PLAN_RCPT, PLAN_QUIT, PLAN_NOTQUIT, PLAN_STAGES };

#define PLAN_EDITS_MAX 32u
#define PLAN_TEXTS_MAX 16u

struct plan_edit {
    struct str path;
    struct place_file was;
    struct str text;         /* what it shall be */
};

struct plan_texts {
    struct str at[PLAN_TEXTS_MAX];
    size_t n;
};

struct plan_options {
    const char *layout;      /* a name, or NULL to find out */
    const char *config;      /* Exim's configuration file, or NULL; means the plain layout */
    const char *socket;      /* a path or inet:HOST:PORT; NULL for the usual one */
    const char *timeout;     /* as Exim writes times; NULL for the usual one */
    const char *exim;        /* the binary to ask for its configuration file, or NULL (--root) */
    bool builds;             /* `update` will be run, so `next` need not name it */
};

struct plan {
    const struct rootfs *fs;
    struct arena *arena;
    enum plan_layout layout;
    struct str why;                      /* how the layout is known */
    struct str config;                   /* Exim's configuration, as far as it is one file */
    struct str folder;                   /* of the kit */
    struct str socket, timeout;
    struct plan_edit edits[PLAN_EDITS_MAX];
    size_t edit_count;
    struct plan_texts notes;             /* what could not be done, and how to do it by hand */
    struct plan_texts next;              /* what to run afterwards */
    bool wired[PLAN_STAGES];             /* Exim will ask at that moment */
    bool later[PLAN_STAGES];             /* but only after a program in `next` was run */
    const char *update;                  /* builds the configuration from the files, or NULL */
};

/* Make the plan. Everything in it is the arena's, whose ceiling should be 64 MiB. 0; or -1, where
 * ERR_USAGE means that the options, or a configuration as it is, do not allow it. */
int plan_make(struct plan *p, const struct rootfs *fs, struct arena *a,
              const struct plan_options *o, struct err *err);

/* What to run afterwards for this layout: `next` and `update`. For an undo, which has no
 * plan. */
void plan_next(struct plan *p, bool builds);

/* True if the edit changes anything. */
bool plan_edit_changes(const struct plan_edit *e);

#endif
