/* SPDX-License-Identifier: Apache-2.0 */
/* alerts.c (http/): alerts, and what people do about them: each act has its row in the audit log before it is done. */
#include <stdio.h>
#include <string.h>

#include "answer/answer.h"
#include "http/private.h"
#include "query/evidence.h"

static int parse_states(const char *text, unsigned *states, struct err *err)
{
	char word[32];
	*states = 0;
	for (const char *at = text; *at; at += *at == ',') {
		size_t n = strcspn(at, ",");
		snprintf(word, sizeof(word), "%.*s", n < 31 ? (int)n : 31, at);
		int state = alert_state_named(word);
		if (strcmp(word, "all") == 0)
			*states |= (1u << ALERT_STATES) - 1;
		else if (state >= 0)
			*states |= 1u << state;
		else
			return err_set(err, ERR_USAGE,
				"state=%.80s: write open, acknowledged, closed, withdrawn (several "
				"by "
				"commas) or all",
				text);
		at += n;
	}
	return 0;
}

static int parse_levels(const char *text, unsigned *levels, struct err *err)
{
	char word[32];
	*levels = 0;
	for (const char *at = text; *at; at += *at == ',') {
		size_t n = strcspn(at, ",");
		snprintf(word, sizeof(word), "%.*s", n < 31 ? (int)n : 31, at);
		int level = level_named(word);
		if (level < 0)
			return err_set(err, ERR_USAGE,
				"levels=%.80s: write informational, low, medium, high, critical "
				"(several by commas)",
				text);
		*levels |= 1u << level;
		at += n;
	}
	return 0;
}

int handle_alerts(struct request *r, struct err *err)
{
	struct alert_filter filter = {.least_level = -1,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.rule = arg(r, "rule"),
		.text = arg(r, "text")};
	const char *state = arg(r, "state"), *level = arg(r, "level");
	const char *levels = arg(r, "levels"), *group = arg(r, "group");
	uint64_t limit = 1000;
	struct store *store;
	if (state && parse_states(state, &filter.states, err) < 0)
		return -1;
	if (level && (filter.least_level = level_named(level)) < 0)
		return err_set(err, ERR_USAGE,
			"level=%.40s: write informational, low, medium, high or critical", level);
	if (levels && parse_levels(levels, &filter.levels, err) < 0)
		return -1;
	if (group && strcmp(group, "rule") != 0)
		return err_set(err, ERR_USAGE, "group=%.40s: alerts are grouped by rule", group);
	if (arg_time(r, "since", &filter.since, err) < 0 ||
		arg_time(r, "until", &filter.until, err) < 0 ||
		arg_number(r, "limit", 100000, &limit, err) < 0 ||
		request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	filter.limit = (uint32_t)limit;
	int rc = (group ? answer_alerts_by_rule : answer_alerts)(store, &filter, &r->out, err);
	store_close(store);
	return reply_made(r, rc, "", err);
}

/* 0 found, -1. */
static int get(struct request *r, struct store *store, struct alert_info *alert, struct err *err)
{
	if (r->id[strspn(r->id, "0123456789abcdefABCDEF")] != '\0')
		return err_set(err, ERR_USAGE,
			"%s is no alert id: it has 32 hexadecimal digits, of which the first 6 may "
			"do",
			r->id);
	int rc = evidence_get(store, r->id, &r->mem, alert, err);
	return rc == 1  ? 0
	       : rc < 0 ? -1
			: err_set(err, ERR_NOT_FOUND, "there is no alert %s", r->id);
}

static int show(struct request *r, struct store *store, struct err *err)
{
	struct alert_info alert;
	if (get(r, store, &alert, err) < 0)
		return -1;
	buf_clear(&r->out);
	alert_json(&alert, true, &r->out);
	return reply_made(r, 0, "", err);
}

int handle_alert(struct request *r, struct err *err)
{
	struct store *store;
	if (request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	int rc = show(r, store, err);
	store_close(store);
	return rc;
}

/* ---- changes --------------------------------------------------------------------------------- */

struct change {
	const char *what;
	int state; /* -1 = a comment alone */
};

int alert_act_read(struct request *r, int state, struct alert_act *act, struct err *err)
{
	const char *word;
	*act = (struct alert_act){.state = state, .who = r->who};
	if (body_text(r, "comment", &act->comment, err) < 0 ||
		body_text(r, "reason", &word, err) < 0)
		return -1;
	int reason = word ? alert_reason_named(word) : REASON_NONE;
	if (state == ALERT_CLOSED ? reason <= REASON_NONE : word != NULL)
		return err_set(err, ERR_USAGE,
			state == ALERT_CLOSED ? "closing takes a \"reason\": "
						"true-positive, false-positive, benign or duplicate"
					      : "a \"reason\" goes with closing alone");
	if (state < 0 && (!act->comment || !*act->comment))
		return err_set(err, ERR_USAGE, "there is no \"comment\" in the body");
	act->reason = (enum alert_reason)reason;
	return 0;
}

static int act(struct request *r, struct store *store, const struct change *change,
	const struct alert_info *alert, struct err *err)
{
	struct alert_act wanted;
	if (alert_act_read(r, change->state, &wanted, err) < 0)
		return -1;
	return wanted.state < 0 ? alerts_comment(store, alert->id, r->who, wanted.comment, err)
				: alerts_set(store, alert->id, (enum alert_state)wanted.state,
					  wanted.reason, r->who, wanted.comment, err);
}

/* The act between the two halves of its row. */
static int recorded(
	struct request *r, struct store *store, const struct change *change, struct err *err)
{
	struct alert_info alert;
	char id[2 * ALERT_ID + 1], result[1100];
	int64_t row;
	if (get(r, store, &alert, err) < 0)
		return -1;
	struct audit_act done = {r->who, r->from, change->what, alert_id_text(alert.id, id)};
	if (audit_begin(store, &done, &row, err) < 0)
		return -1;
	int rc = act(r, store, change, &alert, err);
	struct err later;
	snprintf(result, sizeof(result), rc < 0 ? "refused: %s" : "done", err->text);
	if (audit_end(store, row, result, &later) < 0) {
		log_error("the audit log: %s", later.text);
		if (rc == 0)
			rc = err_set(err, ERR_IO,
				"it was done, but the audit log could not be written: %s",
				later.text);
	}
	return rc < 0 ? -1 : show(r, store, err);
}

static int change(struct request *r, const char *what, int state, struct err *err)
{
	struct change wanted = {what, state};
	struct store *store;
	if (request_store(r, STORE_WRITE, &store, err) < 0)
		return -1;
	int rc = recorded(r, store, &wanted, err);
	store_close(store);
	return rc;
}

int handle_alert_ack(struct request *r, struct err *err)
{
	return change(r, "alert acknowledge", ALERT_ACKNOWLEDGED, err);
}

int handle_alert_close(struct request *r, struct err *err)
{
	return change(r, "alert close", ALERT_CLOSED, err);
}

int handle_alert_reopen(struct request *r, struct err *err)
{
	return change(r, "alert reopen", ALERT_OPEN, err);
}

int handle_alert_comment(struct request *r, struct err *err)
{
	return change(r, "alert comment", -1, err);
}
