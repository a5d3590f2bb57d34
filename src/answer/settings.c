/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c (answer/): what is running, on what data, with which rules. */
#include <inttypes.h>

#include "answer/answer.h"

#define NO_DAY (INT64_MIN + 1)

struct listing {
	struct buf *out;
	unsigned n;
};

static int add_table(void *ctx, const struct table_info *t, struct err *err)
{
	struct listing *l = ctx;
	char day[CLOCK_TEXT];
	(void)err;
	buf_puts(l->out, l->n++ ? ",{\"table\":" : "{\"table\":");
	text_json_string(l->out, slice_of(t->table));
	if (t->keep_days)
		buf_printf(l->out, ",\"keep_days\":%u", t->keep_days);
	else
		buf_puts(l->out, ",\"keep_days\":null");
	if (t->first_day != NO_DAY)
		buf_printf(l->out, ",\"from\":\"%.10s\"}",
			clock_text(t->first_day * INT64_C(86400000000), day));
	else
		buf_puts(l->out, ",\"from\":null}");
	return 0;
}

static void put_rules(const struct rules *rules, struct buf *out)
{
	uint32_t shipped = 0, enabled = 0, refused = 0;
	for (uint32_t r = 0; r < rules->n; r++) {
		shipped += rules->of[r]->shipped;
		enabled += !rules->of[r]->disabled;
	}
	for (uint32_t i = 0; i < rules->nproblems; i++)
		refused += !rules->problems[i].warning;
	buf_printf(out,
		",\"rules\":{\"pack\":\"" PUGMARK_VERSION "\",\"count\":%" PRIu32
		",\"shipped\":%" PRIu32 ",\"own\":%" PRIu32 ",\"enabled\":%" PRIu32
		",\"refused\":%" PRIu32 ",\"problems\":[",
		rules->n, shipped, rules->n - shipped, enabled, refused);
	for (uint32_t i = 0; i < rules->nproblems; i++) {
		const struct rule_problem *p = &rules->problems[i];
		buf_puts(out, i ? ",{\"file\":" : "{\"file\":");
		text_json_string(out, slice_of(p->file));
		buf_printf(out, ",\"line\":%" PRIu32, p->line);
		text_json_member(out, "what", p->what);
		buf_printf(out, ",\"refused\":%s}", p->warning ? "false" : "true");
	}
	buf_puts(out, "]}");
}

int answer_settings(
	struct store *store, const struct rules *rules, struct buf *out, struct err *err)
{
	struct listing l = {.out = out};
	int format = store_format(store, err);
	if (format < 0)
		return -1;
	buf_puts(out, "{\"version\":\"" PUGMARK_VERSION "\",\"data\":");
	text_json_string(out, slice_of(store_dir(store)));
	buf_printf(out, ",\"format\":%d", format);
	put_rules(rules, out);
	buf_puts(out, ",\"retention\":{\"tables\":[");
	int rc = store_tables(store, add_table, &l, err);
	buf_puts(out, "]}");
	return rc < 0 ? -1 : 0;
}
