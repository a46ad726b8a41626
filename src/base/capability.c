/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capability - the pieces that the rights of root are made of, given up
 *
 * The bounding set goes first, because that takes a capability itself. What is
 * left is asked of the kernel afterwards, never concluded from what was done.
 */
#define _GNU_SOURCE
#include "base/capability.h"

#ifdef __linux__

#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

_Static_assert(CAPABILITY_READ == 1u << CAP_DAC_READ_SEARCH, "the kernel's number");

static int set(uint32_t keep)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(data, 0, sizeof data);
    data[0].effective = keep;
    data[0].permitted = keep;
    return (int)syscall(SYS_capset, &head, data);
}

/* Of the first 32: what we have. All of them if that cannot be learned. */
static uint32_t get(bool *others_out)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(data, 0, sizeof data);
    *others_out = true;
    if (syscall(SYS_capget, &head, data) != 0)
        return UINT32_MAX;
    *others_out = data[1].permitted != 0;
    return data[0].permitted;
}

void capability_bound(void)
{
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

bool capability_drop(uint32_t keep, bool *kept_out)
{
    bool others;
    capability_bound();
    set(get(&others) & keep);
    uint32_t left = get(&others);
    *kept_out = left == keep;
    return (left & ~keep) == 0 && !others;
}

#else

void capability_bound(void)
{
}

bool capability_drop(uint32_t keep, bool *kept_out)
{
    *kept_out = keep == 0;
    return true;
}

#endif
