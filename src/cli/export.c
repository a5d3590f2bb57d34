/* SPDX-License-Identifier: Apache-2.0 */
/* export.c (cli/): pugmark export: Parquet files, raw NDJSON, CSV. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/private.h"

struct export_job {
	const struct command_line *line;
	struct store *store;
	struct export_filter filter;
	const char *output;
	FILE *out;
};

static int export_ndjson(struct export_job *job, struct err *err)
{
	uint64_t records, reflowed;
	char a[32];
	struct progress progress = progress_of_walk(WALK_EVENTS);
	int status =
		export_raw(job->store, &job->filter, job->out, &progress, &records, &reflowed, err);
	progress_clear();
	if (status < 0)
		return -1;
	fprintf(stderr, "%s events\n", text_count(records, a));
	if (reflowed)
		fprintf(stderr,
			"%s of them came on several lines: their line ends are blanks here\n",
			text_count(reflowed, a));
	return 0;
}

static int export_csv(struct export_job *job, struct err *err)
{
	struct buf sql;
	char since[CLOCK_TEXT], until[CLOCK_TEXT];
	buf_init(&sql, 1 << 16);
	buf_printf(&sql, "select * from %s where true",
		job->filter.table ? job->filter.table : "events");
	if (job->filter.since != INT64_MIN)
		buf_printf(&sql, " and event_time >= timestamptz '%s'",
			clock_text(job->filter.since, since));
	if (job->filter.until != INT64_MAX)
		buf_printf(&sql, " and event_time < timestamptz '%s'",
			clock_text(job->filter.until, until));
	buf_printf(&sql, " order by event_time");
	struct sql_options options = {
		.format = FORMAT_CSV,
		.memory_bytes = budget_divide(job->line->memory, 2).sql_bytes,
		.threads = job->line->threads,
		.seconds = 86400,
		.stop = &stop_requested,
	};
	struct sql_result result = {0};
	int status = sql_run(job->store, sql.ptr, &options, job->out, &result, err);
	buf_fini(&sql);
	char a[32];
	if (status == 0)
		fprintf(stderr, "%s events\n", text_count(result.rows, a));
	return status;
}

static int copy_file(const char *from, const char *to, struct err *err)
{
	int in = io_open(from, O_RDONLY, 0, err);
	if (in < 0)
		return -1;
	int out = io_open(to, O_WRONLY | O_CREAT | O_EXCL, 0644, err);
	char *data = xmalloc(1 << 20);
	int status = out < 0 ? -1 : 0;
	while (status == 0) {
		ssize_t n = io_read(in, data, 1 << 20, from, err);
		if (n <= 0) {
			status = n < 0 ? -1 : 0;
			break;
		}
		status = io_write(out, data, (size_t)n, to, err);
	}
	if (status == 0)
		status = io_fsync(out, to, err);
	free(data);
	io_close(in);
	io_close(out);
	return status;
}

struct copying {
	const char *folder;
	unsigned files;
	uint64_t rows;
};

static int copy_segment(void *ctx, const struct segment_info *info, struct err *err)
{
	struct copying *copying = ctx;
	if (!*info->path)
		return 0;
	struct buf path;
	buf_init(&path, 4096);
	buf_printf(&path, "%s/%s", copying->folder, info->table);
	int status = io_mkdirs(path.ptr, err);
	const char *name = strrchr(info->path, '/');
	buf_puts(&path, name ? name : info->path);
	buf_append(&path, "", 1);
	if (status == 0)
		status = copy_file(info->path, path.ptr, err);
	buf_fini(&path);
	copying->files++;
	copying->rows += info->rows;
	return status;
}

static int export_parquet(struct export_job *job, struct err *err)
{
	if (job->filter.since != INT64_MIN || job->filter.until != INT64_MAX)
		return err_set(err, ERR_USAGE,
			"--since and --until go with ndjson and csv: Parquet files are copied "
			"whole");
	struct copying copying = {.folder = job->output};
	if (store_segments(job->store, job->filter.table, copy_segment, &copying, err) < 0)
		return -1;
	char rows[32];
	fprintf(stderr, "%s events in %u files under %s\n", text_count(copying.rows, rows),
		copying.files, job->output);
	return 0;
}

static int parse_bounds(struct export_job *job)
{
	const struct command_line *line = job->line;
	job->filter.since = INT64_MIN;
	job->filter.until = INT64_MAX;
	return parse_time(line, OPT_SINCE, &job->filter.since) < 0 ||
			       parse_time(line, OPT_UNTIL, &job->filter.until) < 0
		       ? -1
		       : 0;
}

static int export_stream(struct export_job *job, bool csv, struct err *err)
{
	if (output_open(job->output, &job->out, err) < 0)
		return -1;
	int status = csv ? export_csv(job, err) : export_ndjson(job, err);
	return output_close(job->output, job->out, status, err);
}

int command_export(const struct command_line *line)
{
	const char *format = line->values[OPT_FORMAT] ? line->values[OPT_FORMAT] : "ndjson";
	bool parquet = strcmp(format, "parquet") == 0, csv = strcmp(format, "csv") == 0;
	if (!parquet && !csv && strcmp(format, "ndjson") != 0)
		return usage_error(line, "--format %s: it must be parquet, ndjson or csv", format);
	struct export_job job = {.line = line, .output = line->values[OPT_OUTPUT]};
	if (parquet && !job.output)
		return usage_error(line, "--format parquet needs --output FOLDER");
	if (parse_bounds(&job) < 0)
		return EXIT_USAGE;
	struct err err = {0};
	const struct schema *schema;
	struct schema *owned = NULL;
	if (line->values[OPT_TABLE]) {
		if (store_schema(
			    data_folder(line), line->values[OPT_TABLE], &schema, &owned, &err) < 0)
			return fail(&err);
		job.filter.table = schema->table;
	}
	int status = open_data(line, STORE_READ, &job.store, &err);
	if (status == 0) {
		status = parquet ? export_parquet(&job, &err) : export_stream(&job, csv, &err);
		store_close(job.store);
	}
	schema_free(owned);
	return status < 0 ? fail(&err) : EXIT_DONE;
}
