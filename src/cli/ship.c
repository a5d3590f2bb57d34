/* SPDX-License-Identifier: Apache-2.0 */
/* ship.c (cli/): pugmark ship. The program pugmark-ship does the same with nothing else in it. */
#include "cli/private.h"
#include "ship/ship.h"

static void draw(void *ctx, uint64_t done, uint64_t total)
{
	(void)ctx;
	if (total)
		progress_draw("uploading", done, total, "bytes", 0);
	else
		progress_clear();
}

static int read_options(
	const struct command_line *line, struct ship_options *options, struct err *err)
{
	for (int i = 0; i < OPTIONS; i++)
		if (line->values[i] && ship_option_known(option_name((enum opt)i)) &&
			ship_option_set(options, option_name((enum opt)i), line->values[i], err) <
				0)
			return -1;
	return ship_arguments(options, line->args, line->nargs, err);
}

int command_ship(const struct command_line *line)
{
	struct err err = {0};
	struct ship_options options;
	struct ship_hooks hooks = {.stop = &stop_requested, .progress = draw};
	ship_options_init(&options);
	int status = EXIT_USAGE;
	if (read_options(line, &options, &err) < 0) {
		usage_error(line, "%s", err.text);
	} else {
		status = (int)ship_run(&options, &hooks, &err);
		if (status != SHIP_DONE && status != SHIP_INCOMPLETE)
			fail(&err);
	}
	ship_options_fini(&options);
	return status;
}
