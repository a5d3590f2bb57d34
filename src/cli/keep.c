/* SPDX-License-Identifier: Apache-2.0 */
/* keep.c (cli/): the commands that keep a store in order: rebuild, compact, verify, backup, restore,
 * and version. */
#include <inttypes.h>
#include <sqlite3.h>
#include <string.h>
#include <zstd.h>

#include "cli/cluster.h"
#include "cli/evidence.h"
#include "cli/private.h"
#include "query/clustered.h"
#include "store/shipments.h"

/* A retired file may be in use by a query that began before: the longest one plus ten minutes. */
#define GRACE_US ((int64_t)(86400 + 600) * 1000000)

struct names {
	char table[64][128];
	unsigned n;
};

static int note_table(void *ctx, const struct table_info *info, struct err *err)
{
	struct names *names = ctx;
	if (names->n == 64)
		return err_set(err, ERR_LIMIT, "more than 64 tables in one store");
	snprintf(names->table[names->n++], sizeof(names->table[0]), "%s", info->table);
	return 0;
}

/* The tables named on the command line, or all of the store. */
static int chosen_tables(
	const struct command_line *line, struct store *store, struct names *names, struct err *err)
{
	names->n = 0;
	if (line->nargs == 0)
		return store_tables(store, note_table, names, err);
	for (int i = 0; i < line->nargs && i < 64; i++) {
		const struct schema *schema;
		struct schema *owned;
		if (store_schema(store_dir(store), line->args[i], &schema, &owned, err) < 0)
			return -1;
		snprintf(names->table[names->n++], sizeof(names->table[0]), "%s", schema->table);
		schema_free(owned);
	}
	return 0;
}

static int keep_schema(const struct command_line *line, struct store *store, struct err *err)
{
	const char *file = line->values[OPT_SCHEMA];
	struct schema *schema;
	bool changed;
	if (!file)
		return 0;
	if (schema_load(file, &schema, err) < 0)
		return -1;
	int status = store_schema_keep(store_dir(store), schema, file, &changed, err);
	schema_free(schema);
	return status;
}

int command_rebuild(const struct command_line *line)
{
	struct store *store;
	struct err err = {0};
	struct names names;
	if (open_data(line, STORE_WRITE, &store, &err) < 0)
		return fail(&err);
	int status = keep_schema(line, store, &err);
	if (status == 0)
		status = chosen_tables(line, store, &names, &err);
	struct progress progress = progress_of_walk(WALK_EVENTS);
	for (unsigned i = 0; status == 0 && i < names.n; i++) {
		struct rebuild_result result = {0};
		char count[32];
		status = rebuild_table(store, names.table[i], &progress, &result, &err);
		progress_clear();
		if (status == 0 && line->values[OPT_JSON])
			printf("{\"table\":\"%s\",\"events\":%" PRIu64 "}\n", names.table[i],
				result.records);
		else if (status == 0)
			printf("%s: %s events rebuilt in %.2f s\n", names.table[i],
				text_count(result.records, count), (double)result.elapsed_us / 1e6);
	}
	/* What was sent of these tables is deleted there, and goes anew. */
	if (status == 0)
		cluster_send(line, store, clock_now_us());
	store_close(store);
	return status < 0 ? fail(&err) : EXIT_DONE;
}

/* Retention takes what is old whether it was sent or not: so it is sent before, where that can be. What never goes is told. */
static int retain_table(const struct command_line *line, struct store *store, const char *table,
	int64_t keep, uint64_t *dropped, struct err *err)
{
	struct progress progress = progress_of_walk(WALK_STEPS);
	struct shipments_lag before, after;
	char count[32];
	int set = store_cluster_is_set(store, err);
	if (set < 0)
		return -1;
	if (set)
		cluster_send(line, store, INT64_MIN);
	if (shipments_lag(store, INT64_MIN, &before, err) < 0 ||
		store_retain(store, table, (unsigned)keep, &progress, dropped, err) < 0 ||
		shipments_lag(store, INT64_MIN, &after, err) < 0)
		return -1;
	progress_clear();
	if (set && after.rows < before.rows)
		fprintf(stderr,
			"pugmark: %s events of %s were older than what is kept and were never sent "
			"to the cluster\n",
			text_count(before.rows - after.rows, count), table);
	return 0;
}

static int compact_table(const struct command_line *line, struct store *store, const char *table,
	int64_t keep, struct err *err)
{
	struct progress progress = progress_of_walk(WALK_STEPS);
	uint64_t dropped = 0, before, after;
	char count[32];
	if (keep > 0 && retain_table(line, store, table, keep, &dropped, err) < 0)
		return -1;
	int status = store_compact(store, table, GRACE_US, &progress, &before, &after, err);
	progress_clear();
	if (status < 0)
		return -1;
	if (line->values[OPT_JSON])
		printf("{\"table\":\"%s\",\"dropped\":%" PRIu64 ",\"files_before\":%" PRIu64
		       ",\"files_after\":%" PRIu64 "}\n",
			table, dropped, before, after);
	else
		printf("%s: %" PRIu64 " files became %" PRIu64 ", %s events dropped\n", table,
			before, after, text_count(dropped, count));
	return 0;
}

/* "365" or "365d". 0 or -1. */
static int parse_days(const char *text, int64_t *days)
{
	struct slice number = slice_of(text);
	if (number.len > 1 && number.ptr[number.len - 1] == 'd')
		number.len--;
	return text_parse_int(number, days) < 0 || *days < 1 || *days > 100000 ? -1 : 0;
}

