/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream.h: who does what, where, and when: a stream of events over working hours, weekends and
 * bursts, with a few attacks in it. Writers turn each event into a line of a product's format.
 */
#ifndef GENERATE_STREAM_H
#define GENERATE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "world.h"

enum role { /* what an action is in a scenario */
	ROLE_NONE,
	ROLE_ACCESS,
	ROLE_LOGIN,
	ROLE_LOGIN_FAILED,
	ROLE_GRANT,
	ROLE_TOKEN,
	ROLE_AUDIT,
};

enum object_kind { /* what an action is done to */
	OBJECT_NONE,
	OBJECT_PROJECT,
	OBJECT_REPO,
	OBJECT_USER,
	OBJECT_GROUP,
	OBJECT_MEMBER, /* a group and a user */
	OBJECT_SPACE,
	OBJECT_PAGE,
	OBJECT_PERMISSIONS,
	OBJECT_SCHEME,
	OBJECT_WORKFLOW,
};

enum change_kind { /* what stands in changedValues */
	CHANGE_NONE,
	CHANGE_PROJECT,    /* name and description; as JSON in the details as well */
	CHANGE_PERMISSION, /* Permission and Group */
	CHANGE_USER,       /* the fields of a new user */
	CHANGE_ACTIVE,
	CHANGE_SPACE,
	CHANGE_STATUS,
	CHANGE_FIELDS,
	CHANGE_COVERAGE,
};

enum attribute_kind { /* what stands in extraAttributes beside the forwarder */
	EXTRA_NONE,
	EXTRA_TARGET,  /* what the act was done to, in the old form */
	EXTRA_LOGIN,   /* the way of authentication */
	EXTRA_DETAILS, /* JSON within JSON */
	EXTRA_SEARCH,  /* of the audit log: near-unique texts */
	EXTRA_QUERY,   /* what somebody looked for: near-unique text */
	EXTRA_TOKEN,
};

/* One kind of event. `weight` is out of CHOICES; the first row of a table gets what is left. */
struct action {
	uint16_t weight;
	uint8_t role, object, change, extra;
	bool system; /* done by the product itself */
	const char *text, *key, *area, *category, *category_key, *level;
};

struct action_table {
	const struct action *rows;
	uint32_t n;
};
extern const struct action_table bitbucket_actions, jira_actions, confluence_actions;
extern const struct action_table jira_cloud_actions, confluence_cloud_actions;
/* `key` is what the event's text says, or the alert's title; of an alert `area` is what its subject
 * is, `category` the product, `level` the type. */
extern const struct action_table org_actions, alert_actions;

struct event {
	int64_t ms;
	uint64_t rnd; /* all else that a writer wants to choose */
	uint32_t user, object, action;
	struct slice address;
};

struct stream {
	const struct world *world;
	const struct action_table *actions;
	uint16_t *pick_action;
	uint64_t rnd, count, at;
	bool quiet; /* set by the caller: what rules find is rare */
	int64_t start_ms, last_ms;
	uint64_t *hours; /* sums of weights before each hour, nhours + 1 of them */
	uint32_t nhours, hour;
	uint64_t seen[16]; /* what happened in this millisecond, so that no two events are equal */
	uint32_t nseen;
	struct {
		uint32_t left, user, action;
		struct slice address;
	} burst;
	struct {
		uint32_t step, left, victim, attacker; /* step 0: none is on */
	} attack;
	uint32_t roles[8]; /* first action of each role + 1; 0 = the product has none */
};

/* A stream of `count` events over `days` days from start_ms on. */
void stream_init(struct stream *stream, const struct world *world,
	const struct action_table *actions, uint64_t seed, uint64_t count, int64_t start_ms,
	uint32_t days);
void stream_fini(struct stream *stream);
/* The next event; times never go back. */
void stream_next(struct stream *stream, struct event *event);

/* User number of administrator k. */
static inline uint32_t world_admin(uint32_t k)
{
	return 5 + k * 211;
}

/* The user of an OBJECT_MEMBER. */
static inline uint32_t world_member(uint32_t object)
{
	return object / WORLD_GROUPS * 2;
}

#endif
