/* SPDX-License-Identifier: Apache-2.0 */
/* serving.h (cli/): what the words of a command line ask of the API: pugmark http and pugmark serve. */
#ifndef CLI_SERVING_H
#define CLI_SERVING_H

#include "cli/private.h"
#include "http/http.h"

enum { HTTP_NAMES = 24, HTTP_NAMES_BYTES = 4096 };

struct http_line {
	struct http_options options; /* borrows from here, and from the line */
	const char *hosts[HTTP_NAMES + 1];
	char text[HTTP_NAMES_BYTES];
};
/* 0, or -1 (told). */
int http_line(const struct command_line *line, struct http_line *http);

#endif
