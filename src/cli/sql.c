/* SPDX-License-Identifier: Apache-2.0 */
/* sql.c (cli/): pugmark sql. */
#include "cli/private.h"

int command_sql(const struct command_line *line)
{
	struct err err = {0};
	int64_t seconds = 300, limit = 1000;
	struct sql_options options = {.stop = &stop_requested, .threads = line->threads};
	if (parse_format(line, &options.format) < 0 ||
		parse_count(line, OPT_TIMEOUT, &seconds) < 0 ||
		parse_count(line, OPT_LIMIT, &limit) < 0)
		return EXIT_USAGE;
	options.memory_bytes =
		budget_divide(line->memory, line->threads ? line->threads : 2).sql_bytes;
	options.seconds = seconds > 86400 ? 86400 : (unsigned)seconds;
	options.width = terminal_width();
	options.max_rows = options.format == FORMAT_TABLE ? (uint64_t)limit : 0;
	struct store *store;
	if (open_data(line, STORE_READ, &store, &err) < 0)
		return fail(&err);
	struct sql_result result = {0};
	int status = line->values[OPT_LAKE]
			     ? sql_run(store, line->args[0], &options, stdout, &result, &err)
			     : sql_ask(store, key_file(line), line->args[0], &options, stdout,
				       &result, &err);
	store_close(store);
	if (status < 0)
		return fail(&err);
	(void)fflush(stdout); /* main looks at it again */
	if (options.format == FORMAT_TABLE) {
		char rows[32];
		fprintf(stderr, "%s row%s, %.0f ms%s\n", text_count(result.rows, rows),
			result.rows == 1 ? "" : "s", (double)result.elapsed_us / 1000,
			result.cut ? " (cut: --limit 0 shows all)" : "");
	}
	return EXIT_DONE;
}
