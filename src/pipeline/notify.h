/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.h: the queue of notices (store/notifiers.h) and who sends them (notify/): each is sent at least once, however the
 * program ends: it leaves the queue after the other side took it. What fails is tried again with growing pauses, for a
 * day; then it is given up, kept with its error, and shown. More than NOTIFY_TOGETHER that are due at once for
 * one notifier become one message that says how many.
 */
#ifndef PIPELINE_NOTIFY_H
#define PIPELINE_NOTIFY_H

#include "notify/notify.h"
#include "store/notifiers.h"

enum { NOTIFY_TOGETHER = 20 };

struct notify_options {
	const char *key_file; /* NULL = the usual places */
	bool once;            /* send what is due now, and end */
	const volatile sig_atomic_t *stop;
};
struct notify_result {
	uint64_t sent, failed; /* notices */
	struct err why;        /* of the last failure */
};
/* Sends what is due, until *stop, or until nobody is to be told any more (or once). ERR_BUSY where another process does so. 0, also where something failed (*result), or -1. */
int notify_run(struct store *store, const struct notify_options *options,
	struct notify_result *result, struct err *err);

/* Saves a notifier after checking it; secrets are those of notify_kind.secrets that the target has. `settings` of the notifier are
 * made from the target. 0 or -1. */
int notify_save(struct store *store, const struct notifier *notifier,
	const struct notify_target *target, const char *key_file, struct err *err);
/* Sends a test message through a notifier that is saved. 0, or -1: ERR_NOT_FOUND, or why it did not go. */
int notify_try(struct store *store, const char *name, const struct notify_options *options,
	struct err *err);
/* Sends a checkpoint in the same way: `summary` in one line, and the signed note. */
int notify_checkpoint(struct store *store, const char *name, const char *summary, const char *note,
	const struct notify_options *options, struct err *err);

#endif
