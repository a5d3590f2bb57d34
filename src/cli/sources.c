/* SPDX-License-Identifier: Apache-2.0 */
/* sources.c: pugmark sources: what is connected and how it is doing; pause, resume, remove. What was asked and
 * what is missing is in sources_ledger.c. */
#include <inttypes.h>

#include "answer/answer.h"
#include "cli/sources.h"

/* ---- list ------------------------------------------------------------------------------------ */

struct listing {
	struct store *store;
	struct arena mem;
	unsigned n;
	int64_t now;
};

static void list_lag(const struct source_state *s)
{
	char text[32];
	if (s->lag_received < 0)
		return;
	printf("; on its way %s", span_text(s->lag_received, text));
	printf(", searchable after %.2f s", (double)s->lag_searchable / 1e6);
}

static void list_history(const struct answer_source *more)
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
	const struct source_health *health, const struct answer_source *more)
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
	struct answer_source more;
	struct source_health health = source_health(s, l->now);
	if (answer_source_more(l->store, s->source, &l->mem, &more, err) < 0)
		return -1;
	list_text(l, s, &health, &more);
	l->n++;
	return 0;
}

int sources_print(struct store *store, unsigned *n, struct err *err)
{
	struct listing l = {.store = store, .now = clock_now_us()};
	int rc = store_source_states(store, list_one, &l, err);
	arena_fini(&l.mem);
	*n = l.n;
	return rc < 0 ? -1 : 0;
}

static int print_json(struct store *store, struct err *err)
{
	struct buf out;
	buf_init(&out, ANSWER_MOST);
	int rc = answer_sources(store, &out, NULL, err);
	if (rc == 0)
		printf("{\"sources\":[%.*s]}\n", SLICE_ARG(buf_view(&out)));
	buf_fini(&out);
	return rc;
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
	if (line->values[OPT_LIST])
		return store_connections(store, print_name, NULL, err);
	if (line->values[OPT_JSON])
		return print_json(store, err);
	if (sources_print(store, &n, err) < 0)
		return -1;
	if (n == 0)
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
