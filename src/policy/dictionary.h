/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dictionary - what the dictionary check knows of a client
 *
 * For the other checks: a ban of a whole network, made because of some of its
 * hosts, must not hit the one in it that sends good mail.
 */
#ifndef POSTERN_POLICY_DICTIONARY_H
#define POSTERN_POLICY_DICTIONARY_H

#include <stdbool.h>

struct check_run;

/* The client sends good mail: by what is counted of it now, or it did within the last days. */
bool dictionary_client_good(const struct check_run *run);

#endif
