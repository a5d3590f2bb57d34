/* SPDX-License-Identifier: Apache-2.0 */
/* access_private.h: what access.c and audit.c share. */
#ifndef STORE_ACCESS_PRIVATE_H
#define STORE_ACCESS_PRIVATE_H

#include "store/access.h"
#include "store/private.h"

/* A row of the audit log, in the caller's transaction. */
int audit_insert(
	struct store *store, const struct audit_act *act, const char *result, struct err *err);

#endif
