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

void answer_found(const struct alert_found *alert, const char *change, struct buf *out)
{
	struct alert_info info = {.found = *alert};
	alert_id(alert->rule, alert->version, alert->group_key, alert->fired, info.id);
	alert_json(&info, false, out);
	out->len--; /* its brace */
	if (change)
		text_json_member(out, "change", change);
	buf_push(out, '}');
}

/* Numbers by level, in braces. */
static void add_levels(struct buf *out, const uint64_t n[RULE_LEVELS])
{
	for (unsigned level = 0; level < RULE_LEVELS; level++)
		buf_printf(
			out, "%s\"%s\":%" PRIu64, level ? "," : "{", level_name(level), n[level]);
	buf_push(out, '}');
}

static void add_states(struct buf *out, uint64_t n[ALERT_STATES][RULE_LEVELS])
{
	for (int state = 0; state < ALERT_STATES; state++) {
		buf_printf(out, "%s\"%s\":", state ? "," : "{",
			alert_state_name((enum alert_state)state));
		add_levels(out, n[state]);
	}
	buf_push(out, '}');
}

int answer_alert_counts(struct store *store, struct buf *out, struct err *err)
{
	uint64_t counts[ALERT_STATES][RULE_LEVELS];
	if (alerts_counts(store, counts, err) < 0)
		return -1;
	add_states(out, counts);
	return 0;
}

static int add_rule(void *ctx, const struct alert_rule *rule, struct err *err)
{
	struct listing *l = ctx;
	struct alert_rule all = *rule;
	buf_puts(l->out, l->n++ ? ",{\"rule\":" : "{\"rule\":");
	text_json_string(l->out, slice_of(rule->rule));
	text_json_member(l->out, "title", rule->title);
	buf_printf(l->out,
		",\"alerts\":%" PRIu64 ",\"events\":%" PRIu64 ",\"groups\":%" PRIu64
		",\"actors\":%" PRIu64,
		rule->alerts, rule->events, rule->groups, rule->actors);
	text_json_member(l->out, "group", rule->groups == 1 ? rule->group : NULL);
	text_json_member(l->out, "actor", rule->actors == 1 ? rule->actor : NULL);
	answer_time(l->out, "newest", rule->newest, rule->newest != INT64_MIN);
	buf_puts(l->out, ",\"counts\":");
	add_states(l->out, all.n);
	buf_push(l->out, '}');
	return l->out->full ? err_set(err, ERR_LIMIT, "too many rules for one answer") : 0;
}

int answer_alerts_by_rule(
	struct store *store, const struct alert_filter *filter, struct buf *out, struct err *err)
{
	struct listing l = {.out = out};
	buf_puts(out, "{\"rules\":[");
	if (alerts_by_rule(store, filter, add_rule, &l, err) < 0)
		return -1;
	buf_puts(out, "],\"counts\":");
	if (answer_alert_counts(store, out, err) < 0)
		return -1;
	buf_push(out, '}');
	return 0;
}

int answer_alerts_these(struct store *store, const uint8_t (*ids)[ALERT_ID], uint32_t n,
	struct buf *out, struct err *err)
{
	struct listing l = {.out = out};
	return alerts_these(store, ids, n, add_one, &l, err);
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
