/* SPDX-License-Identifier: Apache-2.0 */
/* alerts_list.c (cli/): alerts as a table, as JSON, and exported as NDJSON and CSV; how many there are. */
#include <inttypes.h>

#include "answer/answer.h"
#include "cli/alerts.h"
#include "query/evidence.h"
#include "query/output.h"

enum {
	SHOWN = 100 /* rows of a table where no limit is given */,
	COLUMNS = 7,
	CELL_MOST = 1 << 16
};

struct listing {
	struct store *store;
	bool json, csv, whole;
	uint64_t n, most; /* seen; to be shown, 0 = all */
	int64_t now;
	FILE *file;
	struct output output;
	struct buf cells[COLUMNS];
	struct buf line;
	char text[32];
};

/* The words behind `list` stand in the alert: one after another. */
static const char *words(const struct command_line *line, struct buf *text)
{
	for (int i = 1; i < line->nargs; i++)
		buf_printf(text, "%s%s", i > 1 ? " " : "", line->args[i]);
	return text->len && buf_push(text, '\0') == 0 ? text->ptr : NULL;
}

/* ---- a table --------------------------------------------------------------------------------- */

static int row(struct listing *l, const struct alert_info *alert, struct err *err)
{
	const struct alert_found *f = &alert->found;
	struct cell cells[COLUMNS];
	char id[2 * ALERT_ID + 1];
	for (int i = 0; i < COLUMNS; i++)
		buf_clear(&l->cells[i]);
	buf_printf(&l->cells[0], "%.*s", ALERT_SHORT, alert_id_text(alert->id, id));
	buf_puts(&l->cells[1], f->last == INT64_MIN ? "-"
			       : f->last > l->now   ? "just now"
						    : span_text(l->now - f->last, l->text));
	buf_puts(&l->cells[2], level_name(f->level));
	buf_puts(&l->cells[3], f->title);
	buf_puts(&l->cells[4], f->group);
	text_count(f->count, l->text);
	buf_puts(&l->cells[5], l->text);
	buf_puts(&l->cells[6], alert_state_name(alert->state));
	if (alert->reason)
		buf_printf(&l->cells[6], ": %s", alert_reason_name(alert->reason));
	if (alert->new_events)
		buf_printf(&l->cells[6], ", %s new", text_count(alert->new_events, l->text));
	if (f->provisional)
		buf_puts(&l->cells[6], ", provisional");
	for (int i = 0; i < COLUMNS; i++)
		cells[i] = (struct cell){CELL_TEXT, buf_view(&l->cells[i])};
	return output_row(&l->output, cells, err) < 0 ? -1 : 0;
}

static int print_row(void *ctx, const struct alert_info *alert, struct err *err)
{
	struct listing *l = ctx;
	if (l->most && l->n++ >= l->most)
		return 0;
	l->n += l->most == 0;
	return row(l, alert, err);
}

static int print_table(struct listing *l, const struct alert_filter *filter, struct err *err)
{
	static const char *const names[COLUMNS] = {
		"id", "age", "level", "title", "group", "events", "state"};
	static const enum cell_kind kinds[COLUMNS] = {
		CELL_TEXT, CELL_TEXT, CELL_TEXT, CELL_TEXT, CELL_TEXT, CELL_NUMBER, CELL_TEXT};
	static const bool whole[COLUMNS] = {true, true, true, false, false, true, false};
	struct slice heads[COLUMNS];
	struct sql_options options = {.format = FORMAT_TABLE, .width = terminal_width()};
	for (int i = 0; i < COLUMNS; i++) {
		heads[i] = slice_of(names[i]);
		buf_init(&l->cells[i], CELL_MOST);
	}
	output_init(&l->output, &options, stdout);
	l->output.drop = true;
	l->output.whole = whole;
	int rc = output_begin(&l->output, COLUMNS, heads, kinds, err);
	if (rc == 0)
		rc = alerts_list(l->store, filter, print_row, l, err);
	if (rc == 0 && l->n > 0)
		rc = output_end(&l->output, err);
	output_fini(&l->output);
	for (int i = 0; i < COLUMNS; i++)
		buf_fini(&l->cells[i]);
	return rc;
}

