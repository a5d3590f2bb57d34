/* SPDX-License-Identifier: Apache-2.0 */
/* connect_try.c: the test of a source as people see it: steps as they happen, then the newest events. */
#include <unistd.h>

#include "answer/answer.h"
#include "cli/connect.h"
#include "pipeline/try_objects.h"

enum { NEWEST = 3, TEST_TRIES = 2, TEST_BUDGET_MS = 15000 };

/* A step as a line: of a failed one what happened, and what to do, which is the last sentence, or what stands behind the last colon. */
static void step_line(const struct connecting *c, const char *state, const char *text)
{
	char said[1200];
	const char *advice = NULL;
	snprintf(said, sizeof(said), "%s", text);
	if (strcmp(state, "failed") == 0) {
		char *server = strstr(said, " (the server says: ");
		size_t n = server ? (size_t)(server - said) : strlen(said), cut = 0;
		for (size_t i = 1; i + 2 < n; i++)
			if (said[i + 1] == ' ' &&
				(said[i] == '.' || (said[i] == ':' && said[cut] != '.')))
				cut = i;
		if (cut) {
			advice = text + cut + 2;
			said[cut] = '\0';
		}
	}
	progress_tell_step(c->phase ? c->phase : "", state, said, advice);
}

void connect_step(void *ctx, enum test_mark mark, const char *text)
{
	struct connecting *c = ctx;
	static const char *const marks[] = {"✓", "·", "!", ""};
	static const char *const names[] = {"ok", "note", "warning", "failed"};
	c->warnings += mark == TEST_WARNING;
	if (mark == TEST_PHASE) {
		c->phase = arena_strdup(&c->mem, slice_of(text));
		progress_tell_step(text, "running", "", NULL);
		return;
	}
	step_line(c, names[mark], text);
	if (c->quiet) {
		buf_printf(&c->steps, "%s{\"step\":\"%s\",\"text\":", c->steps.len ? "," : "",
			names[mark]);
		text_json_string(&c->steps, slice_of(text));
		buf_push(&c->steps, '}');
		return;
	}
	struct buf safe;
	buf_init(&safe, 8192);
	text_escape(&safe, slice_of(text));
	if (mark != TEST_FAILED) /* that is the error, which is told at the end */
		printf("  %s %.*s\n", marks[mark], SLICE_ARG(buf_view(&safe)));
	(void)fflush(stdout);
	buf_fini(&safe);
}

static void print_cell(struct slice text, size_t width)
{
	struct buf safe;
	size_t n = 0, used = 0, step;
	buf_init(&safe, 1 << 16);
	text_escape(&safe, (struct slice){text.ptr, text.len < 400 ? text.len : 400});
	while (n < safe.len && (step = text_utf8_step(safe.ptr + n, safe.len - n, NULL)) > 0) {
		size_t w = text_width((struct slice){safe.ptr + n, step});
		if (used + w > width)
			break;
		used += w;
		n += step;
	}
	printf("%.*s%*s  ", (int)n, safe.len ? safe.ptr : "", (int)(width - used), "");
	buf_fini(&safe);
}

static void row_json(struct buf *out, const struct preview_row *row)
{
	const struct {
		const char *name;
		struct slice text;
	} cells[] = {{"event_time", row->event_time}, {"actor", row->actor},
		{"action", row->action}, {"target", row->target}, {"ip", row->ip},
		{"instance", row->instance}};
	buf_puts(out, out->len ? ",{" : "{");
	for (size_t i = 0; i < sizeof(cells) / sizeof(*cells); i++) {
		buf_printf(out, "%s\"%s\":", i ? "," : "", cells[i].name);
		if (cells[i].text.len)
			text_json_string(out, cells[i].text);
		else
			buf_puts(out, "null");
	}
	buf_push(out, '}');
}

void connect_seen_json(const struct connecting *c, struct buf *out)
{
	buf_printf(out, ",\"events\":[%.*s]", SLICE_ARG(buf_view(&c->events)));
	answer_time(out, "history_from", c->history_from, c->history_from > 0);
}

