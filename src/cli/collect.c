/* SPDX-License-Identifier: Apache-2.0 */
/* collect.c: pugmark collect: one source in this process, several one after another (--once) or in a process
 * each. */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "cli/cluster.h"
#include "cli/detecting.h"
#include "cli/serving.h"
#include "pipeline/collect.h"
#include "pipeline/hook.h"
#include "serve/serve.h"

enum {
	HTTP_WORDS = 24,
	PROCESS_WORDS = 12,
	NAMES_MOST = 1024,
	LEAST_SHARE = 128 << 20 /* bytes of memory */
};

struct names {
	struct arena mem;
	const char *list[NAMES_MOST + 1];
	unsigned n;
};

static int note_name(void *ctx, const struct connection *connection, struct err *err)
{
	struct names *names = ctx;
	if (connection->paused || strcmp(connection->kind, HOOK_KIND) == 0)
		return 0;
	if (names->n == NAMES_MOST)
		return err_set(err, ERR_LIMIT, "more than 1,024 sources");
	names->list[names->n++] = arena_strdup(&names->mem, slice_of(connection->name));
	return 0;
}

static int take_names(
	const struct command_line *line, struct store *store, struct names *names, struct err *err)
{
	for (int i = 0; i < line->nargs && i < NAMES_MOST; i++)
		names->list[names->n++] = line->args[i];
	if (names->n == 0 && store_connections(store, note_name, names, err) < 0)
		return -1;
	if (names->n == 0)
		return err_set(err, ERR_NOT_FOUND,
			"nothing is connected: pugmark connect jira (or confluence, bitbucket …)");
	return 0;
}

static void draw(void *ctx, const struct collect_progress *at)
{
	char what[200], day[CLOCK_TEXT];
	(void)ctx;
	if (at->kind == LEDGER_BACKFILL && at->down_to)
		snprintf(what, sizeof(what), "%s: history back to %.10s", at->source,
			clock_text(at->down_to, day));
	else
		snprintf(what, sizeof(what), "%s", at->source);
	progress_draw(what, at->objects_total ? at->objects : at->records, at->objects_total,
		at->objects_total ? "objects" : "events", at->records);
}

static void print_json(const char *name, const struct collect_result *r, const struct err *err)
{
	const struct ledger_counts *c = &r->counts;
	struct buf text;
	buf_init(&text, 8192);
	text_json_string(&text, slice_of(err->text));
	printf("{\"source\":\"%s\",\"requests\":%" PRIu64 ",\"pages\":%" PRIu64
	       ",\"records\":%" PRIu64 ",\"stored\":%" PRIu64 ",\"duplicates\":%" PRIu64
	       ",\"late\":%" PRIu64 ",\"rejected\":%" PRIu64 ",\"expired\":%" PRIu64
	       ",\"objects\":%" PRIu64 ",\"quarantined\":%" PRIu64 ",\"errors\":%" PRIu64
	       ",\"failure\":\"%s\",\"error\":%.*s}\n",
		name, c->requests, c->pages, c->records, c->stored, c->duplicates, c->late,
		c->rejects, c->expired, r->objects, r->quarantined, c->errors,
		source_failure_name(r->failure), SLICE_ARG(buf_view(&text)));
	buf_fini(&text);
}

static void print_also(uint64_t n, const char *what)
{
	char text[32];
	if (n)
		printf(", %s %s", text_count(n, text), what);
}

static void print_text(const char *name, const struct collect_result *r)
{
	char text[32];
	printf("%s: %s new event%s", name, text_count(r->counts.stored, text),
		r->counts.stored == 1 ? "" : "s");
	print_also(r->counts.duplicates, "known already");
	print_also(r->counts.late, "came late");
	print_also(r->counts.expired, "older than what is kept");
	print_also(r->counts.rejects, "could not be read");
	print_also(r->objects, "objects");
	print_also(r->quarantined, "objects set aside");
	print_also(r->counts.requests, "requests");
	print_also(r->counts.errors, "of them failed");
	putchar('\n');
}

static int collect_one(const struct command_line *line, struct store *store, const char *name,
	struct collect_options *options, bool *rejected)
{
	struct err err = {0};
	struct collect_result result = {0};
	int rc = collect_source(store, name, options, &result, &err);
	progress_clear();
	*rejected |= result.counts.rejects > 0 || result.quarantined > 0;
	if (line->values[OPT_JSON])
		print_json(name, &result, &err);
	else if (rc == 0 || result.counts.stored)
		print_text(name, &result);
	return rc < 0 ? fail(&err) : EXIT_DONE;
}

static int parse_options(const struct command_line *line, struct collect_options *options)
{
	*options = (struct collect_options){
		.key_file = key_file(line),
		.once = line->values[OPT_ONCE] != NULL,
		.wait = line->values[OPT_WAIT] != NULL,
		.since = INT64_MIN,
		.memory = line->memory,
		.threads = line->threads,
		.stop = &stop_requested,
		.progress = line->values[OPT_ONCE] ? draw : NULL,
	};
	return parse_time(line, OPT_SINCE, &options->since);
}