static int tell_rest(const struct listing *l, const struct alert_filter *filter, struct err *err)
{
	char a[32], b[32];
	struct buf sums;
	buf_init(&sums, 4096);
	int rc = alerts_summary(l->store, &sums, err);
	if (rc == 0 && l->n == 0)
		fprintf(stderr, "no alert %s; in all: %.*s\n",
			filter->states || filter->text || filter->rule ||
					filter->least_level >= 0 || filter->since != INT64_MIN ||
					filter->until != INT64_MAX
				? "is like that"
				: "is open or acknowledged",
			SLICE_ARG(buf_view(&sums)));
	else if (rc == 0)
		fprintf(stderr, "%s alert%s%s%s%s; in all: %.*s\n", text_count(l->n, a),
			l->n == 1 ? "" : "s",
			l->most && l->n > l->most ? ", shown are the newest " : "",
			l->most && l->n > l->most ? text_count(l->most, b) : "",
			l->most && l->n > l->most ? " (--limit 0 shows all)" : "",
			SLICE_ARG(buf_view(&sums)));
	buf_fini(&sums);
	return rc;
}

/* ---- JSON, CSV ------------------------------------------------------------------------------- */

static void csv_time(struct buf *out, int64_t us)
{
	char text[CLOCK_TEXT];
	buf_printf(out, ",%s", us == INT64_MIN ? "" : clock_text(us, text));
}

static void csv_text(struct buf *out, const char *text)
{
	buf_push(out, ',');
	text_csv_field(out, slice_of(text ? text : ""));
}

#define CSV_HEADS                                                                                  \
	"id,state,reason,level,title,rule,group,first_event,last_event,events,new_events,values,"  \
	"actor,target,ip,origin,sources,provisional,created_at,changed_at\r\n"

static void csv_line(const struct alert_info *alert, struct buf *out)
{
	const struct alert_found *f = &alert->found;
	char id[2 * ALERT_ID + 1];
	buf_puts(out, alert_id_text(alert->id, id));
	csv_text(out, alert_state_name(alert->state));
	csv_text(out, alert_reason_name(alert->reason));
	csv_text(out, level_name(f->level));
	csv_text(out, f->title);
	csv_text(out, f->rule);
	csv_text(out, f->group);
	csv_time(out, f->first);
	csv_time(out, f->last);
	buf_printf(
		out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, f->count, alert->new_events, f->values);
	csv_text(out, f->actor);
	csv_text(out, f->target);
	csv_text(out, f->ip);
	csv_text(out, f->origin);
	csv_text(out, f->sources);
	buf_printf(out, ",%s", f->provisional ? "true" : "false");
	csv_time(out, alert->created);
	csv_time(out, alert->changed);
	buf_puts(out, "\r\n");
}

static int whole_line(struct listing *l, const struct alert_info *alert, struct err *err)
{
	struct arena mem = {0};
	struct alert_info whole;
	char id[2 * ALERT_ID + 1];
	int rc = evidence_get(l->store, alert_id_text(alert->id, id), &mem, &whole, err);
	if (rc == 1)
		alert_json(&whole, true, &l->line);
	arena_fini(&mem);
	return rc < 0 ? -1 : 0;
}

static int print_line(void *ctx, const struct alert_info *alert, struct err *err)
{
	struct listing *l = ctx;
	buf_clear(&l->line);
	if (l->csv)
		csv_line(alert, &l->line);
	else if (!l->whole)
		alert_json(alert, false, &l->line);
	else if (whole_line(l, alert, err) < 0)
		return -1;
	if (!l->csv)
		buf_push(&l->line, '\n');
	l->n++;
	if (stop_requested)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	return fwrite(l->line.ptr, 1, l->line.len, l->file) == l->line.len
		       ? 0
		       : err_errno(err, "writing");
}

