/* SPDX-License-Identifier: Apache-2.0 */
/* entity_join.c: which of the linked names are one person's, by the rules at the head of entity_people.c; which to look for next; and
 * what is told of them at the end. */
#include <stdlib.h>

#include "query/entity_people.h"

/* ---- joining --------------------------------------------------------------------------------- */

static bool goes_with_many(const struct people *p, uint32_t node)
{
	uint32_t n[NAMINGS] = {0};
	if (p->nodes[node].shared)
		return true;
	for (uint32_t i = 0; i < p->nlinks; i++) {
		if (p->links[i].from == node &&
			++n[p->nodes[p->links[i].to].naming] > ENTITY_BEARERS)
			return true;
	}
	return false;
}

static void join(struct people *p, struct node *node, uint32_t step)
{
	if (node->joined || node->is_value)
		return;
	node->listed = true;
	if (p->njoined == ENTITY_NAMES) {
		p->cut = "a person has 20 names at most here";
		node->why = "beyond the most names of a person";
		return;
	}
	node->joined = true;
	node->why = NULL;
	node->step = step;
	p->njoined++;
}

/* What was found with a name is the person's. */
static void join_links(struct people *p, uint32_t from)
{
	for (uint32_t i = 0; i < p->nlinks; i++) {
		if (p->links[i].from != from)
			continue;
		struct node *to = &p->nodes[p->links[i].to];
		to->step = to->listed ? to->step : p->nodes[from].step + 1;
		to->listed = true;
		if (node_is_strong(to))
			join(p, to, p->nodes[from].step + 1);
	}
}

/* Shown, but not followed. */
static void list_links(struct people *p, uint32_t from, const char *why)
{
	for (uint32_t i = 0; i < p->nlinks; i++) {
		if (p->links[i].from != from)
			continue;
		struct node *to = &p->nodes[p->links[i].to];
		to->step = p->nodes[from].step + 1;
		to->listed = true;
		if (node_is_strong(to) && !to->joined)
			to->why = why;
	}
}

static bool means_everywhere(const struct node *node)
{
	return node_is_strong(node) && !node->table;
}

/* After the first pass: a mail address or account id is one person; any other text is where all that was found with it is one. */
static void join_value(struct people *p)
{
	uint32_t parts = 0, n = p->node_ids.count;
	bool is_sure = false, many = false;
	for (uint32_t i = 0; i < n; i++) {
		const struct node *node = &p->nodes[i];
		is_sure |= node->is_value && means_everywhere(node);
		many |= node->is_value && node_is_strong(node) && goes_with_many(p, i);
		parts += !node->is_value && node_is_strong(node) && people_part(p, i) == i;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (!p->nodes[i].is_value)
			continue;
		if (many)
			list_links(p, i, "the value goes with many names: shared by many");
		else if (is_sure || parts <= 1)
			join_links(p, i);
		else
			list_links(p, i, "several persons bear the value as a name");
	}
}

static void join_found(struct people *p)
{
	for (uint32_t i = 0; i < p->node_ids.count; i++) {
		struct node *node = &p->nodes[i];
		if (!node->asked || !node_is_strong(node))
			continue;
		if (goes_with_many(p, i)) {
			node->joined = false;
			node->why = "goes with many names: shared by many";
			continue;
		}
		join_links(p, i);
	}
}

/* Names whose events are still to be looked through: of joined ones for more names, of display names for others who bear them. */
static void ask_next(struct people *p)
{
	p->nasked = 0;
	map_fini(&p->wanted);
	for (uint32_t i = 0; i < p->node_ids.count; i++) {
		struct node *node = &p->nodes[i];
		node->visited |= node->asked;
		node->asked = false;
		if (node->visited || node->is_value || !node->listed)
			continue;
		if (node_is_strong(node) && (!node->joined || node->why))
			continue;
		if (node_is_strong(node) && node->step >= ENTITY_STEPS) {
			p->cut = "names more than 3 steps away were not looked for";
			continue;
		}
		node->asked = true;
		p->asked[p->nasked++] = (struct asked_name){node->kind, node->key};
		people_want(p, node->kind, node->key);
	}
}

