/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_verify - are the pages of a state file what LMDB takes them for?
 *
 * LMDB maps the file and follows the numbers in it. In a file that is damaged
 * or cut short that is a crash, or worse: a page that is in use is taken for a
 * free one and written over. So before LMDB sees a file, it is read here with
 * pread(2), every number checked before it is used.
 *
 * Depends on LMDB's format (data version 1, all of 0.9); a file of another
 * version is one that cannot be used.
 */
#ifndef POSTERN_STORE_STORE_VERIFY_H
#define POSTERN_STORE_STORE_VERIFY_H

#include "base/err.h"

/* Read the file through. 0: every page that is in use is whole, is used once, is not on the list
 * of free ones, and the keys stand in their order; or the file is empty. -1 with *err:
 * ERR_FORMAT what is wrong and where, ERR_IO. The bytes of values are not looked at. Takes about
 * 2 us a page. */
int store_verify(int fd, struct err *err);

#endif
