/* SPDX-License-Identifier: Apache-2.0 */
/* alerts.c (cli/): pugmark alerts: its words and filters, and what people do: acknowledge, close, reopen, comment. */
#include <stdlib.h>

#include "cli/alerts.h"

/* ---- filters --------------------------------------------------------------------------------- */

static int parse_states(const struct command_line *line, const char *text, unsigned *states)
{
	*states = 0;
	for (const char *at = text, *end; *at; at = *end ? end + 1 : end) {
		char word[32];
		end = at + strcspn(at, ",");
		snprintf(word, sizeof(word), "%.*s", (int)(end - at), at);
		int state = alert_state_named(word);
		if (strcmp(word, "all") == 0)
			*states |= (1u << ALERT_STATES) - 1;
		else if (state >= 0)
			*states |= 1u << state;
		else {
			usage_error(line,
				"--state %s: write open, acknowledged, closed, withdrawn (several "
				"by commas) or all",
				text);
			return -1;
		}
	}
	return 0;
}

/* The options that narrow a list. `states` are those where --state is not given. 0 or -1 (told). */
static int read_filter(
	const struct command_line *line, unsigned states, struct alert_filter *filter)
{
	const char *level = line->values[OPT_LEVEL], *state = line->values[OPT_STATE];
	*filter = (struct alert_filter){.states = states,
		.least_level = level ? level_named(level) : -1,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.rule = line->values[OPT_RULE]};
	if (level && filter->least_level < 0) {
		usage_error(line, "--level %s: write informational, low, medium, high or critical",
			level);
		return -1;
	}
	int64_t most = 0;
	if ((state && parse_states(line, state, &filter->states) < 0) ||
		parse_count(line, OPT_LIMIT, &most) < 0)
		return -1;
	return parse_time(line, OPT_SINCE, &filter->since) < 0 ||
			       parse_time(line, OPT_UNTIL, &filter->until) < 0
		       ? -1
		       : 0;
}

/* ---- changes --------------------------------------------------------------------------------- */

struct change {
	const char *verb, *done;
	int state; /* -1 = a comment alone */
};
static const struct change changes[] = {
	{"ack", "acknowledged", ALERT_ACKNOWLEDGED},
	{"close", "closed", ALERT_CLOSED},
	{"reopen", "reopened", ALERT_OPEN},
	{"comment", "noted", -1},
};

static int no_alert(const char *id, struct err *err)
{
	return err_set(
		err, ERR_NOT_FOUND, "there is no alert %.60s: pugmark alerts lists them", id);
}

static void print_change(const struct alert_info *alert, const struct change *change)
{
	struct buf out;
	char id[2 * ALERT_ID + 1];
	buf_init(&out, 1 << 20);
	buf_printf(&out, "%.*s  %s: ", ALERT_SHORT, alert_id_text(alert->id, id), change->done);
	text_escape(&out, slice_of(alert->found.title));
	buf_puts(&out, "  ");
	text_escape(&out, slice_of(alert->found.group));
	buf_push(&out, '\n');
	fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
}

static int change_one(const struct command_line *line, struct store *store,
	const struct change *change, enum alert_reason reason, const char *id, struct err *err)
{
	struct arena mem = {0};
	struct alert_info alert;
	const char *comment = line->values[OPT_COMMENT];
	int rc = alerts_get(store, id, &mem, &alert, err);
	if (rc == 0)
		rc = no_alert(id, err);
	if (rc == 1) {
		rc = change->state < 0
			     ? alerts_comment(store, alert.id, who_types(line), comment, err)
			     : alerts_set(store, alert.id, (enum alert_state)change->state, reason,
				       who_types(line), comment, err);
		if (rc < 0)
			err_context(err, "%.40s", id);
	}
	if (rc == 0 && !line->values[OPT_JSON])
		print_change(&alert, change);
	arena_fini(&mem);
	return rc;
}

static int check_words(
	const struct command_line *line, const struct change *change, enum alert_reason *reason)
{
	const char *word = line->values[OPT_REASON];
	int number = word ? alert_reason_named(word) : 0;
	if (line->nargs < 2)
		return usage_error(line, "%s needs the ID of an alert, or several", change->verb);
	if (change->state == ALERT_CLOSED ? number <= 0 : word != NULL)
		return usage_error(line, change->state == ALERT_CLOSED
						 ? "close needs --reason true-positive, "
						   "false-positive, benign or duplicate"
						 : "--reason goes with close");
	if (change->state < 0 && !line->values[OPT_COMMENT])
		return usage_error(line, "comment needs --comment TEXT");
	*reason = (enum alert_reason)number;
	return EXIT_DONE;
}

/* One that cannot be changed keeps none of the others from it. */
static int change_all(const struct command_line *line, const struct change *change)
{
	enum alert_reason reason = REASON_NONE;
	struct store *store;
	struct err err = {0};
	int status = check_words(line, change, &reason), done = 0;
	if (status != EXIT_DONE)
		return status;
	if (open_data(line, STORE_WRITE, &store, &err) < 0)
		return fail(&err);
	for (int i = 1; i < line->nargs; i++) {
		if (change_one(line, store, change, reason, line->args[i], &err) < 0)
			status = fail(&err);
		else
			done++;
	}
	store_close(store);
	if (line->values[OPT_JSON])
		printf("{\"%s\":%d}\n", change->done, done);
	return status;
}

/* ---- the command ----------------------------------------------------------------------------- */

static const struct {
	const char *verb;
	bool one;        /* takes one word more */
	unsigned states; /* where none are named; 0 = open and acknowledged */
	int (*run)(const struct command_line *line, struct store *store,
		struct alert_filter *filter, struct err *err);
} readers[] = {
	{"list", false, 0, alerts_print_list},
	{"show", true, 0, alerts_print_one},
	{"export", false, (1u << ALERT_STATES) - 1, alerts_export},
};

int command_alerts(const struct command_line *line)
{
	const char *verb = line->nargs ? line->args[0] : "list";
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		if (strcmp(verb, changes[i].verb) == 0)
			return change_all(line, &changes[i]);
	}
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		struct store *store;
		struct err err = {0};
		struct alert_filter filter;
		if (strcmp(verb, readers[i].verb) != 0)
			continue;
		if (readers[i].one && line->nargs != 2)
			return usage_error(line, "%s needs the ID of one alert", verb);
		if (read_filter(line, readers[i].states, &filter) < 0)
			return EXIT_USAGE;
		if (open_data(line, STORE_READ, &store, &err) < 0)
			return fail(&err);
		int rc = readers[i].run(line, store, &filter, &err);
		store_close(store);
		return rc < 0 ? fail(&err) : EXIT_DONE;
	}
	return usage_error(
		line, "\"%s\" must be list, show, ack, close, reopen, comment or export", verb);
}