uint32_t people_next(struct people *p)
{
	people_link(p);
	if (p->pass == 0)
		join_value(p);
	else
		join_found(p);
	ask_next(p);
	p->pass++;
	/* The last pass is for display names alone. */
	if (p->pass > ENTITY_STEPS + 1)
		p->nasked = 0;
	return p->nobody ? 0 : p->nasked;
}

const struct asked_name *people_asked(const struct people *p, uint32_t *n)
{
	*n = p->nasked;
	return p->asked;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Somebody else bears a display name: an id that is not joined. */
static bool others_bear(const struct people *p, uint32_t display)
{
	if (p->nodes[display].shared)
		return true;
	for (uint32_t i = 0; i < p->nlinks; i++) {
		const struct node *to = &p->nodes[p->links[i].to];
		if (p->links[i].from == display && node_is_strong(to) && !to->joined &&
			!to->is_value)
			return true;
	}
	return false;
}

static const char *doubt_of(const struct people *p, uint32_t i)
{
	const struct node *node = &p->nodes[i];
	if (node_is_strong(node))
		return node->joined ? NULL : node->why ? node->why : "not followed";
	if (others_bear(p, i))
		return "others bear it as well";
	return node->visited ? NULL : "whether others bear it was not looked for";
}

/* The link that shows best that a name belongs here. */
static const struct link *best_link(const struct people *p, uint32_t to)
{
	const struct link *best = NULL;
	for (uint32_t i = 0; i < p->nlinks; i++) {
		const struct link *link = &p->links[i];
		const struct node *from = &p->nodes[link->from];
		if (link->to != to || !(from->is_value || (from->joined && node_is_strong(from))))
			continue;
		if (!best || from->step < p->nodes[best->from].step ||
			(from->step == p->nodes[best->from].step && link->events > best->events))
			best = link;
	}
	return best;
}

static int best_first(const void *left, const void *right)
{
	const struct entity_name *a = left, *b = right;
	if (a->own != b->own)
		return a->own ? -1 : 1;
	if (a->naming != b->naming)
		return a->naming < b->naming ? -1 : 1;
	if (a->events != b->events)
		return a->events > b->events ? -1 : 1;
	return slice_cmp(a->text, b->text);
}

static struct slice keep(struct arena *mem, struct slice text)
{
	return (struct slice){arena_strdup(mem, text), text.len};
}

void people_finish(struct people *p, struct entity *out)
{
	uint32_t n = 0;
	struct entity_name *names =
		arena_zalloc(&out->mem, p->node_ids.count + 1ul, sizeof(*names));
	for (uint32_t i = 0; i < p->node_ids.count; i++) {
		const struct node *node = &p->nodes[i];
		const struct link *link = node->listed && !node->is_value ? best_link(p, i) : NULL;
		if (!link)
			continue;
		const char *why = doubt_of(p, i);
		names[n++] = (struct entity_name){.naming = node->naming,
			.text = keep(&out->mem, node->text),
			.table =
				node->table ? arena_strdup(&out->mem, slice_of(node->table)) : NULL,
			.instance = node->instance
					    ? arena_strdup(&out->mem, slice_of(node->instance))
					    : NULL,
			.own = !why,
			.why = why,
			.step = p->nodes[link->from].step + 1,
			.with = keep(&out->mem, p->nodes[link->from].text),
			.events = link->events,
			.first = link->first,
			.last = link->last};
	}
	if (n > 1)
		qsort(names, n, sizeof(*names), best_first);
	out->names = names;
	out->nnames = n;
	out->names_cut = p->nobody ? "the value is a word for nobody in particular" : p->cut;
}

void people_each_own(
	const struct people *p, void (*each)(void *ctx, const struct own_name *name), void *ctx)
{
	for (uint32_t i = 0; i < p->node_ids.count; i++) {
		const struct node *node = &p->nodes[i];
		const struct own_name own = {.kind = node->kind,
			.key = node->key,
			.table = node->table,
			.instance = node->instance,
			.is_number = strspn(node->text.ptr, "0123456789") == node->text.len};
		if (node->listed && !node->is_value && !doubt_of(p, i) && best_link(p, i))
			each(ctx, &own);
	}
}

const char *entity_naming_text(enum entity_naming naming)
{
	static const char *const texts[NAMINGS] = {
		"id", "user key", "user name", "mail", "display name"};
	return texts[naming];
}
