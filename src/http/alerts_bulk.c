/* SPDX-License-Identifier: Apache-2.0 */
/* alerts_bulk.c: the same done to many alerts with one request: a few hundred in one transaction, one row in the audit log. */
#include <stdio.h>
#include <string.h>

#include "answer/answer.h"
#include "http/private.h"
#include "json/json.h"

enum {
	BULK_MOST = 1000, /* of a request */
	BULK_STEP = 250,  /* of a transaction: others may write in between */
};

struct bulk {
	struct alert_act act;
	uint32_t n;
	uint8_t (*ids)[ALERT_ID];
	const char **refused; /* of each; NULL = done */
};

static int take_id(struct bulk *b, struct slice value, struct err *err)
{
	char text[2 * ALERT_ID + 1];
	bool fits = value.len == sizeof(text) + 1 && value.ptr[0] == '"';
	snprintf(text, sizeof(text), "%.*s", fits ? 2 * ALERT_ID : 0, value.ptr + fits);
	if (b->n == BULK_MOST)
		return err_set(err, ERR_USAGE, "\"ids\": %d at most in one request", BULK_MOST);
	if (alert_id_parse(text, b->ids[b->n]) < 0)
		return err_set(err, ERR_USAGE,
			"\"ids\" must be whole ids of alerts: 32 hexadecimal digits each");
	for (uint32_t i = 0; i < b->n; i++) {
		if (memcmp(b->ids[i], b->ids[b->n], ALERT_ID) == 0)
			return 0; /* once is enough */
	}
	b->n++;
	return 0;
}

static int read_ids(struct request *r, struct bulk *b, struct err *err)
{
	struct slice list, value;
	b->ids = arena_zalloc(&r->mem, BULK_MOST + 1, ALERT_ID);
	b->refused = arena_zalloc(&r->mem, BULK_MOST, sizeof(*b->refused));
	if (json_member(buf_view(&r->body), "ids", &list) != 1)
		return err_set(err, ERR_USAGE, "there is no \"ids\" in the body: [\"…\",…]");
	for (size_t at = 0; json_item(list, &at, &value);) {
		if (take_id(b, value, err) < 0)
			return -1;
	}
	return b->n > 0 ? 0 : err_set(err, ERR_USAGE, "\"ids\" has none: [\"…\",…]");
}

static uint32_t count_refused(const struct bulk *b)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n; i++)
		n += b->refused[i] != NULL;
	return n;
}

/* What came of it: how many it was done to, those that it was not, and all as they are now. */
static int answer(struct request *r, struct store *store, const struct bulk *b, struct err *err)
{
	char id[2 * ALERT_ID + 1];
	const char *comma = "";
	buf_printf(&r->out, "{\"done\":%u,\"failed\":[", b->n - count_refused(b));
	for (uint32_t i = 0; i < b->n; i++) {
		if (!b->refused[i])
			continue;
		buf_printf(&r->out, "%s{\"id\":\"%s\"", comma, alert_id_text(b->ids[i], id));
		text_json_member(&r->out, "why", b->refused[i]);
		buf_push(&r->out, '}');
		comma = ",";
	}
	buf_puts(&r->out, "],\"alerts\":[");
	int rc = answer_alerts_these(store, (const uint8_t(*)[ALERT_ID])b->ids, b->n, &r->out, err);
	buf_puts(&r->out, "]}\n");
	return rc;
}

static int act_on_all(struct request *r, struct store *store, void *ctx, struct err *err)
{
	struct bulk *b = ctx;
	uint32_t done = 0;
	int rc = 0;
	while (rc == 0 && done < b->n && !r->stop) {
		uint32_t n = b->n - done < BULK_STEP ? b->n - done : BULK_STEP;
		rc = alerts_act(store, &b->act, (const uint8_t(*)[ALERT_ID]) & b->ids[done], n,
			&r->mem, &b->refused[done], err);
		done += rc == 0 ? n : 0;
	}
	uint32_t refused = count_refused(b);
	r->outcome = arena_printf(&r->mem, "done to %u of %u", done - refused, b->n);
	if (rc == 0 && done < b->n)
		return err_set(err, ERR_INTERRUPTED, "stopped: %s", r->outcome);
	return rc < 0 ? err_context(err, "%s", r->outcome) : answer(r, store, b, err);
}

static int bulk(struct request *r, const char *what, int state, struct err *err)
{
	struct bulk b = {0};
	char target[40];
	if (read_ids(r, &b, err) < 0 || alert_act_read(r, state, &b.act, err) < 0)
		return -1;
	snprintf(target, sizeof(target), "%u alert%s", b.n, b.n == 1 ? "" : "s");
	if (audited(r, what, target, act_on_all, &b, err) < 0) {
		buf_clear(&r->out);
		return -1;
	}
	reply_done(r, 200, "application/json");
	return 0;
}

int handle_alerts_ack(struct request *r, struct err *err)
{
	return bulk(r, "alert acknowledge", ALERT_ACKNOWLEDGED, err);
}

int handle_alerts_close(struct request *r, struct err *err)
{
	return bulk(r, "alert close", ALERT_CLOSED, err);
}

int handle_alerts_reopen(struct request *r, struct err *err)
{
	return bulk(r, "alert reopen", ALERT_OPEN, err);
}

int handle_alerts_comment(struct request *r, struct err *err)
{
	return bulk(r, "alert comment", -1, err);
}
