/* SPDX-License-Identifier: Apache-2.0 */
/* http.c: pugmark http: the API in this process. The service starts one (pugmark serve). */
#include <sys/prctl.h>

#include "cli/private.h"
#include "http/http.h"

enum { NAMES_MOST = 24, NAMES_BYTES = 4096 };

int command_http(const struct command_line *line)
{
	const char *listen = line->values[OPT_LISTEN], *names = line->values[OPT_HOST];
	const char *hosts[NAMES_MOST + 1] = {0};
	char text[NAMES_BYTES], *state;
	struct err err = {0};
	unsigned n = 0;
	snprintf(text, sizeof(text), "%s", names ? names : "");
	for (char *name = strtok_r(text, ",", &state); name; name = strtok_r(NULL, ",", &state)) {
		if (n == NAMES_MOST)
			return usage_error(line, "--host: more than %d names", NAMES_MOST);
		hosts[n++] = name;
	}
	const struct http_options options = {.data = data_folder(line),
		.listen = listen ? listen : "127.0.0.1:8480",
		.hosts = hosts,
		.memory = line->memory,
		.threads = line->threads,
		.stop = &stop_requested};
	prctl(PR_SET_DUMPABLE, 0); /* no core with a token in it */
	log_setup(line->values[OPT_VERBOSE] ? LOG_DEBUG : LOG_INFO, LOG_AUTO);
	return http_run(&options, &err) < 0 ? fail(&err) : EXIT_DONE;
}
