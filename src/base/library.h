/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * library - a shared library that is loaded when it is needed
 *
 * The dynamic linker takes longer to bring in GMime, libarchive and the thirty
 * libraries behind them than trace needs to find a message in a gigabyte of log,
 * and most runs need neither. So these two are not linked: their functions are
 * looked up by name, in the very version (soname) that the build saw.
 *
 * A soname has no slash: the library comes from where the dynamic linker finds every other
 * one of this program, never from the working folder or a path of our own making.
 */
#ifndef POSTERN_BASE_LIBRARY_H
#define POSTERN_BASE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* A function of the library, and the pointer to functions of its type that gets its address. */
struct library_function {
    const char *name;
    void *place;
};

/* Constant but for the last two fields. One for each library, for as long as the program runs. */
struct library {
    const char *soname;          /* "libarchive.so.13" */
    const char *what;            /* for the error: "GMime, which takes complaints apart" */
    const char *package;         /* Debian's name for it: what to install */
    const struct library_function *functions;
    size_t count;
    void (*begin)(void);         /* called once, when all places are filled; or NULL */
    bool tried;
    struct err err;              /* ERR_NONE: it is there */
};

/* Load it, fill every place, begin. Later calls answer as the first did. Needs no right that
 * confine_read_only() takes. Safe in threads. 0, or -1: ERR_MISSING where the library is not
 * installed or lacks a function; *err says which, and what to install. */
int library_load(struct library *l, struct err *err);

#endif
