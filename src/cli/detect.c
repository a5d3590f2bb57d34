/* SPDX-License-Identifier: Apache-2.0 */
/* detect.c (cli/): pugmark detect: its verbs. */
#include <string.h>

#include "cli/detect_eval.h"
#include "cli/detecting.h"

int command_detect(const struct command_line *line)
{
	static const struct {
		const char *name;
		int (*run)(const struct command_line *line);
	} verbs[] = {{"list", detect_list}, {"run", detect_run}, {"new", detect_new},
		{"explain", detect_explain}, {"enable", detect_enable}, {"disable", detect_disable},
		{"tune", detect_tune}, {"eval", detect_eval}};
	const char *verb = line->nargs ? line->args[0] : "list";
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verb, verbs[i].name) == 0)
			return verbs[i].run(line);
	}
	return usage_error(line,
		"it must be list, run, new, explain RULE, enable or disable RULE…, tune RULE "
		"threshold=N, or eval RULE… EVENTS");
}
