/* SPDX-License-Identifier: Apache-2.0 */
/* secret_option.h (cli/): what options name by a file: secrets, and the files themselves. */
#ifndef CLI_SECRET_OPTION_H
#define CLI_SECRET_OPTION_H

#include "cli/private.h"
#include "store/secrets.h"

enum { SECRETS_GIVEN = 4 }; /* that one command takes */
struct secrets_given {
	struct secret of[SECRETS_GIVEN];
	unsigned n;
};
/* The secret in the file that an option names ("-" = standard input); line ends and blanks around it are not part of it. `lines`: several
 * lines of text, else one. *value stays as it is where the option is not given; it is borrowed from `given`. 0 or -1. */
int secret_option(const struct command_line *line, enum opt option, bool lines,
	struct secrets_given *given, const char **value, struct err *err);
/* Wipes them. */
void secrets_given_wipe(struct secrets_given *given);

/* A path as a process in any folder finds it: in `mem`, or the same; NULL for NULL. */
const char *whole_path(struct arena *mem, const char *path);

#endif
