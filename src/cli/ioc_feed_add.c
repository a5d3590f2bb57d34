/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_feed_add.c (cli/): pugmark ioc add LIST --url, --taxii, --file-feed: a list that is filled from elsewhere. */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/ioc.h"
#include "cli/secret_option.h"
#include "pipeline/feed.h"

struct adding {
	const struct command_line *line;
	struct store *store;
	struct arena mem;
	struct feed feed;
	struct watchlist list;
	struct secrets_given secrets;
	struct buf json; /* of collections, and of what came; with --json */
	unsigned ncollections;
};

bool ioc_is_feed(const struct command_line *line)
{
	return line->values[OPT_URL] || line->values[OPT_URL_FILE] || line->values[OPT_TAXII] ||
	       line->values[OPT_FILE_FEED];
}

/* ---- what kind ------------------------------------------------------------------------------- */

static int take_place(struct adding *a, struct err *err)
{
	const char *const *values = a->line->values;
	struct feed *feed = &a->feed;
	int given = (values[OPT_URL] || values[OPT_URL_FILE]) + (values[OPT_TAXII] != NULL) +
		    (values[OPT_FILE_FEED] != NULL);
	if (given != 1 || (values[OPT_URL] && values[OPT_URL_FILE]))
		return err_set(err, ERR_USAGE,
			"one of --url, --url-file, --taxii and --file-feed is needed");
	if (values[OPT_COLLECTION] && !values[OPT_TAXII])
		return err_set(err, ERR_USAGE, "--collection goes with --taxii");
	feed->kind = values[OPT_TAXII] ? FEED_TAXII : values[OPT_FILE_FEED] ? FEED_FILE : FEED_URL;
	feed->url = values[OPT_TAXII]       ? values[OPT_TAXII]
		    : values[OPT_FILE_FEED] ? whole_path(&a->mem, values[OPT_FILE_FEED])
					    : values[OPT_URL];
	feed->url_secret = values[OPT_URL_FILE] != NULL;
	feed->collection = values[OPT_COLLECTION];
	return secret_option(a->line, OPT_URL_FILE, false, &a->secrets, &feed->url, err);
}

static int take_interval(struct adding *a, struct err *err)
{
	const char *text = a->line->values[OPT_INTERVAL];
	if (!a->list.interval_s)
		a->list.interval_s =
			a->feed.kind == FEED_FILE ? FEED_FILE_INTERVAL_S : FEED_INTERVAL_S;
	if (text && (clock_parse_span(text, &a->list.interval_s) < 0 || a->list.interval_s == 0))
		return err_set(err, ERR_USAGE, "--interval %.40s: write a span: 15m, 1h, 1d", text);
	return 0;
}

static int take_feed(struct adding *a, struct err *err)
{
	const struct command_line *line = a->line;
	struct feed *feed = &a->feed;
	struct ioc_list_options options;
	const char *most = line->values[OPT_MAX_SIZE];
	if (ioc_list_options_of(line, &options) < 0)
		return err_set(err, ERR_USAGE, "pugmark help ioc");
	*feed = (struct feed){.list = line->args[1],
		.format = options.format,
		.column = options.column,
		.value_kind = options.kind,
		.user = line->values[OPT_USER],
		.ca_file = whole_path(&a->mem, line->values[OPT_CA_FILE]),
		.proxy = line->values[OPT_PROXY],
		.allow_private = line->values[OPT_ALLOW_PRIVATE] != NULL,
		.allow_wide = line->values[OPT_ALLOW_WIDE] != NULL};
	if (most && (text_parse_size(most, &feed->max_bytes) < 0 || feed->max_bytes == 0))
		return err_set(err, ERR_USAGE, "--max-size %.40s: write a size: 64M, 1G", most);
	if (take_place(a, err) < 0 || take_interval(a, err) < 0)
		return -1;
	return secret_option(a->line, OPT_HEADER_FILE, true, &a->secrets, &feed->headers, err) <
				       0 ||
			       secret_option(a->line, OPT_PASSWORD_FILE, false, &a->secrets,
				       &feed->password, err) < 0 ||
			       secret_option(a->line, OPT_API_TOKEN_FILE, false, &a->secrets,
				       &feed->token, err) < 0
		       ? -1
		       : 0;
}

/* ---- TAXII ----------------------------------------------------------------------------------- */

static void put_collection(struct buf *out, const struct taxii_collection *collection)
{
	buf_puts(out, "{\"id\":");
	text_json_string(out, slice_of(collection->id));
	text_json_member(out, "title", collection->title ? collection->title : "");
	buf_printf(out, ",\"readable\":%s}", collection->readable ? "true" : "false");
}

