/* SPDX-License-Identifier: Apache-2.0 */
/* verbs.h (cli/): commands of several acts on one thing: `pugmark token [list | add NAME | remove NAME]`. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli/private.h"
#include "store/store.h"

struct verb {
	const char *name; /* the first one is meant where none is given */
	int words;        /* behind it */
	enum store_mode mode;
	int (*run)(const struct command_line *line, struct store *store, struct err *err);
	const char *
		needs; /* what is said where the words are too few or too many; NULL = "NAME needs one NAME", or "takes no words" */
};

/* Runs the verb that the line names, with its store; `verbs` ends with a NULL name. No core is written: secrets pass. Its exit status. */
int verbs_run(const struct command_line *line, const struct verb *verbs);

#endif
