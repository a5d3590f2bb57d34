/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entity.h: everything that is stored about one user, address or object: counted out of its events, with the other names of the
 * same person where events show the link, and the alerts that name it. docs/entity.md has the rules.
 */
#ifndef QUERY_ENTITY_H
#define QUERY_ENTITY_H

#include "ioc/kind.h"
#include "query/search.h"
#include "store/alerts.h"

/* Where the events come from. */
enum entity_as {
	ENTITY_ANY, /* the index of observables; where it does not know the value, a search for all three below */
	ENTITY_ACTOR,  /* who did it: search actor:VALUE, actor_id:VALUE */
	ENTITY_TARGET, /* what it was done to: search target:VALUE */
	ENTITY_IP      /* from where: search ip:VALUE */
};

/* "actor", "target", "ip"; NULL is any. 0, or -1 where there is none of that name. */
int entity_as_named(const char *name, enum entity_as *as);

struct entity_request {
	struct slice value;
	enum ioc_kind kind; /* IOC_NONE = by the value's form */
	enum entity_as as;
	bool person;          /* events of the other names of the same person count as well */
	int64_t since, until; /* event_time in [since, until); INT64_MIN, INT64_MAX = open */
	uint32_t top;         /* of each list so many */
	uint32_t days;        /* of the timeline the last so many with events; 0 = all */
	uint32_t alerts;      /* shown so many */
	const struct search_tables *tables;
	bool lake; /* the files of this lake, also where a cluster is set */
	int64_t now;
	unsigned threads;
	const volatile int *stop;
};

/* What the events are counted by. */
enum entity_list {
	ENTITY_TABLES,
	ENTITY_ACTIONS,
	ENTITY_CATEGORIES,
	ENTITY_ADDRESSES, /* of events whose address is not the value itself */
	ENTITY_ACTORS,    /* of events whose actor is not the value itself */
	ENTITY_TARGETS,   /* of events whose actor or address is the value */
	ENTITY_AGENTS,
	ENTITY_NODES,
	ENTITY_SOURCES,
	ENTITY_INSTANCES,
	ENTITY_LISTS
};
struct entity_count {
	struct slice value;
	uint64_t events;     /* an event with a value twice counts once */
	int64_t first, last; /* microseconds; first > last where no event has a time */
};
struct entity_counts {
	uint32_t n;
	const struct entity_count *list; /* most frequent first, equals by value */
	uint64_t values;                 /* distinct ones; at least so many where `cut` */
	uint64_t others; /* events of values that are not listed, each value by itself */
	bool cut;        /* more than ENTITY_VALUES: those that came later are in `others` */
};
struct entity_day {
	int64_t day; /* days since 1970-01-01, UTC */
	uint64_t events;
};

/* What a name is. */
enum entity_naming { NAMING_ID, NAMING_KEY, NAMING_USER, NAMING_MAIL, NAMING_DISPLAY, NAMINGS };
struct entity_name {
	enum entity_naming naming;
	struct slice text;
	const char *table, *instance; /* where it means this person; NULL = everywhere */
	bool own; /* it means this person and, as far as events show, nobody else: alerts about it are shown */
	const char *why;   /* where it is not: the reason */
	uint32_t step;     /* from the value: 1 = in one event with it */
	struct slice with; /* the name that it was seen with in one event, so often */
	uint64_t events;
	int64_t first, last;
};

struct entity {
	bool seen;
	uint32_t ncounted; /* names whose events were counted beside those of the value */
	bool searched;     /* by the search language, not by the index */
	uint32_t kinds;    /* bit 1 << enum ioc_kind: as what the index knows it, at any time */
	uint64_t events;   /* exact: each once */
	uint64_t no_time;
	int64_t first, last;
	uint64_t as_actor, as_address, as_target,
		elsewhere;        /* events; one may be in several of the first three */
	uint64_t named_as_target; /* by the index: events that search target:VALUE finds */
	struct entity_counts lists[ENTITY_LISTS];
	const struct entity_day *days; /* those with events, ascending */
	uint32_t ndays;
	uint64_t earlier_days, earlier_events; /* left out of the timeline */
	const struct entity_name *names;
	uint32_t nnames;
	const char *names_cut;           /* why there may be more; NULL = there are none */
	const struct alert_info *alerts; /* newest first */
	uint32_t nalerts;
	uint64_t alert_states[ALERT_STATES];
	const struct slice *near; /* where it was not seen: names like it */
	uint32_t nnear;
	uint64_t unindexed;  /* segments that had to be looked through whole */
	uint32_t nproblems;  /* segments that could not be read */
	const char *problem; /* the first of them */
	struct arena mem;    /* owns all of the above */
};

enum {
	ENTITY_VALUES = 65536, /* distinct values that a list can count */
	ENTITY_NAMES = 20,     /* joined names of a person */
	ENTITY_STEPS = 3,      /* from the value */
	ENTITY_BEARERS = 5,    /* names that an id may go with before it is shared by many */
	ENTITY_GLOBAL_ID = 20, /* bytes from which on an id means the same person everywhere */
};

/* Fills *entity (not initialised before; entity_free). A value that was not seen is no error: `seen` is false. -1: ERR_USAGE where the
 * value cannot be one thing (a range, *.example.com), ERR_INTERRUPTED, or the store cannot be read. */
int entity_find(struct store *store, const struct entity_request *request, struct entity *entity,
	struct err *err);
void entity_free(struct entity *entity);

/* "id", "user key", "user name", "mail", "display name". */
const char *entity_naming_text(enum entity_naming naming);
/* "tables", "actions" …: names in JSON. */
const char *entity_list_name(enum entity_list list);

#endif
