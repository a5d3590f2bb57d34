/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entity_people.c: the other names of a person. What is joined by what:
 *
 *   a mail address, an account id or key of 20 bytes and more   means one person everywhere
 *   a shorter id or key, a user name                            means one within a table and instance
 *   a display name                                              joins nothing: people share them
 *
 * Two values are linked where one event names one person by both. From the value that was asked for, links are followed
 * step by step; each step is a pass over the events of the names that it begins at. A name that goes with more than
 * ENTITY_BEARERS others of one kind is shared by many and leads no further.
 */
#include <stdlib.h>
#include <strings.h>

#include "query/entity_private.h"

enum {
	NODES_MOST = 512,
	LINKS_MOST = 64,     /* of one node */
	TUPLES_MOST = 65536, /* of one pass */
	VALUES_MOST = 16,    /* of one person in one event */
	TEXT_MOST = 1024,    /* bytes; longer values are no names */
	NO_NODE = UINT32_MAX,
};

struct node {
	enum ioc_kind kind;
	enum entity_naming naming;
	struct slice key, text;
	const char *table, *instance; /* NULL = it means the same everywhere */
	uint32_t step, part, nlinks;
	bool is_value, joined, listed, asked, visited, shared;
	const char *why;
};
struct link {
	uint32_t from, to; /* the node whose events were looked through, and what was found there */
	uint64_t events;
	int64_t first, last;
};
/* Values that stood together. */
struct tuple {
	const char *table, *instance;
	struct person_value *values;
	uint32_t n;
	uint64_t events;
	int64_t first, last;
};
struct people {
	struct arena mem, pass_mem;
	struct entity_keys keys;
	bool nobody; /* the value is a word for nobody in particular */
	uint32_t pass, njoined;
	const char *cut;
	struct map node_ids, link_ids, tuple_ids;
	struct map wanted; /* kind and key */
	struct node *nodes;
	struct link *links;
	uint32_t nlinks, links_cap;
	struct tuple *tuples;
	uint32_t tuples_cap;
	struct asked_name *asked;
	uint32_t nasked;
	struct buf key, entry;
};

/* ---- values ---------------------------------------------------------------------------------- */

/* Words that stand for nobody in particular, whatever the product. */
static bool is_nobody(struct slice text)
{
	static const char *const words[] = {"", "-", "-1", "0", "anonymous", "anonymous user",
		"unknown", "unknown user", "system", "none", "null", "nobody", "n/a", "undefined",
		"guest", "(none)"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text.len == strlen(words[i]) && strncasecmp(text.ptr, words[i], text.len) == 0)
			return true;
	}
	return false;
}

/* The key that a name is known by; a user name that is a mail address is that. */
static bool name_key(enum ioc_kind *kind, struct slice text, struct buf *key)
{
	enum ioc_kind mail = IOC_EMAIL;
	buf_clear(key);
	if (text.len == 0 || text.len > TEXT_MOST)
		return false;
	if (*kind == IOC_USER && memchr(text.ptr, '@', text.len) && ioc_key(&mail, text, key) &&
		mail == IOC_EMAIL) {
		*kind = IOC_EMAIL;
		return true;
	}
	buf_clear(key);
	return ioc_key(kind, text, key);
}

static struct slice entry_of(struct buf *entry, enum ioc_kind kind, struct slice key)
{
	buf_clear(entry);
	buf_push(entry, (char)kind);
	buf_slice(entry, key);
	return buf_view(entry);
}

static void want(struct people *p, enum ioc_kind kind, struct slice key)
{
	map_put(&p->wanted, entry_of(&p->entry, kind, key), NULL);
}

static bool is_wanted(struct people *p, enum ioc_kind kind, struct slice text)
{
	return name_key(&kind, text, &p->key) &&
	       map_get(&p->wanted, entry_of(&p->entry, kind, buf_view(&p->key)));
}

struct people *people_new(struct slice value, const struct entity_keys *keys)
{
	static const enum ioc_kind kinds[] = {IOC_USER, IOC_ACCOUNT, IOC_EMAIL};
	struct people *p = xcalloc(1, sizeof(*p));
	p->nobody = is_nobody(value);
	p->nodes = xcalloc(NODES_MOST, sizeof(*p->nodes));
	p->asked = xcalloc(NODES_MOST, sizeof(*p->asked));
	buf_init(&p->key, TEXT_MOST * 8);
	buf_init(&p->entry, TEXT_MOST * 16);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct slice key = keys->of[kinds[i]];
		p->keys.of[kinds[i]] = (struct slice){arena_strdup(&p->mem, key), key.len};
		if (key.len && !p->nobody)
			want(p, kinds[i], key);
	}
	return p;
}