/* The words of the process that answers the API; NULL = none is wanted. */
static const char *const *http_words(const struct command_line *line, const char *const *only,
	const char *memory, const char *words[HTTP_WORDS])
{
	static const enum opt more[] = {
		OPT_LISTEN, OPT_HOST, OPT_TLS_CERT, OPT_TLS_KEY, OPT_PER_ADDRESS};
	static const char *const names[] = {
		"--listen", "--host", "--tls-cert", "--tls-key", "--connections-per-address"};
	size_t n = 0;
	if (only || line->values[OPT_NO_HTTP])
		return NULL;
	words[n++] = "http";
	words[n++] = "--data";
	words[n++] = data_folder(line);
	words[n++] = "--memory";
	words[n++] = memory;
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++) {
		if (!line->values[more[i]])
			continue;
		words[n++] = names[i];
		words[n++] = line->values[more[i]];
	}
	if (key_file(line)) {
		words[n++] = "--key-file";
		words[n++] = key_file(line);
	}
	if (line->values[OPT_INSECURE])
		words[n++] = "--insecure";
	if (line->values[OPT_VERBOSE])
		words[n++] = "--verbose";
	words[n] = NULL;
	return words;
}

/* What every process that is started gets: the folder, its share of the memory, the key. */
static void process_args(
	const struct command_line *line, const char *memory, const char *args[PROCESS_WORDS])
{
	size_t n = 0;
	args[n++] = "--data";
	args[n++] = data_folder(line);
	args[n++] = "--memory";
	args[n++] = memory;
	if (key_file(line)) {
		args[n++] = "--key-file";
		args[n++] = key_file(line);
	}
	if (line->values[OPT_VERBOSE])
		args[n++] = "--verbose";
	args[n] = NULL;
}

/* Of several processes at once a few import at a time, as a rule. */
static void memory_share(const struct command_line *line, char text[32])
{
	uint64_t share = line->memory / 4 > LEAST_SHARE ? line->memory / 4 : LEAST_SHARE;
	snprintf(text, 32, "%" PRIu64, share);
}

/* A process for each source, until the end. */
static int serve(const struct command_line *line, const char *const *only)
{
	struct err err = {0};
	char memory[32];
	const char *args[PROCESS_WORDS], *http[HTTP_WORDS];
	memory_share(line, memory);
	process_args(line, memory, args);
	struct serve_options options = {.data = data_folder(line),
		.only = only,
		.args = args,
		.http = http_words(line, only, memory, http),
		.stop = &stop_requested};
	log_setup(line->values[OPT_VERBOSE] ? LOG_DEBUG : LOG_INFO, LOG_AUTO);
	return serve_run(&options, &err) < 0 ? fail(&err) : EXIT_DONE;
}

int command_serve(const struct command_line *line)
{
	struct http_line http;
	struct err err = {0};
	/* Said here once, rather than by a process that is started again and again. */
	if (!line->values[OPT_NO_HTTP]) {
		if (http_line(line, &http) < 0)
			return EXIT_USAGE;
		if (http_check(&http.options, &err) < 0)
			return fail(&err);
	}
	return serve(line, NULL);
}

/* One source in this process; another one sends to the cluster what comes, so that collecting never waits for it. */
static int collect_alone(const struct command_line *line, struct store *store, const char *name,
	struct collect_options *options)
{
	bool rejected = false;
	char memory[32];
	const char *args[PROCESS_WORDS];
	struct serve_beside *sending = NULL;
	memory_share(line, memory);
	process_args(line, memory, args);
	if (!line->values[OPT_NO_SEND])
		sending = serve_beside_start(data_folder(line), args);
	int status = collect_one(line, store, name, options, &rejected);
	serve_beside_end(sending);
	return status;
}

/* One source in this process, several in one each. */
static int collect_on(const struct command_line *line, struct store *store, struct names *names,
	struct collect_options *options)
{
	log_setup(line->values[OPT_VERBOSE] ? LOG_DEBUG : LOG_INFO, LOG_AUTO);
	if (names->n == 1)
		return collect_alone(line, store, names->list[0], options);
	if (line->values[OPT_SINCE]) /* each process that is started again would read it again */
		return usage_error(line, "--since is for one source, or with --once");
	names->list[names->n] = NULL;
	return serve(line, names->list);
}

static int collect_all(const struct command_line *line, struct store *store, struct names *names,
	struct collect_options *options)
{
	bool rejected = false;
	int status = EXIT_DONE;
	for (unsigned i = 0; i < names->n && !stop_requested; i++) {
		int one = collect_one(line, store, names->list[i], options, &rejected);
		status = one != EXIT_DONE ? one : status;
	}
	return status == EXIT_DONE && rejected ? EXIT_REJECTED : status;
}

/* With rules run over what comes. */
static int detected_collect(const struct command_line *line, struct store *store,
	struct names *names, struct collect_options *options, struct detect_result *detected)
{
	int64_t began = clock_now_us();
	if (!line->values[OPT_NO_DETECT])
		options->detect = detect_live_start(line);
	options->detected = detected;
	if (options->once)
		log_setup(LOG_WARN, LOG_TEXT);
	int status = (options->once ? collect_all : collect_on)(line, store, names, options);
	detect_live_free(options->detect);
	if (options->once && !line->values[OPT_JSON])
		print_new_alerts(detected);
	if (options->once && !stop_requested && !line->values[OPT_NO_SEND])
		cluster_send(line, store, began);
	return status;
}

int command_collect(const struct command_line *line)
{
	struct err err = {0};
	struct store *store;
	struct collect_options options;
	struct detect_result detected = {0};
	struct names *names = xcalloc(1, sizeof(*names));
	int status;
	prctl(PR_SET_DUMPABLE, 0); /* no core with a token in it */
	if (parse_options(line, &options) < 0)
		status = EXIT_USAGE;
	else if (open_data(line, STORE_WRITE, &store, &err) < 0)
		status = fail(&err);
	else {
		if (take_names(line, store, names, &err) < 0)
			status = fail(&err);
		else
			status = detected_collect(line, store, names, &options, &detected);
		store_close(store);
	}
	arena_fini(&names->mem);
	free(names);
	return status;
}
