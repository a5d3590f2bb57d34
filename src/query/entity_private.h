/* SPDX-License-Identifier: Apache-2.0 */
/* entity_private.h (private to entity*.c): which columns are looked at, counting, and the names of a person. */
#ifndef QUERY_ENTITY_PRIVATE_H
#define QUERY_ENTITY_PRIVATE_H

#include "base/map.h"
#include "query/entity.h"
#include "store/observables.h"

/* ---- the value ------------------------------------------------------------------------------- */

/* What it is compared by: its key as each kind; no bytes where it is none of that kind. */
struct entity_keys {
	struct slice of[IOC_KINDS];
};
/* The keys of a clean text, in `mem`. */
void entity_keys_make(struct entity_keys *keys, struct slice text, struct arena *mem);

/* ---- columns (entity_plan.c) ----------------------------------------------------------------- */

enum entity_role { ROLE_ACTOR = 1, ROLE_ADDRESS = 2, ROLE_TARGET = 4 };

/* `known` and `slots`: what was found out of a dictionary's values, for the batch in hand; NULL where it has none. */
struct role_column {
	uint32_t column;
	enum ioc_kind kind;
	unsigned role;
	uint8_t *known;
};
struct list_column {
	uint32_t column;
	enum entity_list list;
	uint32_t *slots;
};
/* A column that names a person. Those of one person stand together: author_id, author_name … */
struct person_column {
	uint32_t column;
	enum ioc_kind kind; /* user, account or email */
	enum entity_naming naming;
	uint8_t *known;
};
struct person_columns {
	struct person_column *first; /* n of them; in one list, or in none */
	uint32_t n;
};
struct entity_plan {
	struct role_column *roles;
	struct list_column *lists;
	struct person_column *people;
	struct person_columns *persons;
	uint32_t nroles, nlists, npeople, npersons;
};
/* The columns of a shape; arrays in `mem`. */
void entity_plan_make(const struct batch_shape *shape, const struct observing *what,
	struct arena *mem, struct entity_plan *plan);
/* Sets those that counting reads, or (people_only) those of persons. */
void entity_plan_want(const struct entity_plan *plan, bool people_only, bool *want);
/* Before the first row of a batch: makes room for what is found out of its dictionaries, in `mem`, which is emptied. */
void entity_plan_begin(struct entity_plan *plan, const struct batch *batch, struct arena *mem);

/* The values of a column in a row: elements of its list, or the row itself. */
static inline void column_range(
	const struct batch *batch, uint32_t column, uint32_t row, uint32_t *from, uint32_t *to)
{
	int group = batch->shape->columns[column].group;
	if (batch->columns[column].n == 0) {
		*from = *to = 0;
		return;
	}
	*from = group < 0 ? row : batch->groups[group].list_off[row];
	*to = group < 0 ? row + 1 : batch->groups[group].list_off[row + 1];
}

/* ---- counting (entity_count.c) --------------------------------------------------------------- */

/* A further name that means this person and nobody else; within a table and instance, or everywhere (NULL). */
struct own_name {
	enum ioc_kind kind;
	struct slice key;
	const char *table, *instance;
	bool is_number; /* digits alone */
};
struct entity_counting {
	struct entity_keys keys;
	struct map own;           /* further names that count as the value (entity_count_own) */
	const char *table;        /* of the row in hand */
	struct entity_plan *plan; /* of the batches that come */
	struct entity *out;       /* events, times and roles are counted here */
	struct counter *counters; /* ENTITY_LISTS of them */
	struct map days;
	struct buf key, entry;
};
void entity_counting_init(struct entity_counting *c, struct entity *out);
void entity_counting_fini(struct entity_counting *c);
/* Forgets what was counted; what counts as the value stays. */
void entity_counting_restart(struct entity_counting *c);
/* This name counts as the value from now on. */
void entity_count_own(struct entity_counting *c, const struct own_name *name);
/* Counts an event. */
void entity_count_row(
	struct entity_counting *c, const char *table, const struct batch *batch, uint32_t row);
/* The lists and the timeline, into `out`. */
void entity_counting_finish(
	struct entity_counting *c, uint32_t top, uint32_t days, struct entity *out);

/* ---- names (entity_people.c) ----------------------------------------------------------------- */

struct people;
/* `value`: what was asked, as entity_keys_make has it. */
struct people *people_new(struct slice value, const struct entity_keys *keys);
void people_free(struct people *people);

/* One value of a person in an event. */
struct person_value {
	enum ioc_kind kind;
	enum entity_naming naming;
	struct slice text;
};
/* A person in so many events, who had these values together. Borrowed for the call. */
void people_add(struct people *people, const char *table, struct slice instance,
	const struct person_value *values, uint32_t n, uint64_t events, int64_t first,
	int64_t last);
/* The persons of a row, where one of their values is asked for in this pass. */
void people_take_row(struct people *people, struct entity_plan *plan, const char *table,
	const struct batch *batch, uint32_t row);
/* Ends a pass over the events: what was added is joined as far as the rules allow. Returns how many names are to be asked
 * for in the next pass; 0 = no further pass is needed. */
uint32_t people_next(struct people *people);
/* The names to ask for: kind and key of each. Valid until people_next. */
struct asked_name {
	enum ioc_kind kind;
	struct slice key;
};
const struct asked_name *people_asked(const struct people *people, uint32_t *n);
/* The names that were found, best first, copied to out->mem. */
void people_finish(struct people *people, struct entity *out);
/* Calls `each` for the names that mean this person and nobody else. */
void people_each_own(const struct people *people,
	void (*each)(void *ctx, const struct own_name *name), void *ctx);

/* ---- the rest -------------------------------------------------------------------------------- */

/* entity_alerts.c: alerts that name the value or a name of the person. */
int entity_alerts(struct store *store, const struct entity_request *request,
	const struct entity_keys *keys, const struct people *people, struct entity *out,
	struct err *err);
/* entity_near.c: names like the value, of which something is stored. */
int entity_near(struct store *store, const struct entity_request *request,
	const struct entity_keys *keys, struct entity *out, struct err *err);
/* entity.c: notes a file that could not be read; `unread` has the paths of all, so that each counts once. */
void entity_unread(struct entity *out, struct map *unread, const char *path, const char *what);
/* entity_search.c: counts the events that the search language finds. `c` takes them. */
int entity_search(struct store *store, const struct entity_request *request,
	struct entity_counting *c, struct people *people, struct map *unread, struct err *err);
/* How many events have it as a target. */
int entity_count_target(struct store *store, const struct entity_request *request, uint64_t *events,
	struct err *err);

#endif