void people_free(struct people *p)
{
	if (!p)
		return;
	map_fini(&p->node_ids);
	map_fini(&p->link_ids);
	map_fini(&p->tuple_ids);
	map_fini(&p->wanted);
	free(p->nodes);
	free(p->links);
	free(p->tuples);
	free(p->asked);
	buf_fini(&p->key);
	buf_fini(&p->entry);
	arena_fini(&p->mem);
	arena_fini(&p->pass_mem);
	free(p);
}

/* ---- what stands together -------------------------------------------------------------------- */

static void put_part(struct buf *to, struct slice text)
{
	uint32_t len = (uint32_t)text.len;
	buf_append(to, &len, sizeof(len));
	buf_slice(to, text);
}

static struct tuple *tuple_of(struct people *p, const char *table, struct slice instance,
	const struct person_value *values, uint32_t n)
{
	struct buf entry;
	bool is_new;
	buf_init(&entry, (size_t)VALUES_MOST * (TEXT_MOST + 16) + (64 << 10));
	put_part(&entry, slice_of(table));
	put_part(&entry, instance);
	for (uint32_t i = 0; i < n; i++) {
		buf_push(&entry, (char)values[i].kind);
		buf_push(&entry, (char)values[i].naming);
		put_part(&entry, values[i].text);
	}
	struct slice key = buf_view(&entry);
	bool full = entry.full || p->tuple_ids.count == TUPLES_MOST;
	uint64_t *id =
		full && !map_get(&p->tuple_ids, key) ? NULL : map_put(&p->tuple_ids, key, &is_new);
	if (!id) {
		p->cut = "too many different persons in its events";
		buf_fini(&entry);
		return NULL;
	}
	if (is_new) {
		*id = p->tuple_ids.count - 1;
		if (*id == p->tuples_cap) {
			p->tuples_cap = p->tuples_cap ? p->tuples_cap * 2 : 64;
			p->tuples = xrealloc(p->tuples, p->tuples_cap * sizeof(*p->tuples));
		}
		struct tuple *t = &p->tuples[*id];
		*t = (struct tuple){.table = arena_strdup(&p->pass_mem, slice_of(table)),
			.instance = arena_strdup(&p->pass_mem, instance),
			.values = arena_alloc(&p->pass_mem, (n + 1ul) * sizeof(*values)),
			.n = n,
			.first = INT64_MAX,
			.last = INT64_MIN};
		for (uint32_t i = 0; i < n; i++) {
			t->values[i] = values[i];
			t->values[i].text.ptr = arena_strdup(&p->pass_mem, values[i].text);
		}
	}
	buf_fini(&entry);
	return &p->tuples[*id];
}

void people_add(struct people *p, const char *table, struct slice instance,
	const struct person_value *values, uint32_t n, uint64_t events, int64_t first, int64_t last)
{
	struct tuple *t = tuple_of(p, table, instance, values, n < VALUES_MOST ? n : VALUES_MOST);
	if (!t)
		return;
	t->events += events;
	t->first = first < t->first ? first : t->first;
	t->last = last > t->last ? last : t->last;
}

static bool is_wanted_at(
	struct people *p, struct person_column *column, const struct column *values, uint32_t i)
{
	uint8_t known = column->known ? column->known[values->codes[i]] : 0;
	if (known == 0) {
		known = is_wanted(p, column->kind, column_text(values, i)) ? 2 : 1;
		if (column->known)
			column->known[values->codes[i]] = known;
	}
	return known == 2;
}

/* Element i of a person's columns. */
static void take_person(struct people *p, const struct person_columns *person, const char *table,
	const struct batch *batch, uint32_t row, uint32_t i)
{
	struct person_value values[VALUES_MOST];
	const struct column *times = &batch->columns[SYS_EVENT_TIME];
	const struct column *instances = &batch->columns[SYS_INSTANCE];
	bool timed = times->n > 0 && !column_is_null(times, row), wanted = false;
	uint32_t n = 0;
	for (uint32_t c = 0; c < person->n && n < VALUES_MOST; c++) {
		struct person_column *column = &person->first[c];
		const struct column *texts = &batch->columns[column->column];
		if (texts->n == 0 || column_is_null(texts, i))
			continue;
		wanted |= is_wanted_at(p, column, texts, i);
		struct slice text = column_text(texts, i);
		if (text.len > 0 && text.len <= TEXT_MOST)
			values[n++] = (struct person_value){column->kind, column->naming, text};
	}
	if (!wanted)
		return;
	struct slice instance = instances->n == 0 || column_is_null(instances, row)
					? (struct slice){"", 0}
					: column_text(instances, row);
	people_add(p, table, instance, values, n, 1, timed ? times->i64[row] : INT64_MAX,
		timed ? times->i64[row] : INT64_MIN);
}

