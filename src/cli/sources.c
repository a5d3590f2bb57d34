/* SPDX-License-Identifier: Apache-2.0 */
/* sources.c: pugmark sources: what is connected and how it is doing; pause, resume, remove. What was asked and
 * what is missing is in sources_ledger.c. */
#include <inttypes.h>

#include "cli/sources.h"

/* ---- list ------------------------------------------------------------------------------------ */

struct listing {
	struct store *store;
	struct arena mem;
	bool json;
	unsigned n, unhealthy;
	int64_t now;
};

/* What the state's row does not say: of the connection, the events and the checkpoint. */
struct more {
	struct connection connection;
	bool connected;
	struct ledger_counts counts;
	struct collect_position position;
	unsigned gaps;
};

static int count_gap(void *ctx, const struct ledger_gap *gap, struct err *err)
{
	unsigned *n = ctx;
	(void)err;
	*n += !gap->at_start;
	return 0;
}

static int find_more(struct listing *l, const char *name, struct more *more, struct err *err)
{
	*more = (struct more){0};
	int rc = store_connection_get(l->store, name, &l->mem, &more->connection, err);
	more->connected = rc == 1;
	if (rc < 0 || ledger_sums(l->store, name, &more->counts, err) < 0 ||
		collect_position(l->store, name, &more->position, err) < 0)
		return -1;
	/* To where it is wanted. */
	if (more->connected && more->connection.backfill_from > 0 && more->position.history_to)
		more->position.history_done |=
			more->position.history_to <= more->connection.backfill_from;
	return ledger_gaps(l->store, name, count_gap, &more->gaps, err);
}

void print_json_time(const char *name, int64_t us)
{
	char text[CLOCK_TEXT];
	if (us > 0)
		printf(",\"%s\":\"%s\"", name, clock_text(us, text));
	else
		printf(",\"%s\":null", name);
}

static void print_json_text(const char *name, const char *value)
{
	struct buf text;
	buf_init(&text, 1 << 16);
	text_json_string(&text, slice_of(value));
	printf(",\"%s\":%.*s", name, SLICE_ARG(buf_view(&text)));
	buf_fini(&text);
}

static void print_json_lag(const char *name, int64_t us)
{
	if (us < 0)
		printf(",\"%s\":null", name);
	else
		printf(",\"%s\":%.3f", name, (double)us / 1e6);
}

static void list_json(const struct listing *l, const struct source_state *s,
	const struct source_health *health, const struct more *more)
{
	printf("%s{\"name\":\"%s\",\"state\":\"%s\"", l->n ? "," : "", s->source,
		source_condition_name(health->condition));
	print_json_text("text", health->text);
	if (more->connected) {
		print_json_text("kind", more->connection.kind);
		print_json_text("table", more->connection.table);
		print_json_text("instance", more->connection.instance);
		printf(",\"secondary\":%s,\"interval_s\":%u,\"look_back_s\":%u",
			more->connection.secondary ? "true" : "false", more->connection.interval_s,
			more->connection.lookback_s);
		print_json_time("token_expires", more->connection.token_expires);
	}
	printf(",\"events\":%" PRIu64 ",\"late\":%" PRIu64 ",\"gaps\":%u,\"failures\":%" PRIu64
	       ",\"history_done\":%s",
		more->counts.stored, more->counts.late, more->gaps, s->failures,
		more->position.history_done ? "true" : "false");
	print_json_text("error", s->error);
	print_json_time("history_to", more->position.history_to);
	print_json_time("settled_to", s->settled_to);
	print_json_time("last_attempt", s->last_attempt);
	print_json_time("last_success", s->last_success);
	print_json_time("first_event", s->first_event);
	print_json_time("last_event", s->last_event);
	print_json_time("last_new", s->last_new);
	print_json_lag("lag_received_s", s->lag_received);
	print_json_lag("lag_searchable_s", s->lag_searchable);
	putchar('}');
}

static void list_lag(const struct source_state *s)
{
	char text[32];
	if (s->lag_received < 0)
		return;
	printf("; on its way %s", span_text(s->lag_received, text));
	printf(", searchable after %.2f s", (double)s->lag_searchable / 1e6);
}

static void list_history(const struct more *more)
{
	char day[CLOCK_TEXT];
	const struct source_kind *kind =
		more->connected ? source_kind_find(more->connection.kind) : NULL;
	if (!kind || kind->shape == SOURCE_OBJECTS || more->position.history_done ||
		!more->position.history_to)
		return;
	if (kind->shape == SOURCE_WINDOWS)
		printf("    history: read back to %.10s, goes on\n",
			clock_text(more->position.history_to, day));
	else
		printf("    history: being read\n");
}

static void list_text(const struct listing *l, const struct source_state *s,
	const struct source_health *health, const struct more *more)
{
	char text[32], count[32];
	struct buf why;
	buf_init(&why, 4096);
	text_escape(&why, slice_of(health->text));
	printf("  %-24s %-13s %14s events", s->source, source_condition_name(health->condition),
		text_count(more->counts.stored, count));
	if (s->last_event)
		printf("  newest %s ago", span_text(l->now - s->last_event, text));
	list_lag(s);
	if (more->connected && more->connection.secondary)
		printf("; second source");
	putchar('\n');
	if (health->condition != SOURCE_HEALTHY && health->condition != SOURCE_PAUSED)
		printf("    %.*s\n", SLICE_ARG(buf_view(&why)));
	if (more->gaps)
		printf("    %u gap%s: pugmark sources gaps %s\n", more->gaps,
			more->gaps == 1 ? "" : "s", s->source);
	list_history(more);
	buf_fini(&why);
}

