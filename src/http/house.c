/* SPDX-License-Identifier: Apache-2.0 */
/* house.c: routes that answer from the catalog: health, status, sources, watchlists, one event, the audit log. */
#include <inttypes.h>

#include "answer/answer.h"
#include "http/private.h"

#define JSON "application/json"

int handle_health(struct request *r, struct err *err)
{
	(void)err;
	buf_puts(&r->out, "{\"status\":\"ok\"}\n");
	reply_done(r, 200, JSON);
	return 0;
}

static int make_ready(struct store *store, struct buf *out, struct err *err)
{
	uint64_t counts[ALERT_STATES][RULE_LEVELS];
	buf_puts(out, "{\"status\":\"ready\"}");
	return alerts_counts(store, counts, err);
}

static int make_sources(struct store *store, struct buf *out, struct err *err)
{
	buf_puts(out, "{\"sources\":[");
	int rc = answer_sources(store, out, NULL, err);
	buf_puts(out, "]}");
	return rc;
}

int handle_ready(struct request *r, struct err *err)
{
	return reply_from_store(r, make_ready, err);
}

int handle_status(struct request *r, struct err *err)
{
	return reply_from_store(r, answer_status, err);
}

int handle_sources(struct request *r, struct err *err)
{
	return reply_from_store(r, make_sources, err);
}

int handle_watchlists(struct request *r, struct err *err)
{
	return reply_from_store(r, answer_watchlists, err);
}

int handle_event(struct request *r, struct err *err)
{
	struct store *store;
	uint8_t id[16];
	if (text_parse_uuid(slice_of(r->id), id) < 0)
		return err_set(err, ERR_USAGE,
			"%s is no event id: it has 32 hexadecimal digits, hyphens between or not",
			r->id);
	if (request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	int rc = answer_event(store, id, &r->out, err);
	store_close(store);
	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND, "no event has the id %s", r->id);
	return reply_made(r, rc < 0 ? -1 : 0, "", err);
}

/* ---- the audit log --------------------------------------------------------------------------- */

struct acts {
	struct buf *out;
	unsigned n;
	int64_t last;
};

static int add_act(void *ctx, const struct audit_row *row, struct err *err)
{
	struct acts *acts = ctx;
	char time[CLOCK_TEXT];
	(void)err;
	buf_printf(acts->out, "%s{\"id\":%" PRId64, acts->n++ ? "," : "", row->id);
	text_json_member(acts->out, "time", clock_text(row->at, time));
	text_json_member(acts->out, "who", row->act.who);
	text_json_member(acts->out, "from", row->act.from);
	text_json_member(acts->out, "what", row->act.what);
	text_json_member(acts->out, "target", row->act.target);
	text_json_member(acts->out, "result", *row->result ? row->result : NULL);
	buf_push(acts->out, '}');
	acts->last = row->id;
	return 0;
}

int handle_audit(struct request *r, struct err *err)
{
	struct audit_filter filter = {.since = INT64_MIN, .until = INT64_MAX};
	struct acts acts = {.out = &r->out};
	struct store *store;
	uint64_t limit = 100, before = 0;
	if (arg_time(r, "since", &filter.since, err) < 0 ||
		arg_time(r, "until", &filter.until, err) < 0 ||
		arg_number(r, "limit", 10000, &limit, err) < 0 ||
		arg_number(r, "before", INT64_MAX, &before, err) < 0 ||
		request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	filter.limit = limit ? (uint32_t)limit : 10000;
	filter.before = (int64_t)before;
	filter.text = arg(r, "text");
	buf_puts(&r->out, "{\"acts\":[");
	int rc = audit_list(store, &filter, add_act, &acts, err);
	store_close(store);
	if (rc < 0)
		return -1;
	buf_puts(&r->out, "]");
	if (acts.n == filter.limit)
		buf_printf(&r->out, ",\"before\":%" PRId64, acts.last);
	return reply_made(r, 0, "}", err);
}
