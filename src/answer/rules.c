/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c (answer/): rules: what they are, whether they run, how many alerts they raised. */
#include <inttypes.h>

#include "answer/answer.h"

const char *rule_kind(const struct rule *rule)
{
	return rule->correlation ? correlation_name(rule->correlation->type) : "event";
}

const char *rule_remark(const struct rule *rule)
{
	if ((rule->disabled || rule->silent) && rule->why)
		return rule->why;
	if (rule->disabled)
		return "disabled";
	return rule->status == STATUS_EXPERIMENTAL ? "experimental" : "";
}

static void json_texts(struct buf *out, const char *name, const struct texts *texts)
{
	buf_printf(out, ",\"%s\":[", name);
	for (uint32_t i = 0; i < texts->n; i++) {
		buf_puts(out, i ? "," : "");
		text_json_string(out, slice_of(texts->of[i]));
	}
	buf_push(out, ']');
}

void answer_rule(const struct rule *rule, uint64_t alerts, struct buf *out)
{
	buf_puts(out, "{\"id\":");
	text_json_string(out, slice_of(rule->id));
	text_json_member(out, "title", rule->title);
	text_json_member(out, "level", level_name(rule->level));
	text_json_member(out, "status", rule_status_name(rule->status));
	text_json_member(out, "kind", rule_kind(rule));
	text_json_member(out, "product", rule->product);
	text_json_member(out, "coverage", rule->coverage);
	text_json_member(out, "file", rule->file);
	text_json_member(out, "description", rule->description);
	text_json_member(out, "remark", rule_remark(rule));
	json_texts(out, "tags", &rule->tags);
	json_texts(out, "falsepositives", &rule->false_positives);
	buf_printf(out, ",\"shipped\":%s,\"enabled\":%s,\"alone\":%s,\"alerts\":%" PRIu64 "}",
		rule->shipped ? "true" : "false", rule->disabled ? "false" : "true",
		rule->silent ? "false" : "true", alerts);
}

static int count_alerts_of(void *ctx, const struct alert_cell *cell, struct err *err)
{
	(void)err;
	*map_put(ctx, slice_of(cell->rule), NULL) += cell->n;
	return 0;
}

int answer_rule_alerts(struct store *store, struct map *counts, struct err *err)
{
	return alerts_cells(store, NULL, INT64_MIN, INT64_MAX, count_alerts_of, counts, err);
}

int answer_rules(const struct rules *rules, const struct map *alerts, struct buf *out)
{
	buf_puts(out, "{\"rules\":[");
	for (uint32_t r = 0; r < rules->n; r++) {
		const uint64_t *n = map_get(alerts, slice_of(rule_word(rules->of[r])));
		buf_puts(out, r ? ",\n" : "");
		answer_rule(rules->of[r], n ? *n : 0, out);
	}
	buf_puts(out, "]}");
	return out->full ? -1 : 0;
}