void people_take_row(struct people *p, struct entity_plan *plan, const char *table,
	const struct batch *batch, uint32_t row)
{
	for (uint32_t i = 0; i < plan->npersons; i++) {
		uint32_t from, to;
		const struct person_columns *person = &plan->persons[i];
		column_range(batch, person->first[0].column, row, &from, &to);
		for (uint32_t k = from; k < to; k++)
			take_person(p, person, table, batch, row, k);
	}
}

/* ---- nodes and links ------------------------------------------------------------------------- */

static bool is_strong(const struct node *node)
{
	return node->naming != NAMING_DISPLAY;
}

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
			if ((int)v->naming != naming || is_nobody(v->text) ||
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

/* Parts of what is found with the value: names that stand in one event are of one part. */
static uint32_t part_of(const struct people *p, uint32_t node)
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
			uint32_t to = find_node(p, &list[k], t);
			if (to == NO_NODE && p->nodes[from[i]].nlinks >= LINKS_MOST) {
				p->nodes[from[i]].shared = true;
				continue;
			}
			to = to == NO_NODE ? make_node(p, &list[k], t) : to;
			if (to == NO_NODE)
				continue;
			add_link(p, from[i], to, t);
			if (p->pass > 0 || !is_strong(&p->nodes[to]))
				continue;
			if (part != NO_NODE)
				p->nodes[part_of(p, to)].part = part_of(p, part);
			part = to;
		}
	}
}

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
		if (is_strong(to))
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
		if (is_strong(to) && !to->joined)
			to->why = why;
	}
}

static bool means_everywhere(const struct node *node)
{
	return is_strong(node) && !node->table;
}

/* After the first pass: a mail address or account id is one person; any other text is where all that was found with it is one. */
static void join_value(struct people *p)
{
	uint32_t parts = 0, n = p->node_ids.count;
	bool is_sure = false, many = false;
	for (uint32_t i = 0; i < n; i++) {
		const struct node *node = &p->nodes[i];
		is_sure |= node->is_value && means_everywhere(node);
		many |= node->is_value && is_strong(node) && goes_with_many(p, i);
		parts += !node->is_value && is_strong(node) && part_of(p, i) == i;
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
		if (!node->asked || !is_strong(node))
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
		if (is_strong(node) && (!node->joined || node->why))
			continue;
		if (is_strong(node) && node->step >= ENTITY_STEPS) {
			p->cut = "names more than 3 steps away were not looked for";
			continue;
		}
		node->asked = true;
		p->asked[p->nasked++] = (struct asked_name){node->kind, node->key};
		want(p, node->kind, node->key);
	}
}

uint32_t people_next(struct people *p)
{
	for (uint32_t i = 0; i < p->tuple_ids.count; i++)
		link_tuple(p, &p->tuples[i]);
	if (p->pass == 0)
		join_value(p);
	else
		join_found(p);
	ask_next(p);
	p->pass++;
	map_fini(&p->tuple_ids);
	arena_reset(&p->pass_mem);
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
		if (p->links[i].from == display && is_strong(to) && !to->joined && !to->is_value)
			return true;
	}
	return false;
}

static const char *doubt_of(const struct people *p, uint32_t i)
{
	const struct node *node = &p->nodes[i];
	if (is_strong(node))
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
		if (link->to != to || !(from->is_value || (from->joined && is_strong(from))))
			continue;
		uint32_t step = best ? p->nodes[best->from].step : UINT32_MAX;
		if (from->step < step || (from->step == step && link->events > best->events))
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

void people_each_own(const struct people *p,
	void (*each)(void *ctx, enum ioc_kind kind, struct slice key), void *ctx)
{
	for (uint32_t i = 0; i < p->node_ids.count; i++) {
		const struct node *node = &p->nodes[i];
		bool is_number = strspn(node->text.ptr, "0123456789") == node->text.len;
		if (node->listed && !node->is_value && !doubt_of(p, i) && best_link(p, i) &&
			!is_number)
			each(ctx, node->kind, node->key);
	}
}

const char *entity_naming_text(enum entity_naming naming)
{
	static const char *const texts[NAMINGS] = {
		"id", "user key", "user name", "mail", "display name"};
	return texts[naming];
}
