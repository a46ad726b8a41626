/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * landlock - which files and ports a process may still reach
 *
 * Linux's Landlock (5.13 and later) lets a process give up access for itself,
 * without being root: rights that a ruleset "handles" are denied wherever no
 * rule grants them. By raw system calls, because the headers of the build
 * machine say nothing about the kernel that the program will run on. What a
 * kernel is too old for is left out; the ABI that is returned says how much
 * that was.
 */
#ifndef POSTERN_BASE_LANDLOCK_H
#define POSTERN_BASE_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What stays allowed below a folder, or for a file. Ioctls on devices and programs never do. */
struct landlock_path {
    const char *path;            /* one that is not there is passed over */
    bool write;                  /* reading always; writing, making and removing too */
};

struct landlock_rules {
    bool reading;                /* reading is given up, too, outside of `paths` */
    const struct landlock_path *paths;
    size_t path_count;
    const uint16_t *connect_ports, *bind_ports;    /* of TCP; only these (from ABI 4) */
    size_t connect_count, bind_count;
};

#define LANDLOCK_ABI_TRUNCATE 3  /* from here on nothing can be cut either */
#define LANDLOCK_ABI_TCP 4
#define LANDLOCK_ABI_SCOPE 6     /* signals and abstract sockets stay inside of the process */

/* Give up all else, for this thread and what it starts, for good. Needs no_new_privs (prctl). The
 * ABI that is in force, or 0 where Landlock is not there or refused. */
int landlock_apply(const struct landlock_rules *rules);

#endif
