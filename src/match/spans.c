/* SPDX-License-Identifier: Apache-2.0 */
/* spans.c: what the tests of a program found in a value, for marking it. */
#include "match/private.h"

#include <stdlib.h>

/* Marks kept of one test, and of all together before they are joined. */
enum { MAX_OF_TEST = 64, MAX_OF_ALL = 512 };

struct marker {
	const struct match_program *program;
	struct match_scratch *scratch;
	uint32_t column;
	struct slice value;
	struct text_span *found;
	uint32_t n;
};

/* A test that is not about a part of the text marks all of it. */
static uint32_t whole_value(
	const struct marker *m, const struct probe *probe, struct text_span *spans)
{
	bool about_text = probe->kind == PROBE_RANGE || probe->kind == PROBE_CIDR ||
			  probe->kind == PROBE_PART;
	if (!about_text || m->value.len == 0 || !probe_text(m->scratch, probe, m->value))
		return 0;
	spans[0] = (struct text_span){0, (uint32_t)m->value.len};
	return 1;
}

static void mark_probe(struct marker *m, const struct probe *probe)
{
	const struct source *source = &m->program->set->sources[probe->source];
	if (source->column != m->column || source->path.len || m->n + MAX_OF_TEST > MAX_OF_ALL)
		return;
	const struct text_test *text = probe->kind == PROBE_TEXT     ? probe->test->text
				       : probe->kind == PROBE_VALUES ? probe->printed
								     : NULL;
	if (text)
		m->n += text_test_spans(
			text, m->scratch->text, m->value, m->found + m->n, MAX_OF_TEST);
	else if (source->type == COL_STRING || source->type == COL_JSON)
		m->n += whole_value(m, probe, m->found + m->n);
}

static void mark_node(struct marker *m, const struct node *node, bool negated)
{
	for (uint32_t i = 0; i < node->nprobes && !negated; i++)
		mark_probe(m, &node->probes[i]);
	for (uint32_t i = 0; i < node->nchildren; i++)
		mark_node(m, node->children[i], negated != (node->kind == NODE_NOT));
}

static int span_order(const void *a, const void *b)
{
	const struct text_span *x = a, *y = b;
	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return (x->end > y->end) - (x->end < y->end);
}

uint32_t match_spans(const struct match_program *program, struct match_scratch *scratch,
	uint32_t column, struct slice value, struct text_span *spans, uint32_t max)
{
	struct text_span found[MAX_OF_ALL];
	struct marker m = {program, scratch, column, value, found, 0};
	uint32_t n = 0;
	mark_node(&m, program->root, false);
	qsort(found, m.n, sizeof(*found), span_order);
	for (uint32_t i = 0; i < m.n; i++) {
		if (n > 0 && found[i].begin <= spans[n - 1].end) {
			if (found[i].end > spans[n - 1].end)
				spans[n - 1].end = found[i].end;
		} else if (n < max) {
			spans[n++] = found[i];
		} else {
			break;
		}
	}
	return n;
}
