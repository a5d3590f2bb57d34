/* SPDX-License-Identifier: Apache-2.0 */
/* alerts.c (answer/): alerts, and how many there are. */
#include <inttypes.h>

#include "answer/answer.h"

struct listing {
	struct buf *out;
	uint64_t n;
};

static int add_one(void *ctx, const struct alert_info *alert, struct err *err)
{
	struct listing *l = ctx;
	buf_puts(l->out, l->n++ ? "," : "");
	alert_json(alert, false, l->out);
	return l->out->full ? err_set(err, ERR_LIMIT, "too many alerts for one answer") : 0;
}

int answer_alert_counts(struct store *store, struct buf *out, struct err *err)
{
	uint64_t counts[ALERT_STATES][RULE_LEVELS];
	if (alerts_counts(store, counts, err) < 0)
		return -1;
	for (int state = 0; state < ALERT_STATES; state++) {
		buf_printf(out, "%s\"%s\":{", state ? "," : "{",
			alert_state_name((enum alert_state)state));
		for (unsigned level = 0; level < RULE_LEVELS; level++)
			buf_printf(out, "%s\"%s\":%" PRIu64, level ? "," : "", level_name(level),
				counts[state][level]);
		buf_push(out, '}');
	}
	buf_push(out, '}');
	return 0;
}

int answer_alerts(
	struct store *store, const struct alert_filter *filter, struct buf *out, struct err *err)
{
	struct listing l = {.out = out};
	buf_puts(out, "{\"alerts\":[");
	if (alerts_list(store, filter, add_one, &l, err) < 0)
		return -1;
	buf_puts(out, "],\"counts\":");
	if (answer_alert_counts(store, out, err) < 0)
		return -1;
	buf_push(out, '}');
	return 0;
}
