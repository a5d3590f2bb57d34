/* SPDX-License-Identifier: Apache-2.0 */
/* access_private.h: what tokens, users, sessions and the audit log share. */
#ifndef STORE_ACCESS_PRIVATE_H
#define STORE_ACCESS_PRIVATE_H

#include "store/access.h"
#include "store/private.h"

/* A row of the audit log, in the caller's transaction. */
int audit_insert(
	struct store *store, const struct audit_act *act, const char *result, struct err *err);
/* The row of an act that is part of the caller's transaction. 0 or -1. */
int audit_done(struct store *store, const struct audit_act *by, const char *what,
	const char *target, struct err *err);

enum { RANDOM_TEXT = 65 };
/* n bytes as hex digits and a NUL. */
void access_hex(const uint8_t *bytes, size_t n, char *text);
/* Whether `text` is 64 small hex digits. */
bool access_is_hex(struct slice text);
/* 256 random bits as hex digits. 0 or -1. */
int access_random(char text[RANDOM_TEXT], struct err *err);

#endif
