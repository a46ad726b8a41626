/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * library - a shared library that is loaded when it is needed
 *
 * Everything is resolved at once (RTLD_NOW): a missing function is an error here
 * and not the end of the process in the middle of the work. What was loaded
 * stays; GLib could not be unloaded anyhow.
 */
#include "base/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static int functions_find(struct library *l, void *handle)
{
    for (size_t i = 0; i < l->count; i++) {
        void *address = dlsym(handle, l->functions[i].name);
        if (address == NULL)
            return err_set(&l->err, ERR_MISSING, "cannot use %s: %s has no function %s; install "
                           "%s again", l->what, l->soname, l->functions[i].name, l->package);
        /* POSIX has addresses of functions fit into a void *; C has no cast for it. */
        memcpy(l->functions[i].place, &address, sizeof address);
    }
    return 0;
}

static void first_load(struct library *l)
{
    void *handle = dlopen(l->soname, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        const char *why = dlerror();
        err_set(&l->err, ERR_MISSING, "cannot load %s: %.200s; install %s", l->what,
                why == NULL ? l->soname : why, l->package);
        return;
    }
    if (functions_find(l, handle) == 0 && l->begin != NULL)
        l->begin();
}

int library_load(struct library *l, struct err *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    if (!l->tried)
        first_load(l);
    l->tried = true;
    pthread_mutex_unlock(&lock);
    if (l->err.kind == ERR_NONE)
        return 0;
    if (err != NULL)
        *err = l->err;
    return -1;
}
