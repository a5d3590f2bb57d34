/* SPDX-License-Identifier: Apache-2.0 */
/* alerts_private.h: what the files of alerts share: rows, notes, the queue. */
#ifndef STORE_ALERTS_PRIVATE_H
#define STORE_ALERTS_PRIVATE_H

#include "store/alerts.h"
#include "store/private.h"

#define ALERT_US_DAY INT64_C(86400000000)
#define ALERT_SELF   "pugmark" /* who notes what happened by itself */

/* alerts_evidence.c: the events of an alert, by its row number. */
/* In the caller's transaction: they become those of `f`; a copy that `old` (NULL = none) has stays where `f` gives none. 0 or -1. */
int alert_evidence_put(struct store *store, int64_t n, const struct alert_found *f,
	const struct alert_found *old, struct buf *scratch, struct err *err);
/* Sets f->events, texts in `mem`. 0 or -1. */
int alert_evidence_get(
	struct store *store, int64_t n, struct arena *mem, struct alert_found *f, struct err *err);

/* In the caller's transaction, of an alert by its row number: */
int alert_note_add(struct store *store, int64_t n, int64_t now, const char *who, const char *text,
	struct err *err);
/* Queues notices for all notifiers whose filter takes it; `change`: new, reopened (notifiers.c). */
int alert_queue(struct store *store, int64_t n, const uint8_t id[ALERT_ID], unsigned level,
	const char *rule, const char *change, int64_t now, struct err *err);

#endif
