/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write.h: events as text in the formats of the products: Data Center file lines, Data Center API
 * entities, Cloud records, events of an organisation, alerts.
 */
#ifndef GENERATE_WRITE_H
#define GENERATE_WRITE_H

#include "stream.h"

enum {
	LINE_ROOM = 16384, /* most bytes that one event takes */
	PAGE_RECORDS = 1000,
	MAX_CHANGES = 6,
};

enum product { BITBUCKET, JIRA, CONFLUENCE, ORG, ALERTS, PRODUCTS };

struct writer {
	struct arena mem;
	const struct world *world;
	const struct action_table *actions;
	enum product product;
	struct slice *types; /* per action: what is always the same in the middle of a line */
	struct slice system, node;
	uint64_t next_id; /* Jira Cloud numbers its records, others make ids of a number */
	uint64_t salt;    /* and of the world */
	int64_t day;      /* whose date is in `date` */
	char date[16];
	char scratch[512]; /* texts made for one event */
	uint32_t
		observables; /* set by the caller: an attribute of each event holds one of so many; 0 = none has */
};

/* One format: how an event, and a page of the API, look. */
struct format {
	const char *table, *shape;
	enum product product;
	const struct action_table *actions;
	/* Writes the event without a newline; returns the end. */
	char *(*event)(struct writer *writer, char *p, const struct event *event);
	void (*prepare)(struct writer *writer);
	/* What stands around the records of a page; NULL where there are no pages. */
	char *(*page_begin)(char *p, uint64_t first, uint64_t records, uint64_t total);
	char *(*page_end)(char *p, uint64_t first, uint64_t records, uint64_t total);
	const char *action_key; /* where damage to a text goes: `"action":"` */
	const char *twice;      /* a member in front of all, whose key stands there once more */
	const char *full;       /* the table's whole name */
};
/* The format of a table ("bitbucket") and shape ("file", "cloud", "api"; NULL = its usual one), or
 * NULL. */
const struct format *format_find(const char *table, const char *shape);

void writer_init(struct writer *writer, const struct format *format, const struct world *world,
	uint32_t node);
void writer_fini(struct writer *writer);

/* What the products say of the author, as it stands in JSON; ptr NULL where there is none. */
struct slice writer_actor(
	const struct writer *writer, const struct format *format, const struct event *event);

/* One changed value; ptr NULL = the field is absent. */
struct change {
	struct slice name, key, from, to;
};
uint32_t event_changes(
	struct writer *writer, const struct event *event, struct change out[MAX_CHANGES]);

/* 2026-01-31T23:59:59.123 at p. */
char *put_time(struct writer *writer, char *p, int64_t ms);

char *datacenter_event(struct writer *writer, char *p, const struct event *event);
char *datacenter_api_event(struct writer *writer, char *p, const struct event *event);
void datacenter_prepare(struct writer *writer);
void datacenter_api_prepare(struct writer *writer);
char *jira_cloud_event(struct writer *writer, char *p, const struct event *event);
char *confluence_cloud_event(struct writer *writer, char *p, const struct event *event);
char *org_event(struct writer *writer, char *p, const struct event *event);
char *alert_event(struct writer *writer, char *p, const struct event *event);
void org_prepare(struct writer *writer);
/* Who acts in an organisation's event: a person, or an app. */
struct slice org_actor(const struct writer *writer, const struct event *event);

#endif