static int list_one(void *ctx, const struct source_state *s, struct err *err)
{
	struct listing *l = ctx;
	struct more more;
	struct source_health health = source_health(s, l->now);
	if (find_more(l, s->source, &more, err) < 0)
		return -1;
	(l->json ? list_json : list_text)(l, s, &health, &more);
	l->n++;
	l->unhealthy += health.condition == SOURCE_FAILING || health.condition == SOURCE_SILENT ||
			health.condition == SOURCE_BEHIND;
	return 0;
}

int sources_print(struct store *store, bool json, unsigned *n, struct err *err)
{
	struct listing l = {.store = store, .json = json, .now = clock_now_us()};
	int rc = store_source_states(store, list_one, &l, err);
	arena_fini(&l.mem);
	*n = l.n;
	return rc < 0 ? -1 : 0;
}

static int print_name(void *ctx, const struct connection *connection, struct err *err)
{
	(void)ctx;
	(void)err;
	puts(connection->name);
	return 0;
}

static int list(const struct command_line *line, struct store *store, struct err *err)
{
	unsigned n = 0;
	bool json = line->values[OPT_JSON];
	if (line->values[OPT_LIST])
		return store_connections(store, print_name, NULL, err);
	fputs(json ? "{\"sources\":[" : "", stdout);
	if (sources_print(store, json, &n, err) < 0)
		return -1;
	fputs(json ? "]}\n" : "", stdout);
	if (n == 0 && !json)
		puts("nothing is connected: pugmark connect jira (or confluence, bitbucket …)");
	return 0;
}

/* ---- changes --------------------------------------------------------------------------------- */

static int no_source(const char *name, struct err *err)
{
	return err_set(
		err, ERR_NOT_FOUND, "there is no source %s: pugmark sources lists them", name);
}

static int set_paused(struct store *store, const char *name, bool paused, struct err *err)
{
	int rc = store_connection_pause(store, name, paused, err);
	if (rc == 0)
		return no_source(name, err);
	if (rc == 1)
		printf("%s is %s\n", name,
			paused ? "paused: what is being read now is finished first" : "read again");
	return rc < 0 ? -1 : 0;
}

static int pause_source(const struct command_line *line, struct store *store, struct err *err)
{
	return set_paused(store, line->args[1], true, err);
}

static int resume_source(const struct command_line *line, struct store *store, struct err *err)
{
	return set_paused(store, line->args[1], false, err);
}

static int remove_source(const struct command_line *line, struct store *store, struct err *err)
{
	uint64_t events = 0;
	char text[32];
	int rc = store_connection_remove(store, line->args[1], &events, err);
	if (rc == 0)
		return no_source(line->args[1], err);
	if (rc == 1)
		printf("%s is not connected any more; its token is forgotten. Its %s events and "
		       "its "
		       "ledger stay. Connected again, it doubles nothing.\n",
			line->args[1], text_count(events, text));
	return rc < 0 ? -1 : 0;
}

/* All secrets under another key: a new one at the place of the old one, or one that was made elsewhere. */
static int change_key(const struct command_line *line, struct store *store, struct err *err)
{
	const char *file = line->values[OPT_NEW_KEY_FILE];
	struct secret_key *old = NULL, *fresh = NULL;
	uint64_t n = 0;
	int rc;
	if (file) {
		rc = store_secret_key(store, key_file(line), false, &old, err);
		if (rc == 0)
			rc = secret_key_open(file, store_dir(store), false, &fresh, err);
		if (rc == 0)
			rc = store_secrets_reseal(store, old, fresh, &n, err);
		secret_key_free(old);
		secret_key_free(fresh);
	} else {
		rc = store_secret_key_change(store, key_file(line), &n, err);
	}
	if (rc == 0 && !line->values[OPT_JSON])
		printf("%" PRIu64 " secrets are sealed under the new key%s\n", n,
			file ? ": put its file where the old one was" : "");
	else if (rc == 0)
		printf("{\"resealed\":%" PRIu64 "}\n", n);
	return rc;
}

/* ---- all ------------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	bool name; /* a source must be named */
	enum store_mode mode;
	int (*run)(const struct command_line *line, struct store *store, struct err *err);
} actions[] = {
	{"list", false, STORE_READ, list},
	{"test", true, STORE_WRITE, sources_test},
	{"pause", true, STORE_WRITE, pause_source},
	{"resume", true, STORE_WRITE, resume_source},
	{"remove", true, STORE_WRITE, remove_source},
	{"rekey", false, STORE_WRITE, change_key},
	{"ledger", false, STORE_READ, sources_ledger},
	{"gaps", false, STORE_READ, sources_gaps},
};

int command_sources(const struct command_line *line)
{
	struct err err = {0};
	struct store *store;
	const char *word = line->nargs ? line->args[0] : "list";
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(word, actions[i].word) != 0)
			continue;
		if (actions[i].name && line->nargs < 2)
			return usage_error(
				line, "%s which source? pugmark sources lists them", word);
		bool writes = actions[i].mode == STORE_WRITE || line->values[OPT_REFETCH];
		if (open_data(line, writes ? STORE_WRITE : STORE_READ, &store, &err) < 0)
			return fail(&err);
		int rc = actions[i].run(line, store, &err);
		store_close(store);
		return rc < 0 ? fail(&err) : rc == 1 ? EXIT_REJECTED : EXIT_DONE;
	}
	return usage_error(line,
		"\"%s\" is none of list, test, pause, resume, remove, ledger, gaps and rekey",
		word);
}
