/* SPDX-License-Identifier: Apache-2.0 */
/* alerts_people.c: what people do about alerts: states and comments, each a note that stays. */
#include <string.h>

#include "store/alerts_private.h"

int alert_note_add(struct store *store, int64_t n, int64_t now, const char *who, const char *text,
	struct err *err)
{
	return catalog_run(store, err,
		"INSERT INTO alert_notes(alert, at, who, text) VALUES(?, ?, ?, ?)", "iitt", n, now,
		who, text);
}

struct row {
	int64_t n;
	enum alert_state state;
};

/* By id or alias. */
static int find_row(
	struct store *store, const uint8_t id[ALERT_ID], struct row *row, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT n, state FROM alerts WHERE id = ?1 OR n ="
		" (SELECT alert FROM alert_aliases WHERE id = ?1)",
		"b", id, (size_t)ALERT_ID);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1)
		*row = (struct row){sqlite3_column_int64(stmt, 0),
			(enum alert_state)sqlite3_column_int(stmt, 1)};
	catalog_done(store, stmt);
	char text[2 * ALERT_ID + 1];
	return rc == 0 ? err_set(err, ERR_NOT_FOUND, "there is no alert %s",
				 alert_id_text(id, text))
		       : rc;
}

static int check_words(const char *who, const char *text, struct err *err)
{
	if (strlen(who) <= LIMIT_ALERT_NOTE && strlen(text) <= LIMIT_ALERT_NOTE &&
		text_utf8_valid(slice_of(who)) && text_utf8_valid(slice_of(text)))
		return 0;
	return err_set(err, ERR_USAGE, "a comment must be UTF-8 of at most %d bytes",
		(int)LIMIT_ALERT_NOTE);
}

/* What may become what; what is the same again may be said again, but for opening. */
static int check_change(
	enum alert_state from, enum alert_state to, enum alert_reason reason, struct err *err)
{
	if (to == ALERT_WITHDRAWN)
		return err_set(err, ERR_USAGE,
			"alerts are withdrawn when the stored events no longer "
			"support them, not by people: close it");
	if (from == ALERT_WITHDRAWN)
		return err_set(err, ERR_USAGE,
			"this alert is withdrawn: the stored events no longer support "
			"it; comments are taken all the same");
	if (to == ALERT_ACKNOWLEDGED && from == ALERT_CLOSED)
		return err_set(err, ERR_USAGE, "this alert is closed: reopen it first");
	if (to == ALERT_OPEN && from == ALERT_OPEN)
		return err_set(err, ERR_USAGE, "this alert is open already");
	if (to == ALERT_CLOSED && (reason <= REASON_NONE || reason >= ALERT_REASONS))
		return err_set(err, ERR_USAGE,
			"closing takes a reason: true-positive, false-positive, benign "
			"or duplicate");
	return 0;
}

static int set_state(struct store *store, const struct row *row, enum alert_state state,
	enum alert_reason reason, const char *who, const char *comment, struct err *err)
{
	struct buf text;
	int64_t now = clock_now_us();
	buf_init(&text, 2 * LIMIT_ALERT_NOTE);
	buf_puts(&text, state == ALERT_OPEN ? "reopened" : alert_state_name(state));
	if (state == ALERT_CLOSED)
		buf_printf(&text, " as %s", alert_reason_name(reason));
	if (*comment)
		buf_printf(&text, ": %s", comment);
	buf_push(&text, '\0');
	int rc = catalog_run(store, err,
		"UPDATE alerts SET state = ?, reason = ?, changed_at = ?, new_events = 0 WHERE n = "
		"?",
		"iiii", (int64_t)state, (int64_t)(state == ALERT_CLOSED ? reason : REASON_NONE),
		now, row->n);
	if (rc == 0)
		rc = alert_note_add(store, row->n, now, who, text.ptr, err);
	buf_fini(&text);
	return rc;
}

/* To one alert, in the caller's transaction. What a refusal (ERR_USAGE, ERR_NOT_FOUND) is about has not been written to. */
static int do_act(struct store *store, const uint8_t id[ALERT_ID], const struct alert_act *act,
	struct err *err)
{
	struct row row = {0};
	const char *comment = act->comment ? act->comment : "";
	if (find_row(store, id, &row, err) != 1)
		return -1;
	if (act->state < 0)
		return alert_note_add(store, row.n, clock_now_us(), act->who, comment, err);
	enum alert_state state = (enum alert_state)act->state;
	if (check_change(row.state, state, act->reason, err) < 0)
		return -1;
	return set_state(store, &row, state, act->reason, act->who, comment, err);
}

static int check_act(struct store *store, const struct alert_act *act, struct err *err)
{
	const char *comment = act->comment ? act->comment : "";
	if (store_check_writable(store, err) < 0 || check_words(act->who, comment, err) < 0)
		return -1;
	return act->state < 0 && !*comment ? err_set(err, ERR_USAGE, "a comment must not be empty")
					   : 0;
}

int alerts_act(struct store *store, const struct alert_act *act, const uint8_t (*ids)[ALERT_ID],
	uint32_t n, struct arena *mem, const char **refused, struct err *err)
{
	int rc = 0;
	if (check_act(store, act, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		rc = do_act(store, ids[i], act, err);
		bool is_refused = rc < 0 && (err->kind == ERR_USAGE || err->kind == ERR_NOT_FOUND);
		refused[i] = is_refused ? arena_strdup(mem, slice_of(err->text)) : NULL;
		rc = is_refused ? 0 : rc;
	}
	return catalog_end(store, rc, err);
}

static int act_on_one(struct store *store, const uint8_t id[ALERT_ID], const struct alert_act *act,
	struct err *err)
{
	if (check_act(store, act, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	return catalog_end(store, do_act(store, id, act, err), err);
}

int alerts_set(struct store *store, const uint8_t id[ALERT_ID], enum alert_state state,
	enum alert_reason reason, const char *who, const char *comment, struct err *err)
{
	const struct alert_act act = {(int)state, reason, who, comment};
	return act_on_one(store, id, &act, err);
}

int alerts_comment(struct store *store, const uint8_t id[ALERT_ID], const char *who,
	const char *text, struct err *err)
{
	const struct alert_act act = {-1, REASON_NONE, who, text};
	return act_on_one(store, id, &act, err);
}