void connect_preview_begin(struct connecting *c)
{
	if (!c->quiet)
		printf("\n  %s, as they will be stored:\n    %-19s  %-18s  %-30s  "
		       "%-24s  %s\n",
			c->kind->shape == SOURCE_OBJECTS ? "its first events" : "the newest events",
			"time (UTC)", "actor", "action", "target", "ip");
}

void connect_preview_row(void *ctx, const struct preview_row *row)
{
	struct connecting *c = ctx;
	if (row->instance.len && !*c->seen_instance)
		snprintf(c->seen_instance, sizeof(c->seen_instance), "%.*s",
			SLICE_ARG(row->instance));
	if (c->quiet) {
		row_json(&c->events, row);
		return;
	}
	fputs("    ", stdout);
	print_cell(row->event_time, 19);
	print_cell(row->actor, 18);
	print_cell(row->action, 30);
	print_cell(row->target, 24);
	print_cell(row->ip, 39);
	putchar('\n');
}

static int test_api(struct connecting *c, struct http_client *http, struct err *err)
{
	struct retry_policy policy = {.attempts = TEST_TRIES, .budget_ms = TEST_BUDGET_MS};
	struct source_env env = {.http = http, .policy = &policy};
	struct source_test test = {.step = connect_step, .ctx = c};
	int rc = source_try(c->kind, c->typed, &c->settings, c->secret, &env, &test, err);
	c->history_from = test.oldest_us;
	if (rc == 0 && !test.empty) {
		connect_preview_begin(c);
		rc = preview_records(
			c->schema, test.newest.records, NEWEST, connect_preview_row, c, err);
		if (rc == 0 && !c->quiet)
			putchar('\n');
	}
	/* A Data Center's records say which instance they are of, as its files do. */
	if (rc == 0)
		c->connection.instance = *c->seen_instance
						 ? c->seen_instance
						 : arena_strdup(&c->mem, slice_of(test.instance));
	page_fini(&test.newest);
	return rc;
}

static int test_bucket(
	struct connecting *c, struct http_client *http, struct objects_test *test, struct err *err)
{
	struct retry_policy policy = {.attempts = TEST_TRIES, .budget_ms = TEST_BUDGET_MS};
	struct try_bucket bucket = {.http = http, .policy = &policy};
	const char *keys[2] = {NULL, NULL};
	for (uint32_t i = 0; i < c->nextra; i++)
		keys[i] = c->extra[i].plain.ptr;
	if (bucket_typed(c->typed, &c->settings, err) < 0 ||
		bucket_place_read(&c->settings, keys[0], keys[1], &bucket.place, err) < 0)
		return -1;
	bucket.provider = credentials_open(http, &bucket.place.credentials);
	int rc = try_bucket(&bucket, &c->settings, test, err);
	credentials_close(bucket.provider);
	return rc;
}

static void begin_rows(void *ctx)
{
	connect_preview_begin(ctx);
}

static int test_objects(struct connecting *c, struct http_client *http, struct err *err)
{
	struct objects_test test = {.schema = c->schema,
		.step = connect_step,
		.begin = begin_rows,
		.row = connect_preview_row,
		.ctx = c};
	bool folder = strcmp(c->kind->name, "folder") == 0;
	int rc = folder ? try_folder(c->typed, &test, err) : test_bucket(c, http, &test, err);
	if (test.rows && !c->quiet)
		putchar('\n');
	c->connection.instance = arena_strdup(&c->mem, slice_of(test.instance));
	return rc;
}

int connect_try(struct connecting *c, struct err *err)
{
	struct http_client *http = connection_http(&c->settings, &stop_requested, err);
	if (!http)
		return -1;
	int rc = c->kind->shape == SOURCE_OBJECTS ? test_objects(c, http, err)
						  : test_api(c, http, err);
	http_close(http);
	return rc;
}
