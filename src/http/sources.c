/* SPDX-License-Identifier: Apache-2.0 */
/* sources.c (http/): one source: how it is, what was asked of it, what is missing; paused, read again, removed. */
#include <inttypes.h>

#include "answer/answer.h"
#include "http/private.h"
#include "store/connections.h"

static int no_source(const struct request *r, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "there is no source %s", r->id);
}

/* The source as the list has it, with what its connection says beside. 0 or -1. */
static int put_source(struct request *r, struct store *store, struct err *err)
{
	struct arena mem = {0};
	struct connection c;
	buf_clear(&r->out);
	int rc = answer_source(store, r->id, &r->out, err);
	if (rc == 1 && (rc = store_connection_get(store, r->id, &mem, &c, err)) == 1) {
		r->out.len--;
		buf_printf(&r->out, ",\"paused\":%s,\"settings\":%s", c.paused ? "true" : "false",
			c.settings);
		text_json_member(&r->out, "secrets", c.secrets);
		answer_time(
			&r->out, "history_wanted", c.backfill_from, c.backfill_from != INT64_MIN);
		answer_time(&r->out, "created_at", c.created_at, true);
		answer_time(&r->out, "changed_at", c.changed_at, true);
		buf_push(&r->out, '}');
	} else if (rc == 0 && r->out.len) {
		rc = 1; /* it was removed: its events and its ledger are still there */
	}
	arena_fini(&mem);
	return rc == 0 ? no_source(r, err) : rc < 0 ? -1 : 0;
}

int handle_source(struct request *r, struct err *err)
{
	struct store *store;
	if (request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	int rc = put_source(r, store, err);
	store_close(store);
	return reply_made(r, rc, "", err);
}

/* 1 where there is, or was, a source of that name. */
static int is_known(struct request *r, struct store *store, struct err *err)
{
	int rc = answer_source(store, r->id, &r->out, err);
	buf_clear(&r->out);
	return rc == 0 ? no_source(r, err) : rc;
}

int handle_source_ledger(struct request *r, struct err *err)
{
	int64_t since = INT64_MIN;
	uint64_t limit = 100;
	struct store *store;
	if (arg_time(r, "since", &since, err) < 0 ||
		arg_number(r, "limit", 100000, &limit, err) < 0 ||
		request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	int rc = is_known(r, store, err);
	if (rc > 0)
		rc = answer_ledger(store, r->id, since, (uint32_t)limit, &r->out, err);
	store_close(store);
	return reply_made(r, rc, "", err);
}

int handle_source_gaps(struct request *r, struct err *err)
{
	struct store *store;
	unsigned n;
	if (request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	int rc = is_known(r, store, err);
	if (rc > 0)
		rc = answer_gaps(store, r->id, &n, &r->out, err);
	store_close(store);
	return reply_made(r, rc, "", err);
}

/* ---- changes --------------------------------------------------------------------------------- */

static int pause_it(struct request *r, struct store *store, void *ctx, struct err *err)
{
	const bool *paused = ctx;
	int rc = store_connection_pause(store, r->id, *paused, err);
	return rc == 0 ? no_source(r, err) : rc < 0 ? -1 : put_source(r, store, err);
}

int handle_source_pause(struct request *r, struct err *err)
{
	bool paused = true;
	return reply_made(r, audited(r, "source pause", r->id, pause_it, &paused, err), "", err);
}

int handle_source_resume(struct request *r, struct err *err)
{
	bool paused = false;
	return reply_made(r, audited(r, "source resume", r->id, pause_it, &paused, err), "", err);
}

static int remove_it(struct request *r, struct store *store, void *ctx, struct err *err)
{
	uint64_t events = 0;
	(void)ctx;
	int rc = store_connection_remove(store, r->id, &events, err);
	buf_clear(&r->out);
	buf_puts(&r->out, "{\"removed\":");
	text_json_string(&r->out, slice_of(r->id));
	buf_printf(&r->out, ",\"events\":%" PRIu64 "}", events);
	return rc == 0 ? no_source(r, err) : rc < 0 ? -1 : 0;
}

int handle_source_remove(struct request *r, struct err *err)
{
	return reply_made(r, audited(r, "source remove", r->id, remove_it, NULL, err), "", err);
}