int command_compact(const struct command_line *line)
{
	int64_t keep = 0;
	const char *text = line->values[OPT_KEEP];
	if (text && parse_days(text, &keep) < 0)
		return usage_error(line, "--keep %s: write a number of days: 365 or 365d", text);
	struct store *store;
	struct err err = {0};
	struct names names;
	if (open_data(line, STORE_WRITE, &store, &err) < 0)
		return fail(&err);
	int status = chosen_tables(line, store, &names, &err);
	for (unsigned i = 0; status == 0 && i < names.n; i++)
		status = compact_table(line, store, names.table[i], keep, &err);
	store_close(store);
	return status < 0 ? fail(&err) : EXIT_DONE;
}

struct findings {
	bool json;
	uint64_t n;
};

static void print_damage(void *ctx, const char *file, const char *what)
{
	struct findings *findings = ctx;
	struct buf out;
	progress_clear();
	buf_init(&out, 1 << 16);
	if (findings->json) {
		buf_puts(&out, findings->n ? ",{\"file\":" : "{\"file\":");
		text_json_string(&out, slice_of(file));
		buf_puts(&out, ",\"what\":");
		text_json_string(&out, slice_of(what));
		buf_push(&out, '}');
	} else {
		buf_puts(&out, "DAMAGED ");
		text_escape(&out, slice_of(file));
		buf_puts(&out, ": ");
		text_escape(&out, slice_of(what));
		buf_push(&out, '\n');
	}
	fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
	findings->n++;
}

/* The rest of the result, where a checkpoint is held against it. */
static int verify_held(const struct command_line *line, struct store *store,
	struct findings *findings, uint64_t *damaged, struct err *err)
{
	struct buf rest; /* JSON: findings come before the result */
	buf_init(&rest, (size_t)1 << 30);
	int status = evidence_verify_run(line, store, print_damage, findings, damaged, &rest, err);
	if (findings->json)
		printf("],\"findings\":%" PRIu64 "%.*s}\n", *damaged, SLICE_ARG(buf_view(&rest)));
	else
		printf("%.*s", SLICE_ARG(buf_view(&rest)));
	buf_fini(&rest);
	return status;
}

int command_verify(const struct command_line *line)
{
	struct store *store;
	struct err err = {0};
	int64_t seconds = 0;
	const char *text = line->values[OPT_SECONDS];
	if (text &&
		(text_parse_int(slice_of(text), &seconds) < 0 || seconds < 1 || seconds > 1000000))
		return usage_error(line, "--seconds %s: write a number", text);
	if ((line->values[OPT_KEY] || line->values[OPT_WITNESS]) && !line->values[OPT_CHECKPOINT])
		return usage_error(line, "--key and --witness go with --checkpoint");
	if (open_data(line, seconds ? STORE_WRITE : STORE_READ, &store, &err) < 0)
		return fail(&err);
	struct findings findings = {.json = line->values[OPT_JSON]};
	struct progress progress = progress_of_walk(WALK_BYTES);
	uint64_t damaged = 0;
	if (findings.json)
		fputs("{\"damaged\":[", stdout);
	int status =
		seconds ? store_scrub(
				  store, (unsigned)seconds, print_damage, &findings, &damaged, &err)
			: store_verify(store, print_damage, &findings, &progress, &damaged, &err);
	progress_clear();
	bool held = line->values[OPT_CHECKPOINT] != NULL;
	if (findings.json && !held)
		printf("],\"findings\":%" PRIu64 "}\n", damaged);
	else if (held && status == 0)
		status = verify_held(line, store, &findings, &damaged, &err);
	store_close(store);
	if (status < 0)
		return fail(&err);
	if (!findings.json && damaged == 0)
		puts("everything that was checked is as it was written");
	else if (!findings.json)
		fputs("pugmark: what is damaged in tables/ or ids/ is made again by pugmark "
		      "rebuild; what is "
		      "damaged in vault/ comes back from a backup or from the source, by importing "
		      "it again\n",
			stderr);
	return damaged ? EXIT_FAILED : EXIT_DONE;
}

int command_backup(const struct command_line *line)
{
	struct store *store;
	struct err err = {0};
	if (open_data(line, STORE_READ, &store, &err) < 0)
		return fail(&err);
	struct progress progress = progress_of_walk(WALK_BYTES);
	int status = store_backup(store, line->args[0], line->values[OPT_LINK], &progress, &err);
	progress_clear();
	store_close(store);
	if (status < 0)
		return fail(&err);
	printf("backup of %s written to %s\n", data_folder(line), line->args[0]);
	return EXIT_DONE;
}

int command_restore(const struct command_line *line)
{
	struct err err = {0};
	struct progress progress = progress_of_walk(WALK_BYTES);
	int status = store_restore(line->args[0], data_folder(line), &progress, &err);
	progress_clear();
	if (status < 0)
		return fail(&err);
	printf("%s restored to %s\n", line->args[0], data_folder(line));
	return EXIT_DONE;
}

int command_version(const struct command_line *line)
{
	(void)line;
	struct err err = {0};
	const char *library = sql_library(&err);
	printf("pugmark %s\nSQLite %s, zstd %s\nDuckDB: %s\n", PUGMARK_VERSION,
		sqlite3_libversion(), ZSTD_versionString(), library ? library : err.text);
	return EXIT_DONE;
}
