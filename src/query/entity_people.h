/* SPDX-License-Identifier: Apache-2.0 */
/* entity_people.h (private to entity_people.c, entity_links.c, entity_join.c): names as nodes, and what links them. */
#ifndef QUERY_ENTITY_PEOPLE_H
#define QUERY_ENTITY_PEOPLE_H

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

/* Words that stand for nobody in particular, whatever the product. */
bool name_is_nobody(struct slice text);
/* The key that a name is known by, into `key`; a user name that is a mail address is that: `kind` changes then. */
bool name_key(enum ioc_kind *kind, struct slice text, struct buf *key);
/* Names of this kind and key are looked for in the next pass. */
void people_want(struct people *p, enum ioc_kind kind, struct slice key);

/* entity_links.c: what was added in this pass as nodes and links between them. */
void people_link(struct people *p);
/* Parts of what is found with the value: names that stand in one event are of one part, which is named by a node. */
uint32_t people_part(const struct people *p, uint32_t node);

/* Appends a text with its length, for keys of maps. */
static inline void put_part(struct buf *to, struct slice text)
{
	uint32_t len = (uint32_t)text.len;
	buf_append(to, &len, sizeof(len));
	buf_slice(to, text);
}

/* Whether a name may lead to others: a display name does not. */
static inline bool node_is_strong(const struct node *node)
{
	return node->naming != NAMING_DISPLAY;
}

#endif