static void show_collection(void *ctx, const struct taxii_collection *collection)
{
	struct adding *a = ctx;
	bool first = a->ncollections++ == 0;
	struct buf out;
	if (a->line->values[OPT_JSON]) {
		buf_puts(&a->json, first ? "" : ",");
		put_collection(&a->json, collection);
		progress_tell_step("collection", collection->readable ? "note" : "warning",
			arena_printf(&a->mem, "%s  %s", collection->id,
				collection->title ? collection->title : ""),
			collection->readable ? NULL : "it is not to be read by us");
		return;
	}
	buf_init(&out, 1 << 16);
	buf_puts(&out, first ? "collections of the server:\n" : "");
	buf_puts(&out, "  ");
	text_escape(&out, slice_of(collection->id));
	buf_puts(&out, collection->readable ? "  " : "  (not to be read by us)  ");
	text_escape(&out, slice_of(collection->title ? collection->title : ""));
	buf_push(&out, '\n');
	fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
}

/* What a program that asked is to choose from. */
static void tell_collections(struct adding *a)
{
	if (a->line->values[OPT_JSON])
		printf("{\"collections\":[%.*s]}\n", SLICE_ARG(buf_view(&a->json)));
}

static int find_collection(struct adding *a, struct err *err)
{
	const char *wanted = a->feed.collection;
	if (a->feed.kind != FEED_TAXII)
		return 0;
	int found = taxii_find(&a->feed, &stop_requested, &a->mem, show_collection, a, err);
	if (found != 0) {
		buf_clear(&a->json);
		return found < 0 ? -1 : 0;
	}
	tell_collections(a);
	if (wanted)
		return err_set(err, ERR_NOT_FOUND,
			"the server has no collection `%.100s`: without --collection they are "
			"listed",
			wanted);
	return err_set(err, ERR_USAGE,
		a->ncollections ? "choose one of them: --collection ID"
				: "the server has no collections for us");
}

/* ---- adding ---------------------------------------------------------------------------------- */

static int check_list(const struct adding *a, struct err *err)
{
	char n[32];
	if (a->list.indicators == 0 || feed_is(&a->list) || a->line->values[OPT_REPLACE])
		return 0;
	return err_set(err, ERR_USAGE,
		"%s holds %s indicators that were put in by hand, and a feed replaces them: take "
		"another name, or --replace",
		a->list.name, text_count(a->list.indicators, n));
}

static int first_fetch(struct adding *a, struct err *err)
{
	struct ioc_telling telling = {0};
	const struct command_line *line = a->line;
	const struct feed_options options = {.key_file = key_file(line),
		.memory = line->memory,
		.threads = line->threads,
		.accept = line->values[OPT_ACCEPT] || line->values[OPT_REPLACE],
		.stop = &stop_requested,
		.unusable = ioc_tell_unusable,
		.ctx = &telling};
	struct feed_result result;
	if (feed_update(a->store, a->list.name, &options, &result, err) < 0)
		return err_context(err,
			"%s is saved, and is tried again by pugmark serve or ioc update (ioc "
			"remove "
			"%s forgets it), but the first fetch failed",
			a->list.name, a->list.name);
	if (line->values[OPT_JSON]) {
		ioc_feed_json(a->list.name, &result, NULL, &a->json);
		printf("{\"feeds\":[%.*s]}\n", SLICE_ARG(buf_view(&a->json)));
	} else if (result.outcome == FEED_BUSY)
		printf("%s: another process fetches it right now\n", a->list.name);
	else if (result.outcome == FEED_UNCHANGED)
		printf("%s: nothing new\n", a->list.name);
	else
		ioc_tell_fill(a->list.name, &result.fill, &telling);
	return ioc_sweep(line, a->store, err);
}

static int add(struct adding *a, struct err *err)
{
	const char *name = a->line->args[1];
	if (ioc_list_settings(a->line, a->store, name, &a->mem, &a->list, err) < 0 ||
		check_list(a, err) < 0 || take_feed(a, err) < 0 || find_collection(a, err) < 0 ||
		feed_save(a->store, &a->list, &a->feed, key_file(a->line), err) < 0)
		return -1;
	return first_fetch(a, err);
}

int ioc_feed_add_run(const struct command_line *line)
{
	struct adding a = {.line = line};
	struct err err = {0};
	if (line->nargs != 2 || line->values[OPT_FILE])
		return usage_error(line, "add --url, --taxii or --file-feed needs the name of a "
					 "list, and no values");
	buf_init(&a.json, 1 << 20);
	prctl(PR_SET_DUMPABLE, 0); /* no core with a secret in it */
	if (open_data(line, STORE_WRITE, &a.store, &err) < 0)
		return fail(&err);
	int rc = add(&a, &err);
	secrets_given_wipe(&a.secrets);
	arena_fini(&a.mem);
	buf_fini(&a.json);
	store_close(a.store);
	return rc < 0 ? fail(&err) : EXIT_DONE;
}
