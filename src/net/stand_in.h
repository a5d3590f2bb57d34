/* SPDX-License-Identifier: Apache-2.0 */
/* stand_in.h: starts the servers of tests/stand_ins for a test program, and ends them with it. For
 * *_test.c only. */
#ifndef NET_STAND_IN_H
#define NET_STAND_IN_H

#include <signal.h>
#include <sys/wait.h>

#include "base/io.h"
#include "base/test.h"
#include "net/credentials.h"

struct stand_in {
	pid_t pid;
	int hold; /* its standard input: it ends when this closes, even where we crash */
	char names[16][24];
	int ports[16];
	int count;
};

/* Runs `program script folder` and reads "name port" lines until "ready". */
static inline void stand_in_start(
	struct stand_in *s, const char *program, const char *script, const char *folder)
{
	int in[2], out[2];
	char line[100];
	memset(s, 0, sizeof(*s));
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		for (int fd = 3; fd < 64; fd++)
			close(fd);
		execlp(program, program, strcmp(program, "python3") == 0 ? "-B" : script,
			strcmp(program, "python3") == 0 ? script : folder, folder, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	s->hold = in[1];
	FILE *said = fdopen(out[0], "r");
	assert_non_null(said);
	while (fgets(line, sizeof(line), said) && strcmp(line, "ready\n") != 0 && s->count < 16)
		if (sscanf(line, "%23s %d", s->names[s->count], &s->ports[s->count]) == 2)
			s->count++;
	assert_string_equal(line, "ready\n");
	fclose(said);
}

/* Ends the server. */
static inline void stand_in_stop(struct stand_in *s)
{
	close(s->hold);
	kill(s->pid, SIGTERM);
	waitpid(s->pid, NULL, 0);
}

/* The port that it said it listens at under that name. */
static inline int stand_in_port(const struct stand_in *s, const char *name)
{
	for (int i = 0; i < s->count; i++)
		if (strcmp(s->names[i], name) == 0)
			return s->ports[i];
	fail_msg("no stand-in %s", name);
	return 0;
}

/* Keys as they come out of files; `token` may be NULL. The caller closes the provider. */
static inline struct credential_provider *stand_in_keys(struct http_client *client,
	const char *folder, const char *id, const char *secret, const char *token)
{
	const char *const values[] = {id, secret, token};
	char paths[3][700];
	struct sigv4_keys read;
	struct err err;
	for (int i = 0; i < 3 && values[i]; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/key-%d", folder, i);
		assert_int_equal(
			io_write_file(paths[i], values[i], strlen(values[i]), 0600, &err), 0);
	}
	struct credential_settings settings = {.id_file = paths[0],
		.secret_file = paths[1],
		.token_file = token ? paths[2] : NULL};
	struct credential_provider *made = credentials_open(client, &settings);
	assert_int_equal(credentials_get(made, 0, &read, &err), 0); /* before the files change */
	return made;
}

#endif
