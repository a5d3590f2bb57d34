/* SPDX-License-Identifier: Apache-2.0 */
/* token.c: pugmark token: who may use the API; pugmark audit: what was done through it. */
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer/answer.h"
#include "cli/listing.h"
#include "cli/private.h"
#include "cli/verbs.h"
#include "store/access.h"

enum { ACTS = 100 };

const char *who_types(const struct command_line *line)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *user;
	if (line->values[OPT_BY])
		return line->values[OPT_BY];
	if (geteuid() == 0 && sudo && *sudo)
		return sudo;
	/* cppcheck-suppress getpwuidCalled ; one thread */
	user = getpwuid(geteuid());
	return user ? user->pw_name : "somebody";
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static int add(const struct command_line *line, struct store *store, struct err *err)
{
	const char *word = line->values[OPT_ROLE], *span = line->values[OPT_EXPIRES];
	enum access_role role = word ? access_role_named(word) : ROLE_NONE;
	const struct audit_act by = {who_types(line), "command line", "", ""};
	char token[TOKEN_TEXT];
	uint32_t seconds = 0;
	if (role == ROLE_NONE)
		return err_set(err, ERR_USAGE, "add needs --role viewer, analyst or admin");
	if (span && (clock_parse_span(span, &seconds) < 0 || seconds == 0))
		return err_set(err, ERR_USAGE, "--expires %.40s: write 90d, 12h or the like", span);
	int64_t expires = seconds ? clock_now_us() + (int64_t)seconds * 1000000 : 0;
	if (token_add(store, line->args[1], role, expires, &by, token, err) < 0)
		return -1;
	if (line->values[OPT_JSON])
		printf("{\"name\":\"%s\",\"role\":\"%s\",\"token\":\"%s\"}\n", line->args[1],
			access_role_name(role), token);
	else {
		puts(token);
		fputs("this token is shown now and never again: keep it where secrets are kept\n",
			stderr);
	}
	explicit_bzero(token, sizeof(token));
	return 0;
}

static int list_one(void *ctx, const struct api_token *token, struct err *err)
{
	char created[CLOCK_TEXT], expires[CLOCK_TEXT];
	const bool over = token->expires_at && token->expires_at <= clock_now_us();
	const char *const texts[] = {token->name, access_role_name(token->role),
		clock_text(token->created_at, created), token->created_by,
		token->expires_at ? clock_text(token->expires_at, expires) : NULL,
		over ? "expired" : "good"};
	return listing_row(ctx, texts, err);
}

static int list(const struct command_line *line, struct store *store, struct err *err)
{
	static const char *const names[] = {
		"name", "role", "created_at", "created_by", "expires_at", "state"};
	struct listing l = {.columns = 6, .names = names};
	if (line->values[OPT_JSON])
		return listing_answer(store, answer_tokens, err);
	if (listing_begin(&l, "tokens", err) < 0)
		return -1;
	return listing_end(&l, token_list(store, list_one, &l, err),
		"there is no token: pugmark token add NAME --role viewer makes one", err);
}

static int remove_one(const struct command_line *line, struct store *store, struct err *err)
{
	const struct audit_act by = {who_types(line), "command line", "", ""};
	int rc = token_remove(store, line->args[1], &by, err);
	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND,
			"there is no token %.80s: pugmark token lists them", line->args[1]);
	if (rc == 1 && !line->values[OPT_JSON])
		printf("%s is refused from now on\n", line->args[1]);
	return rc < 0 ? -1 : 0;
}

int command_token(const struct command_line *line)
{
	static const struct verb verbs[] = {{"list", 0, STORE_READ, list, NULL},
		{"add", 1, STORE_WRITE, add, NULL}, {"remove", 1, STORE_WRITE, remove_one, NULL},
		{0}};
	return verbs_run(line, verbs);
}

/* ---- the audit log --------------------------------------------------------------------------- */

static int list_act(void *ctx, const struct audit_row *row, struct err *err)
{
	char time[CLOCK_TEXT];
	const char *const texts[] = {clock_text(row->at, time), row->act.who, row->act.from,
		row->act.what, row->act.target, *row->result ? row->result : NULL};
	return listing_row(ctx, texts, err);
}

int command_audit(const struct command_line *line)
{
	static const char *const names[] = {"time", "who", "from", "what", "target", "result"};
	struct listing l = {.json = line->values[OPT_JSON], .columns = 6, .names = names};
	struct audit_filter filter = {.since = INT64_MIN, .until = INT64_MAX};
	struct store *store;
	struct err err = {0};
	int64_t limit = ACTS;
	struct buf text;
	if (parse_time(line, OPT_SINCE, &filter.since) < 0 ||
		parse_time(line, OPT_UNTIL, &filter.until) < 0 ||
		parse_count(line, OPT_LIMIT, &limit) < 0)
		return EXIT_USAGE;
	filter.limit = limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
	if (open_data(line, STORE_READ, &store, &err) < 0)
		return fail(&err);
	buf_init(&text, (size_t)1 << 20);
	for (int i = 0; i < line->nargs; i++)
		buf_printf(&text, "%s%s", i > 0 ? " " : "", line->args[i]);
	filter.text = text.len > 0 && buf_push(&text, '\0') == 0 ? text.ptr : NULL;
	int rc = listing_begin(&l, "acts", &err);
	if (rc == 0)
		rc = listing_end(&l, audit_list(store, &filter, list_act, &l, &err),
			"nobody did anything that is noted here", &err);
	store_close(store);
	buf_fini(&text);
	return rc < 0 ? fail(&err) : EXIT_DONE;
}
