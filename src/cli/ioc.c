/* SPDX-License-Identifier: Apache-2.0 */
/* ioc.c (cli/): pugmark ioc: its verbs. */
#include "cli/ioc.h"

static const struct {
	const char *verb;
	int (*run)(const struct command_line *line);
} verbs[] = {
	{"search", ioc_search_run},
	{"add", ioc_add_run},
	{"list", ioc_list_run},
	{"remove", ioc_remove_run},
	{"pause", ioc_pause_run},
	{"resume", ioc_pause_run},
	{"update", ioc_update_run},
	{"feeds", ioc_feeds_run},
	{"index", ioc_index_run},
};

int command_ioc(const struct command_line *line)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(line->args[0], verbs[i].verb) == 0)
			return verbs[i].run(line);
	}
	return usage_error(line,
		"\"%s\" must be search, add, list, remove, pause, resume, update, feeds or index",
		line->args[0]);
}