static int print_json(struct listing *l, const struct alert_filter *filter, struct err *err)
{
	buf_clear(&l->line);
	if (answer_alerts(l->store, filter, &l->line, err) < 0)
		return -1;
	buf_push(&l->line, '\n');
	fwrite(l->line.ptr, 1, l->line.len, l->file);
	return 0;
}

int alerts_print_list(const struct command_line *line, struct store *store,
	struct alert_filter *filter, struct err *err)
{
	struct buf text;
	int64_t most = SHOWN;
	struct listing l = {.store = store,
		.json = line->values[OPT_JSON],
		.now = clock_now_us(),
		.file = stdout};
	(void)parse_count(line, OPT_LIMIT, &most); /* looked at already */
	buf_init(&text, 1 << 16);
	buf_init(&l.line, (size_t)1 << 28);
	filter->text = words(line, &text);
	l.most = (uint64_t)most;
	int rc;
	if (l.json) {
		filter->limit = line->values[OPT_LIMIT]
					? (uint32_t)(most < UINT32_MAX ? most : UINT32_MAX)
					: 0;
		rc = print_json(&l, filter, err);
	} else {
		rc = print_table(&l, filter, err);
		if (rc == 0)
			rc = tell_rest(&l, filter, err);
	}
	buf_fini(&l.line);
	buf_fini(&text);
	return rc;
}

int alerts_export(const struct command_line *line, struct store *store, struct alert_filter *filter,
	struct err *err)
{
	const char *format = line->values[OPT_FORMAT] ? line->values[OPT_FORMAT] : "ndjson";
	struct buf text;
	char count[32];
	struct listing l = {.store = store, .csv = strcmp(format, "csv") == 0, .whole = true};
	if (!l.csv && strcmp(format, "ndjson") != 0)
		return err_set(err, ERR_USAGE,
			"--format %.40s: alerts are exported as ndjson or csv", format);
	if (output_open(line->values[OPT_OUTPUT], &l.file, err) < 0)
		return -1;
	buf_init(&text, 1 << 16);
	buf_init(&l.line, (size_t)1 << 28);
	filter->text = words(line, &text);
	if (l.csv)
		fputs(CSV_HEADS, l.file);
	int rc = alerts_list(store, filter, print_line, &l, err);
	rc = output_close(line->values[OPT_OUTPUT], l.file, rc, err);
	if (rc == 0)
		fprintf(stderr, "%s alert%s\n", text_count(l.n, count), l.n == 1 ? "" : "s");
	buf_fini(&l.line);
	buf_fini(&text);
	return rc;
}

/* ---- how many -------------------------------------------------------------------------------- */

static uint64_t sum(const uint64_t levels[RULE_LEVELS])
{
	uint64_t n = 0;
	for (int level = 0; level < RULE_LEVELS; level++)
		n += levels[level];
	return n;
}

static void summary_text(uint64_t counts[ALERT_STATES][RULE_LEVELS], struct buf *out)
{
	char text[32];
	uint64_t open = sum(counts[ALERT_OPEN]);
	if (open == 0)
		buf_puts(out, "none open");
	else {
		const char *between = " (";
		buf_printf(out, "%s open", text_count(open, text));
		for (unsigned level = RULE_LEVELS; level-- > 3;) {
			if (counts[ALERT_OPEN][level] == 0)
				continue;
			buf_printf(out, "%s%s %s", between,
				text_count(counts[ALERT_OPEN][level], text), level_name(level));
			between = ", ";
		}
		buf_puts(out, between[0] == ',' ? ")" : "");
	}
	for (int state = ALERT_ACKNOWLEDGED; state < ALERT_STATES; state++) {
		if (sum(counts[state]))
			buf_printf(out, ", %s %s", text_count(sum(counts[state]), text),
				alert_state_name((enum alert_state)state));
	}
}

int alerts_summary(struct store *store, struct buf *out, struct err *err)
{
	uint64_t counts[ALERT_STATES][RULE_LEVELS];
	if (alerts_counts(store, counts, err) < 0)
		return -1;
	summary_text(counts, out);
	return 0;
}
