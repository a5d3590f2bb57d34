/* SPDX-License-Identifier: Apache-2.0 */
/* notifiers.c (http/): who is told of alerts: listed, paused, removed. */
#include <inttypes.h>

#include "answer/answer.h"
#include "http/private.h"
#include "store/notifiers.h"

int handle_notifiers(struct request *r, struct err *err)
{
	return reply_from_store(r, answer_notifiers, err);
}

static int none(const struct request *r, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "there is no notifier %s", r->id);
}

static int set_paused(struct request *r, struct store *store, void *ctx, struct err *err)
{
	const bool *paused = ctx;
	int rc = notifier_pause(store, r->id, *paused, err);
	if (rc <= 0)
		return rc < 0 ? -1 : none(r, err);
	buf_puts(&r->out, "{\"name\":");
	text_json_string(&r->out, slice_of(r->id));
	buf_printf(&r->out, ",\"paused\":%s}", *paused ? "true" : "false");
	return 0;
}

int handle_notifier_pause(struct request *r, struct err *err)
{
	bool paused = true;
	return reply_made(
		r, audited(r, "notifier pause", r->id, set_paused, &paused, err), "", err);
}

int handle_notifier_resume(struct request *r, struct err *err)
{
	bool paused = false;
	return reply_made(
		r, audited(r, "notifier resume", r->id, set_paused, &paused, err), "", err);
}

static int remove_one(struct request *r, struct store *store, void *ctx, struct err *err)
{
	uint64_t dropped = 0;
	(void)ctx;
	int rc = notifier_remove(store, r->id, &dropped, err);
	if (rc <= 0)
		return rc < 0 ? -1 : none(r, err);
	buf_puts(&r->out, "{\"removed\":");
	text_json_string(&r->out, slice_of(r->id));
	buf_printf(&r->out, ",\"dropped\":%" PRIu64 "}", dropped);
	return 0;
}

int handle_notifier_remove(struct request *r, struct err *err)
{
	return reply_made(r, audited(r, "notifier remove", r->id, remove_one, NULL, err), "", err);
}
