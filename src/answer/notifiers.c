/* SPDX-License-Identifier: Apache-2.0 */
/* notifiers.c (answer/): who is told of alerts; never what is secret of them. */
#include <inttypes.h>

#include "answer/answer.h"
#include "store/notifiers.h"

struct listing {
	struct buf *out;
	unsigned n;
};

static int add_notifier(void *ctx, const struct notifier *n, struct err *err)
{
	struct listing *l = ctx;
	struct buf *out = l->out;
	(void)err;
	buf_puts(out, l->n++ ? ",{\"name\":" : "{\"name\":");
	text_json_string(out, slice_of(n->name));
	text_json_member(out, "kind", n->kind);
	buf_printf(out, ",\"settings\":%s", n->settings);
	text_json_member(out, "secrets", n->secrets);
	text_json_member(out, "level", level_name((unsigned)n->least_level));
	text_json_member(out, "rules", n->rules);
	buf_printf(out, ",\"paused\":%s,\"waiting\":%" PRIu64 ",\"given_up\":%" PRIu64,
		n->paused ? "true" : "false", n->waiting, n->given_up);
	answer_time(out, "created_at", n->created, n->created != 0);
	answer_time(out, "last_sent", n->last_sent, n->last_sent != 0);
	answer_time(out, "last_failed", n->last_failed, n->last_failed != 0);
	text_json_member(out, "last_error", *n->last_error ? n->last_error : NULL);
	buf_push(out, '}');
	return 0;
}

int answer_notifiers(struct store *store, struct buf *out, struct err *err)
{
	struct listing l = {.out = out};
	buf_puts(out, "{\"notifiers\":[");
	int rc = notifier_list(store, NULL, add_notifier, &l, err);
	buf_puts(out, "]}");
	return rc < 0 ? -1 : 0;
}
