/* SPDX-License-Identifier: Apache-2.0 */
/* entity.c (cli/): pugmark entity: everything about one user, address or object. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/entity.h"
#include "cli/ioc.h"

enum {
	TOP = 10, /* of each list, where no limit is given */
	TOP_JSON = 100,
	DAYS = 30,
	PAGE_BYTES = 1 << 28,
};

static int parse_as(const struct command_line *line, enum entity_as *as)
{
	const char *given = line->values[OPT_AS];
	if (entity_as_named(given, as) == 0)
		return 0;
	usage_error(line, "--as %.40s: write actor, target or ip", given);
	return -1;
}

static int parse_kind(const struct command_line *line, enum ioc_kind *kind)
{
	const char *given = line->values[OPT_KIND];
	*kind = given ? ioc_kind_named(slice_of(given)) : IOC_NONE;
	if (given && *kind == IOC_NONE) {
		usage_error(line,
			"--kind %.40s: write ipv4, ipv6, domain, url, email, md5, sha1, sha256, "
			"user, account, agent, host or other",
			given);
		return -1;
	}
	return 0;
}

/* 0, or -1 (told). */
static int parse_options(const struct command_line *line, bool json, struct entity_request *request)
{
	int64_t limit = json ? TOP_JSON : TOP;
	request->since = INT64_MIN;
	request->until = INT64_MAX;
	if (parse_as(line, &request->as) < 0 || parse_kind(line, &request->kind) < 0 ||
		parse_count(line, OPT_LIMIT, &limit) < 0 ||
		parse_time(line, OPT_SINCE, &request->since) < 0 ||
		parse_time(line, OPT_UNTIL, &request->until) < 0)
		return -1;
	request->top = limit > 0 && limit < ENTITY_VALUES ? (uint32_t)limit : ENTITY_VALUES;
	request->person = line->values[OPT_PERSON] != NULL;
	if (request->person && request->as != ENTITY_ANY) {
		usage_error(line, "--person goes without --as: other names come from the index");
		return -1;
	}
	request->alerts = request->top;
	request->days = request->since == INT64_MIN && request->until == INT64_MAX ? DAYS : 0;
	return 0;
}

/* ---- words ----------------------------------------------------------------------------------- */

static void print_near(const struct entity *entity, struct buf *text)
{
	for (uint32_t i = 0; i < entity->nnear; i++) {
		buf_puts(text, i ? ", " : "; stored are names like it: ");
		text_escape(text, entity->near[i]);
	}
}

static void print_unseen(const struct entity *entity, const struct entity_request *request)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	text_escape(&text, request->value);
	if (entity->kinds && request->as == ENTITY_ANY)
		buf_puts(&text, " was not seen in that time; it was at others: leave out --since "
				"and --until");
	else
		buf_puts(&text, request->as == ENTITY_ANY
					? " was not seen in any event"
					: " was not seen as that in any event: leave out --as");
	print_near(entity, &text);
	fprintf(stderr, "%.*s\n", SLICE_ARG(buf_view(&text)));
	buf_fini(&text);
}

static int print(const struct entity *entity, const struct entity_request *request, bool json,
	struct err *err)
{
	struct buf out;
	int rc = 0;
	unsigned width = terminal_width();
	buf_init(&out, PAGE_BYTES);
	if (json) {
		answer_entity(entity, request->value, &out);
		buf_push(&out, '\n');
	} else if (entity->seen || entity->nalerts)
		entity_draw(
			entity, request->value, request->now, width ? width : PLAIN_WIDTH, &out);
	if (out.full)
		rc = err_set(err, ERR_LIMIT, "the answer is too long: give a smaller --limit");
	else if (out.len && fwrite(out.ptr, 1, out.len, stdout) != out.len)
		rc = err_errno(err, "writing");
	if (rc == 0 && !entity->seen)
		print_unseen(entity, request);
	buf_fini(&out);
	return rc;
}

static void print_summary(const struct entity *entity, const char *why, int64_t began)
{
	char count[32];
	if (entity->seen)
		fprintf(stderr, "%s event%s, %" PRId64 " ms%s\n", text_count(entity->events, count),
			entity->events == 1 ? "" : "s", (clock_mono_us() - began) / 1000, why);
	if (entity->nproblems)
		fprintf(stderr,
			"pugmark: the counts are not whole: %" PRIu32
			" files could not be read (%s): run pugmark verify\n",
			entity->nproblems, entity->problem);
}

/* ---- the command ----------------------------------------------------------------------------- */

static int find(const struct command_line *line, struct store *store, bool json,
	const struct entity_request *request, bool *whole, struct err *err)
{
	struct searching s = {.line = line, .store = store};
	struct entity entity;
	int64_t began = clock_mono_us();
	uint64_t left = 0;
	int rc = search_tables_load(&s, err);
	if (rc == 0)
		rc = ioc_complete_index(line, store, &left, err);
	struct entity_request asked = *request;
	asked.tables = &s.tables;
	if (rc == 0 && (rc = entity_find(store, &asked, &entity, err)) == 0) {
		rc = print(&entity, request, json, err);
		if (rc == 0)
			print_summary(&entity, entity.searched ? ", by search" : "", began);
		*whole = entity.nproblems == 0;
		entity_free(&entity);
	}
	schema_set_fini(&s.schemas);
	arena_fini(&s.mem);
	return rc;
}

int command_entity(const struct command_line *line)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	enum query_format format;
	struct store *store;
	struct err err = {0};
	bool whole = true;
	struct entity_request request = {.value = slice_of(line->args[0]),
		.lake = line->values[OPT_LAKE] != NULL,
		.now = clock_now_us(),
		.threads = line->threads ? line->threads
			   : cores > 0   ? (unsigned)cores
					 : 1,
		.stop = &stop_requested};
	if (parse_format(line, &format) < 0)
		return EXIT_USAGE;
	bool json = format == FORMAT_JSON;
	if (!json && format != FORMAT_TABLE)
		return usage_error(line, "--format must be table or json here");
	if (parse_options(line, json, &request) < 0)
		return EXIT_USAGE;
	catch_stop();
	int rc = open_data(line, STORE_READ, &store, &err);
	if (rc == 0) {
		rc = find(line, store, json, &request, &whole, &err);
		store_close(store);
	}
	if (rc < 0)
		return fail(&err);
	return whole ? EXIT_DONE : EXIT_REJECTED;
}
