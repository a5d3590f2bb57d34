/* SPDX-License-Identifier: Apache-2.0 */
/* spill.h: the private folder of one query, for what it moves out of memory. */
#ifndef QUERY_SPILL_H
#define QUERY_SPILL_H

#include <stdio.h>
#include <string.h>

#include "base/err.h"

enum { SPILL_PATH = 1024 };

/* Makes an empty folder that only this user may enter, under TMPDIR or /var/tmp; its path is
 * absolute and resolved. Folders of processes that are gone are removed first. */
int spill_make(char dir[SPILL_PATH], struct err *err);
/* Removes the folder and what is in it; says nothing where something stays. */
void spill_remove(const char *dir);

#endif
