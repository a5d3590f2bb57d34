/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c (answer/): rules: what they are, whether they run, how many alerts they raised. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* The document that begins at a line, to the next line of three hyphens; empty where there is none. */
static struct slice document_at(struct slice text, uint32_t line)
{
	const char *at = text.ptr, *end = text.ptr + text.len, *next;
	for (uint32_t n = 1; n < line && at < end; n++)
		at = (next = memchr(at, '\n', (size_t)(end - at))) ? next + 1 : end;
	const char *from = at;
	for (bool first = true; at < end; first = false) {
		if (!first && end - at >= 3 && memcmp(at, "---", 3) == 0)
			break;
		at = (next = memchr(at, '\n', (size_t)(end - at))) ? next + 1 : end;
	}
	return (struct slice){from, (size_t)(at - from)};
}

/* Of a shipped rule, whose file is not known: the document at its line that has its id. */
static void put_shipped(const struct rule *rule, struct buf *out)
{
	const char *name;
	struct slice text;
	for (unsigned i = 0; (text = rules_builtin_text(i, &name)).len; i++) {
		struct slice document = document_at(text, rule->line);
		if (document.len &&
			memmem(document.ptr, document.len, rule->id, strlen(rule->id))) {
			text_json_string(out, document);
			return;
		}
	}
	buf_puts(out, "null");
}

static int put_yaml(const struct rule *rule, struct buf *out, struct err *err)
{
	char *text;
	size_t n;
	buf_puts(out, ",\"yaml\":");
	if (rule->shipped) {
		put_shipped(rule, out);
		return 0;
	}
	if (io_read_file(rule->file, LIMIT_RULE_BYTES, &text, &n, err) < 0)
		return -1;
	text_json_string(out, document_at((struct slice){text, n}, rule->line));
	free(text);
	return 0;
}

int answer_rule_whole(const struct rule *rule, uint64_t alerts, struct buf *out, struct err *err)
{
	double threshold = rule_threshold(rule);
	answer_rule(rule, alerts, out);
	out->len--; /* its brace */
	text_json_member(out, "name", rule->name);
	text_json_member(out, "author", rule->author);
	text_json_member(out, "date", rule->date);
	text_json_member(out, "modified", rule->modified);
	json_texts(out, "references", &rule->references);
	json_texts(out, "group", &rule->group);
	buf_printf(out, ",\"window_s\":%.0f,\"line\":%" PRIu32, (double)rule->window / 1e6,
		rule->line);
	if (isfinite(threshold))
		buf_printf(out, ",\"threshold\":%.15g", threshold);
	else
		buf_puts(out, ",\"threshold\":null");
	if (put_yaml(rule, out, err) < 0)
		return -1;
	buf_push(out, '}');
	return 0;
}

void answer_tuned(const struct tuned *tuned, struct buf *out)
{
	buf_puts(out, "{\"rule\":");
	text_json_string(out, slice_of(rule_word(tuned->rule)));
	text_json_member(out, "title", tuned->rule->title);
	text_json_member(out, "change", tuned->change);
	text_json_member(out, "detail", tuned->detail);
	buf_push(out, '}');
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
