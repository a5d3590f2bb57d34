/* SPDX-License-Identifier: Apache-2.0 */
/* line.h (private to line.c, options.c, commands.c): the tables that the command line is parsed by. */
#ifndef CLI_LINE_H
#define CLI_LINE_H

#include "cli/private.h"

enum { COMMANDS_MOST = 64 };

struct option_row {
	const char *name, *arg, *help; /* arg NULL = a switch */
};
extern const struct option_row option_rows[OPTIONS];

#endif
