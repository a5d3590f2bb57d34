/* SPDX-License-Identifier: Apache-2.0 */
/* hook.c (cli/): pugmark hook: where other products send their alerts to: made, listed, removed. */
#include "pipeline/hook.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "answer/answer.h"
#include "cli/private.h"
#include "cli/secret_option.h"
#include "cli/verbs.h"
#include "store/access.h"

/* An act with its two rows of the audit log. */
static int noted(const struct command_line *line, struct store *store, const char *what,
	int (*act)(const struct command_line *line, struct store *store, struct err *err),
	struct err *err)
{
	const struct audit_act begun = {who_types(line), "command line", what, line->args[1]};
	char result[1100];
	struct err later;
	int64_t row;
	if (audit_begin(store, &begun, &row, err) < 0)
		return -1;
	int rc = act(line, store, err);
	snprintf(result, sizeof(result), rc < 0 ? "refused: %s" : "done", err->text);
	if (audit_end(store, row, result, &later) < 0 && rc == 0) {
		*err = later;
		rc = -1;
	}
	return rc;
}

static int put(const struct command_line *line, struct store *store, struct err *err)
{
	struct secrets_given given = {0};
	const char *name = line->args[1], *secret = NULL;
	char made[HOOK_SECRET] = "";
	int rc = secret_option(line, OPT_SECRET_FILE, false, &given, &secret, err);
	if (rc == 0)
		rc = hook_put(
			store, name, line->values[OPT_TABLE], secret, key_file(line), made, err);
	if (rc == 0 && line->values[OPT_JSON])
		printf("{\"name\":\"%s\",\"path\":\"/api/v1/hooks/%s\",\"secret\":%s%s%s}\n", name,
			name, *made ? "\"" : "", *made ? made : "null", *made ? "\"" : "");
	else if (rc == 0 && *made) {
		puts(made);
		fprintf(stderr,
			"this secret of /api/v1/hooks/%s is shown now and never again: give it to "
			"who sends "
			"the alerts\n",
			name);
	} else if (rc == 0)
		printf("alerts are taken at /api/v1/hooks/%s\n", name);
	explicit_bzero(made, sizeof(made));
	secrets_given_wipe(&given);
	return rc;
}

static int add(const struct command_line *line, struct store *store, struct err *err)
{
	return noted(line, store, "hook add", put, err);
}

static int drop(const struct command_line *line, struct store *store, struct err *err)
{
	uint64_t events = 0;
	char text[32];
	int rc = hook_remove(store, line->args[1], &events, err);
	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND,
			"there is no hook %.80s: pugmark hook lists them", line->args[1]);
	if (rc == 1 && !line->values[OPT_JSON])
		printf("nothing is taken at /api/v1/hooks/%s any more; its %s alerts stay\n",
			line->args[1], text_count(events, text));
	return rc < 0 ? -1 : 0;
}

static int remove_hook(const struct command_line *line, struct store *store, struct err *err)
{
	return noted(line, store, "hook remove", drop, err);
}

static int list_text(void *ctx, const struct source_state *s, struct err *err)
{
	const struct source_health health = source_health(s, clock_now_us());
	unsigned *n = ctx;
	char text[32];
	(void)err;
	if (!s->hook)
		return 0;
	++*n;
	printf("  %-24s %-10s /api/v1/hooks/%s", s->source, source_condition_name(health.condition),
		s->source);
	if (s->last_success)
		printf("  last delivery %s ago", span_text(clock_now_us() - s->last_success, text));
	putchar('\n');
	return 0;
}

static int list(const struct command_line *line, struct store *store, struct err *err)
{
	struct buf out;
	unsigned n = 0;
	int rc;
	if (!line->values[OPT_JSON]) {
		rc = store_source_states(store, list_text, &n, err);
		if (rc == 0 && n == 0)
			fputs("there is no hook: pugmark hook add NAME makes one\n", stderr);
		return rc;
	}
	buf_init(&out, ANSWER_MOST);
	rc = answer_hooks(store, &out, err);
	if (rc == 0)
		printf("%.*s\n", SLICE_ARG(buf_view(&out)));
	buf_fini(&out);
	return rc;
}

int command_hook(const struct command_line *line)
{
	static const struct verb verbs[] = {{"list", 0, STORE_READ, list, NULL},
		{"add", 1, STORE_WRITE, add, NULL}, {"remove", 1, STORE_WRITE, remove_hook, NULL},
		{0}};
	return verbs_run(line, verbs);
}
