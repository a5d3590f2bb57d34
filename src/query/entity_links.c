/* SPDX-License-Identifier: Apache-2.0 */
/* entity_links.c: names that stood together in events as nodes and links between them. */
#include <stdlib.h>

#include "query/entity_people.h"

/* Whether a name means one person in all products. */
static bool is_global(enum ioc_kind kind, enum entity_naming naming, size_t len)
{
	return kind == IOC_EMAIL || naming == NAMING_DISPLAY ||
	       (kind == IOC_ACCOUNT && len >= ENTITY_GLOBAL_ID);
}

/* A value of a tuple as a node that may be. */
struct candidate {
	enum ioc_kind kind;
	enum entity_naming naming;
	struct slice key, text;
	bool everywhere;
};

static struct slice node_entry(struct people *p, const struct candidate *c, const struct tuple *t)
{
	buf_clear(&p->entry);
	buf_push(&p->entry, (char)c->kind);
	buf_push(&p->entry, c->naming == NAMING_DISPLAY ? 'd' : 's');
	if (!c->everywhere) {
		put_part(&p->entry, slice_of(t->table));
		put_part(&p->entry, slice_of(t->instance));
	}
	buf_slice(&p->entry, c->key);
	return buf_view(&p->entry);
}

static uint32_t find_node(struct people *p, const struct candidate *c, const struct tuple *t)
{
	const uint64_t *id = map_get(&p->node_ids, node_entry(p, c, t));
	return id ? (uint32_t)*id : NO_NODE;
}

static uint32_t make_node(struct people *p, const struct candidate *c, const struct tuple *t)
{
	uint32_t found = find_node(p, c, t);
	if (found != NO_NODE)
		return found;
	if (p->node_ids.count == NODES_MOST) {
		p->cut = "too many names";
		return NO_NODE;
	}
	uint32_t id = p->node_ids.count;
	*map_put(&p->node_ids, node_entry(p, c, t), NULL) = id;
	p->nodes[id] = (struct node){.kind = c->kind,
		.naming = c->naming,
		.key = {arena_strdup(&p->mem, c->key), c->key.len},
		.text = {arena_strdup(&p->mem, c->text), c->text.len},
		.table = c->everywhere ? NULL : arena_strdup(&p->mem, slice_of(t->table)),
		.instance = c->everywhere ? NULL : arena_strdup(&p->mem, slice_of(t->instance)),
		.part = id};
	return id;
}

static void add_link(struct people *p, uint32_t from, uint32_t to, const struct tuple *t)
{
	struct node *node = &p->nodes[from];
	const uint32_t both[2] = {from, to};
	bool is_new;
	uint64_t *id =
		map_put(&p->link_ids, (struct slice){(const char *)both, sizeof(both)}, &is_new);
	if (is_new) {
		*id = p->nlinks;
		if (p->nlinks == p->links_cap) {
			p->links_cap = p->links_cap ? p->links_cap * 2 : 64;
			p->links = xrealloc(p->links, p->links_cap * sizeof(*p->links));
		}
		p->links[p->nlinks++] = (struct link){from, to, 0, INT64_MAX, INT64_MIN};
		node->nlinks++;
	}
	struct link *link = &p->links[*id];
	link->events += t->events;
	link->first = t->first < link->first ? t->first : link->first;
	link->last = t->last > link->last ? t->last : link->last;
}

/* The values of a tuple, ids first, each text once, nobodies left out. */
static uint32_t candidates_of(struct people *p, const struct tuple *t, struct candidate *out)
{
	uint32_t n = 0;
	for (int naming = 0; naming < NAMINGS; naming++) {
		for (uint32_t i = 0; i < t->n; i++) {
			const struct person_value *v = &t->values[i];
			struct candidate c = {v->kind, v->naming, {0}, v->text, false};
			bool again = false;
			if ((int)v->naming != naming || name_is_nobody(v->text) ||
				!name_key(&c.kind, v->text, &p->key))
				continue;
			if (c.kind == IOC_EMAIL)
				c.naming = NAMING_MAIL;
			for (uint32_t k = 0; k < n && !again; k++)
				again = slice_eq(out[k].text, v->text);
			if (again)
				continue;
			c.key = (struct slice){
				arena_strdup(&p->pass_mem, buf_view(&p->key)), p->key.len};
			c.everywhere = is_global(c.kind, c.naming, c.key.len);
			out[n++] = c;
		}
	}
	return n;
}

uint32_t people_part(const struct people *p, uint32_t node)
{
	while (p->nodes[node].part != node)
		node = p->nodes[node].part;
	return node;
}

/* The node that links begin at, or NO_NODE where this value is not asked for. */
static uint32_t begin_node(struct people *p, const struct candidate *c, const struct tuple *t)
{
	if (p->pass > 0) {
		uint32_t found = find_node(p, c, t);
		return found != NO_NODE && p->nodes[found].asked ? found : NO_NODE;
	}
	if (p->keys.of[c->kind].len == 0 || !slice_eq(p->keys.of[c->kind], c->key))
		return NO_NODE;
	uint32_t made = make_node(p, c, t);
	if (made != NO_NODE)
		p->nodes[made].is_value = p->nodes[made].asked = p->nodes[made].listed = true;
	return made;
}

/* The node of what stands beside a name; NO_NODE where there is no room for it. */
static uint32_t end_node(
	struct people *p, uint32_t from, const struct candidate *c, const struct tuple *t)
{
	uint32_t to = find_node(p, c, t);
	if (to == NO_NODE && p->nodes[from].nlinks >= LINKS_MOST) {
		p->nodes[from].shared = true;
		return NO_NODE;
	}
	return to == NO_NODE ? make_node(p, c, t) : to;
}

/* In the first pass: names that could be joined, of one event, are of one part. */
static void unite(struct people *p, uint32_t node, uint32_t *part)
{
	if (p->pass > 0 || !node_is_strong(&p->nodes[node]))
		return;
	if (*part != NO_NODE)
		p->nodes[people_part(p, node)].part = people_part(p, *part);
	*part = node;
}

static void link_tuple(struct people *p, const struct tuple *t)
{
	struct candidate list[VALUES_MOST];
	uint32_t from[VALUES_MOST], part = NO_NODE, n = candidates_of(p, t, list);
	for (uint32_t i = 0; i < n; i++)
		from[i] = begin_node(p, &list[i], t);
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < n && from[i] != NO_NODE; k++) {
			if (k == i || (p->pass == 0 && from[k] != NO_NODE))
				continue;
			uint32_t to = end_node(p, from[i], &list[k], t);
			if (to == NO_NODE)
				continue;
			add_link(p, from[i], to, t);
			unite(p, to, &part);
		}
	}
}

void people_link(struct people *p)
{
	for (uint32_t i = 0; i < p->tuple_ids.count; i++)
		link_tuple(p, &p->tuples[i]);
	map_fini(&p->tuple_ids);
	arena_reset(&p->pass_mem);
}
