/* SPDX-License-Identifier: Apache-2.0 */
/* verbs.c: finds the verb of a line, judges how many words are behind it, opens the store and runs it. */
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static int none_such(const struct command_line *line, const struct verb *verbs, const char *given)
{
	char names[200] = "";
	size_t n = 0;
	for (const struct verb *verb = verbs; verb->name; verb++)
		n += (size_t)snprintf(names + n, n < sizeof(names) ? sizeof(names) - n : 0, "%s%s",
			verb == verbs          ? ""
			: verb[1].name == NULL ? " or "
					       : ", ",
			verb->name);
	return usage_error(line, "\"%s\" must be %s", given, names);
}

static int wrong_words(const struct command_line *line, const struct verb *verb)
{
	if (verb->needs)
		return usage_error(line, "%s", verb->needs);
	return usage_error(
		line, verb->words ? "%s needs one NAME" : "%s takes no words", verb->name);
}

int verbs_run(const struct command_line *line, const struct verb *verbs)
{
	const char *given = line->nargs ? line->args[0] : verbs->name;
	const struct verb *verb = verbs;
	struct store *store;
	struct err err = {0};
	prctl(PR_SET_DUMPABLE, 0);
	while (verb->name && strcmp(given, verb->name) != 0)
		verb++;
	if (!verb->name)
		return none_such(line, verbs, given);
	if (line->nargs && line->nargs != 1 + verb->words)
		return wrong_words(line, verb);
	if (open_data(line, verb->mode, &store, &err) < 0)
		return fail(&err);
	int rc = verb->run(line, store, &err);
	store_close(store);
	return rc < 0 ? fail(&err) : EXIT_DONE;
}
