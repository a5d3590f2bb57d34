/* SPDX-License-Identifier: Apache-2.0 */
/* http.c: pugmark http: the API in this process. The service starts one (pugmark serve). */
#include <inttypes.h>
#include <string.h>
#include <sys/prctl.h>

#include "cli/serving.h"

int http_line(const struct command_line *line, struct http_line *http)
{
	const char *listen = line->values[OPT_LISTEN], *names = line->values[OPT_HOST];
	int64_t most = 0;
	char *state;
	unsigned n = 0;
	*http = (struct http_line){.hosts = {NULL}};
	snprintf(http->text, sizeof(http->text), "%s", names ? names : "");
	for (char *name = strtok_r(http->text, ",", &state); name;
		name = strtok_r(NULL, ",", &state)) {
		if (n == HTTP_NAMES) {
			usage_error(line, "--host: more than %d names", HTTP_NAMES);
			return -1;
		}
		http->hosts[n++] = name;
	}
	if (parse_count(line, OPT_PER_ADDRESS, &most) < 0)
		return -1;
	http->options = (struct http_options){.data = data_folder(line),
		.listen = listen ? listen : "127.0.0.1:8480",
		.hosts = http->hosts,
		.tls_cert = line->values[OPT_TLS_CERT],
		.tls_key = line->values[OPT_TLS_KEY],
		.insecure = line->values[OPT_INSECURE] != NULL,
		.per_address = most < UINT32_MAX ? (unsigned)most : UINT32_MAX,
		.memory = line->memory,
		.threads = line->threads,
		.key_file = key_file(line),
		.stop = &stop_requested};
	return 0;
}

int command_http(const struct command_line *line)
{
	struct http_line http;
	struct arena mem = {0};
	struct err err = {0};
	if (http_line(line, &http) < 0)
		return EXIT_USAGE;
	/* Of jobs: one word each, so that no path is taken for an option. */
	const char *const args[] = {arena_printf(&mem, "--data=%s", data_folder(line)),
		arena_printf(&mem, "--memory=%" PRIu64, line->memory), NULL};
	http.options.job_args = args;
	prctl(PR_SET_DUMPABLE, 0); /* no core with a token in it */
	log_setup(line->values[OPT_VERBOSE] ? LOG_DEBUG : LOG_INFO, LOG_AUTO);
	int rc = http_run(&http.options, &err);
	arena_fini(&mem);
	return rc < 0 ? fail(&err) : EXIT_DONE;
}
