/* SPDX-License-Identifier: Apache-2.0 */
/* ioc.c (answer/): what came of each indicator. */
#include "answer/ioc.h"

#include <inttypes.h>

#include "answer/answer.h"

/* As what it was seen; what was not seen is what it looks like. */
void ioc_put_kind(
	const struct indicator *indicator, const struct ioc_answer *answer, struct buf *out)
{
	const char *between = "";
	for (enum ioc_kind kind = IOC_IPV4; kind < IOC_KINDS; kind++) {
		if (!(answer->kinds >> kind & 1))
			continue;
		buf_printf(out, "%s%s", between, ioc_kind_name(kind));
		between = ", ";
	}
	if (!*between)
		buf_puts(
			out, indicator->form == IOC_WORD ? "name" : ioc_kind_name(indicator->kind));
}

bool ioc_report_shows(const struct ioc_report *p, uint32_t i)
{
	const struct ioc_given *given = &p->input->given[i];
	return !p->hits_only || (!given->reason && p->answers->list[given->indicator].events > 0);
}

uint64_t ioc_report_seen(const struct ioc_report *p)
{
	uint64_t n = 0;
	for (uint32_t i = 0; i < p->answers->n; i++)
		n += p->answers->list[i].events > 0;
	return n;
}

const char *ioc_report_caution(const struct ioc_report *p, const struct ioc_given *given)
{
	return indicator_caution(&p->input->list[given->indicator], p->own, p->nown);
}

static void json_answer(const struct ioc_report *p, const struct ioc_given *given, struct buf *out)
{
	const struct indicator *indicator = &p->input->list[given->indicator];
	const struct ioc_answer *answer = &p->answers->list[given->indicator];
	bool timed = answer->events > 0 && answer->first <= answer->last;
	const char *between = "";
	struct buf kind;
	buf_init(&kind, 4096);
	ioc_put_kind(indicator, answer, &kind);
	buf_push(&kind, '\0');
	text_json_member(out, "kind", kind.ptr);
	buf_fini(&kind);
	buf_printf(out, ",\"events\":%" PRIu64 ",\"at_most\":%s,\"tables\":{", answer->events,
		answer->at_most ? "true" : "false");
	for (uint32_t t = 0; answer->by_table && t < p->answers->ntables; t++) {
		if (answer->by_table[t] == 0)
			continue;
		buf_puts(out, between);
		text_json_string(out, slice_of(p->answers->tables[t]));
		buf_printf(out, ":%" PRIu64, answer->by_table[t]);
		between = ",";
	}
	buf_push(out, '}');
	answer_time(out, "first_seen", answer->first, timed);
	answer_time(out, "last_seen", answer->last, timed);
	buf_puts(out, ",\"actors\":[");
	for (uint32_t i = 0; i < answer->nactors; i++) {
		buf_puts(out, i ? "," : "");
		text_json_string(out, answer->actors[i]);
	}
	buf_printf(out, "],\"more_actors\":%s", answer->more_actors ? "true" : "false");
	text_json_member(out, "caution", ioc_report_caution(p, given));
}

void ioc_report_json(const struct ioc_report *p, uint32_t i, struct buf *out)
{
	const struct ioc_given *given = &p->input->given[i];
	buf_puts(out, "{\"indicator\":");
	text_json_string(out, given->text);
	if (given->line)
		buf_printf(out, ",\"line\":%" PRIu64, given->line);
	if (given->reason)
		text_json_member(out, "unusable", given->reason);
	else
		json_answer(p, given, out);
	buf_push(out, '}');
}

void ioc_report_sums(const struct ioc_report *p, struct buf *out)
{
	buf_printf(out,
		"\"given\":%" PRIu32 ",\"seen\":%" PRIu64 ",\"unusable\":%" PRIu64
		",\"segments_not_indexed\":%" PRIu64,
		p->input->n, ioc_report_seen(p), p->input->unusable, p->answers->unindexed);
}
