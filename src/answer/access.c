/* SPDX-License-Identifier: Apache-2.0 */
/* access.c (answer/): users and tokens, as JSON. Nothing of it is secret. */
#include "answer/answer.h"

struct listing {
	struct buf *out;
	unsigned n;
};

void answer_user(const struct user *user, struct buf *out)
{
	buf_puts(out, "{\"name\":");
	text_json_string(out, slice_of(user->name));
	text_json_member(out, "role", access_role_name(user->role));
	answer_time(out, "created", user->created_at, true);
	answer_time(out, "last_login", user->last_login, user->last_login != 0);
	buf_printf(out, ",\"must_change\":%s,\"disabled\":%s}",
		user->must_change ? "true" : "false", user->disabled ? "true" : "false");
}

static int add_user(void *ctx, const struct user *user, struct err *err)
{
	struct listing *l = ctx;
	(void)err;
	buf_puts(l->out, l->n++ ? "," : "");
	answer_user(user, l->out);
	return 0;
}

int answer_users(struct store *store, struct buf *out, struct err *err)
{
	struct listing l = {.out = out};
	buf_puts(out, "{\"users\":[");
	int rc = user_list(store, add_user, &l, err);
	buf_puts(out, "]}");
	return rc < 0 ? -1 : 0;
}

static int add_token(void *ctx, const struct api_token *token, struct err *err)
{
	struct listing *l = ctx;
	const bool over = token->expires_at && token->expires_at <= clock_now_us();
	(void)err;
	buf_puts(l->out, l->n++ ? ",{\"name\":" : "{\"name\":");
	text_json_string(l->out, slice_of(token->name));
	text_json_member(l->out, "role", access_role_name(token->role));
	answer_time(l->out, "created_at", token->created_at, true);
	text_json_member(l->out, "created_by", token->created_by);
	answer_time(l->out, "expires_at", token->expires_at, token->expires_at != 0);
	text_json_member(l->out, "state", over ? "expired" : "good");
	buf_push(l->out, '}');
	return 0;
}

int answer_tokens(struct store *store, struct buf *out, struct err *err)
{
	struct listing l = {.out = out};
	buf_puts(out, "{\"tokens\":[");
	int rc = token_list(store, add_token, &l, err);
	buf_puts(out, "]}");
	return rc < 0 ? -1 : 0;
}
