/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c (cli/): pugmark schema. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "cli/private.h"
#include "pipeline/input.h"

static int list_name(void *ctx, const struct schema *schema, bool user, struct err *err)
{
	(void)ctx;
	(void)err;
	printf("%-24s %s%s\n", schema->table, schema->product, user ? "  (your own schema)" : "");
	return 0;
}

static int show_all_json(const char *folder, struct err *err)
{
	struct buf out;
	buf_init(&out, ANSWER_MOST);
	int rc = answer_schemas(folder, &out, err);
	if (rc == 0)
		printf("%.*s\n", SLICE_ARG(buf_view(&out)));
	buf_fini(&out);
	return rc;
}

static int show(const struct command_line *line, struct err *err)
{
	const char *folder = data_folder(line);
	bool json = line->values[OPT_JSON];
	if (line->nargs < 2 && json)
		return show_all_json(folder, err);
	if (line->nargs < 2)
		return store_schemas(folder, list_name, NULL, err);
	const struct schema *schema;
	struct schema *owned = NULL;
	if (strpbrk(line->args[1], "./")) { /* a file, since no table has these in its name */
		if (schema_load(line->args[1], &owned, err) < 0)
			return -1;
		schema = owned;
	} else if (store_schema(folder, line->args[1], &schema, &owned, err) < 0) {
		return -1;
	}
	struct buf out;
	buf_init(&out, 16 << 20);
	if (json) {
		answer_schema(schema, owned != NULL, &out);
		buf_push(&out, '\n');
	} else
		schema_print(schema, &out);
	fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
	schema_free(owned);
	return 0;
}

static int check(const char *path, struct err *err)
{
	struct schema *schema;
	if (schema_load(path, &schema, err) < 0)
		return -1;
	printf("%s: right: table %s, %u columns of its own, %u lists\n", path, schema->table,
		schema->ncolumns, schema->shape.ngroups - 1);
	schema_free(schema);
	return 0;
}

enum { SAMPLE_BYTES = 8 << 20, SAMPLE_RECORDS = 10000 };

/* Adds the records of the first bytes of a file to the proposal. */
static int infer_file(struct infer *infer, const char *path, struct err *err)
{
	struct input *input;
	if (input_open(path, &input, err) < 0)
		return -1;
	char *data = xmalloc(SAMPLE_BYTES);
	struct json_record *records = xmalloc(SAMPLE_RECORDS * sizeof(*records));
	bool end;
	int64_t n = input_read(input, data, SAMPLE_BYTES, &end, err);
	struct json_records state = {0};
	size_t skip = 0, used;
	int status = n < 0 ? -1 : 0;
	struct slice head = {data, n < 0 ? 0 : (size_t)n};
	if (status == 0 && json_records_begin(&state, head, &skip, err) < 0)
		status = err_context(err, "%s", path);
	uint32_t count = 0;
	struct slice rest = {data + skip, head.len - skip};
	if (status == 0)
		count = json_records_cut(&state, rest, end, records, SAMPLE_RECORDS, &used);
	for (uint32_t i = 0; i < count && status == 0; i++)
		if (!records[i].reason)
			status = infer_add(infer,
				(struct slice){rest.ptr + records[i].off, records[i].len}, err);
	free(records);
	free(data);
	input_close(input);
	return status;
}

static int infer(const struct command_line *line, struct err *err)
{
	struct infer *proposal = infer_new();
	struct buf out;
	buf_init(&out, 4 << 20);
	int status = 0;
	for (int i = 1; i < line->nargs && status == 0; i++)
		status = infer_file(proposal, line->args[i], err);
	const char *table = line->values[OPT_TABLE]; /* NULL: the table that the samples fit */
	if (status == 0)
		status = infer_finish(proposal, table, &out, err);
	if (status == 0)
		fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
	infer_free(proposal);
	return status;
}

struct listing {
	bool json;
	unsigned n;
};

static int print_drift(void *ctx, const struct drift_info *info, struct err *err)
{
	(void)err;
	struct listing *listing = ctx;
	char first[CLOCK_TEXT], last[CLOCK_TEXT], count[32];
	struct buf path;
	buf_init(&path, 1 << 16);
	clock_text(info->first_seen, first);
	clock_text(info->last_seen, last);
	if (listing->json) {
		text_json_string(&path, slice_of(info->path));
		printf("%s{\"table\":\"%s\",\"path\":%.*s,\"kind\":\"%s\",\"seen\":\"%s\","
		       "\"count\":%" PRIu64 ",\"first_seen\":\"%s\",\"last_seen\":\"%s\"}",
			listing->n ? "," : "", info->table, SLICE_ARG(buf_view(&path)), info->kind,
			info->seen, info->count, first, last);
	} else {
		text_escape(&path, slice_of(info->path));
		printf("%-24s %-8s %.*s (%s)  %s times, first %.19sZ, last %.19sZ\n", info->table,
			info->kind, SLICE_ARG(buf_view(&path)), info->seen,
			text_count(info->count, count), first, last);
	}
	buf_fini(&path);
	listing->n++;
	return 0;
}

static int drift(const struct command_line *line, struct err *err)
{
	struct store *store;
	const struct schema *named = line->nargs > 1 ? schema_find(line->args[1]) : NULL;
	const char *table = named ? named->table : line->nargs > 1 ? line->args[1] : NULL;
	struct listing listing = {.json = line->values[OPT_JSON]};
	if (open_data(line, STORE_READ, &store, err) < 0)
		return -1;
	if (listing.json)
		fputs("[", stdout);
	int status = store_drift(store, table, print_drift, &listing, err);
	store_close(store);
	if (listing.json)
		fputs("]\n", stdout);
	else if (status == 0 && listing.n == 0)
		fputs("no field differs from the schema\n", stderr);
	return status;
}

int command_schema(const struct command_line *line)
{
	const char *verb = line->args[0];
	struct err err = {0};
	int status;
	if (strcmp(verb, "show") == 0)
		status = show(line, &err);
	else if (strcmp(verb, "check") == 0 && line->nargs == 2)
		status = check(line->args[1], &err);
	else if (strcmp(verb, "infer") == 0 && line->nargs >= 2)
		status = infer(line, &err);
	else if (strcmp(verb, "drift") == 0)
		status = drift(line, &err);
	else
		return usage_error(line,
			"it must be show [TABLE|FILE], check FILE, infer FILE… or drift [TABLE]");
	return status < 0 ? fail(&err) : EXIT_DONE;
}
