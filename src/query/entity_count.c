/* SPDX-License-Identifier: Apache-2.0 */
/* entity_count.c: events counted by day and by the values of their columns. What was found out of a dictionary's value once is kept
 * for the batch, so that a row costs a few loads. */
#include <stdlib.h>

#include "query/entity_private.h"

enum {
	LONGEST =
		1024, /* bytes of a value that are kept; longer ones are told apart by these alone */
	NO_COUNT = UINT32_MAX,
};
#define DAY_US INT64_C(86400000000)

struct counted {
	uint64_t events;
	uint64_t seen_in; /* the last event that had it */
	int64_t first, last;
};
struct counter {
	struct map values;
	struct counted *list;
	uint32_t cap;
	uint64_t beyond; /* values of events that there was no room for */
};

void entity_counting_init(struct entity_counting *c, struct entity *out)
{
	*c = (struct entity_counting){.out = out};
	c->counters = xcalloc(ENTITY_LISTS, sizeof(*c->counters));
	buf_init(&c->key, IOC_KEY_MAX + 64);
	buf_init(&c->entry, 4 * LONGEST);
	out->first = INT64_MAX;
	out->last = INT64_MIN;
}

void entity_counting_fini(struct entity_counting *c)
{
	for (int i = 0; i < ENTITY_LISTS; i++) {
		map_fini(&c->counters[i].values);
		free(c->counters[i].list);
	}
	free(c->counters);
	map_fini(&c->days);
	map_fini(&c->own);
	buf_fini(&c->key);
	buf_fini(&c->entry);
}

void entity_counting_restart(struct entity_counting *c)
{
	struct entity *out = c->out;
	for (int i = 0; i < ENTITY_LISTS; i++) {
		map_fini(&c->counters[i].values);
		free(c->counters[i].list);
		c->counters[i] = (struct counter){0};
	}
	map_fini(&c->days);
	out->events = out->no_time = 0;
	out->as_actor = out->as_address = out->as_target = out->elsewhere = 0;
	out->first = INT64_MAX;
	out->last = INT64_MIN;
}

/* ---- roles ----------------------------------------------------------------------------------- */

/* What a name is kept by: with its table and instance, where it means the value there alone. */
static struct slice own_entry(struct entity_counting *c, enum ioc_kind kind, struct slice key,
	const char *table, struct slice instance)
{
	instance.len = instance.len < LONGEST ? instance.len : LONGEST;
	buf_clear(&c->entry);
	buf_push(&c->entry, (char)kind);
	if (table)
		buf_printf(&c->entry, "%s/%.*s", table, SLICE_ARG(instance));
	buf_push(&c->entry, '\0');
	buf_slice(&c->entry, key);
	return buf_view(&c->entry);
}

void entity_count_own(struct entity_counting *c, const struct own_name *name)
{
	struct slice instance = slice_of(name->instance ? name->instance : "");
	map_put(&c->own, own_entry(c, name->kind, name->key, name->table, instance), NULL);
}

/* What is known of a text: it is not the value, it is, or it is in some tables and instances. */
enum { UNKNOWN, OTHER, VALUE, SOMEWHERE };

static uint8_t judge(struct entity_counting *c, enum ioc_kind kind, struct slice text)
{
	enum ioc_kind found = kind;
	buf_clear(&c->key);
	if (!ioc_key(&found, text, &c->key) || found != kind)
		return OTHER;
	struct slice key = buf_view(&c->key);
	if (c->keys.of[kind].len && slice_eq(key, c->keys.of[kind]))
		return VALUE;
	if (c->own.count == 0)
		return OTHER;
	return map_get(&c->own, own_entry(c, kind, key, NULL, (struct slice){0})) ? VALUE
										  : SOMEWHERE;
}

/* Whether a text is one of the names that mean the value in the row's table and instance. */
static bool is_local(struct entity_counting *c, enum ioc_kind kind, struct slice text,
	const struct batch *batch, uint32_t row)
{
	const struct column *instances = &batch->columns[SYS_INSTANCE];
	struct slice instance = {"", 0};
	enum ioc_kind found = kind;
	if (instances->n > 0 && !column_is_null(instances, row))
		instance = column_text(instances, row);
	buf_clear(&c->key);
	return ioc_key(&found, text, &c->key) &&
	       map_get(&c->own, own_entry(c, kind, buf_view(&c->key), c->table, instance));
}

static bool holds_value(struct entity_counting *c, struct role_column *role,
	const struct batch *batch, uint32_t row)
{
	const struct column *column = &batch->columns[role->column];
	uint32_t from, to;
	column_range(batch, role->column, row, &from, &to);
	for (uint32_t i = from; i < to; i++) {
		if (column_is_null(column, i))
			continue;
		uint8_t known = role->known ? role->known[column->codes[i]] : UNKNOWN;
		if (known == UNKNOWN) {
			known = judge(c, role->kind, column_text(column, i));
			if (role->known)
				role->known[column->codes[i]] = known;
		}
		if (known == VALUE ||
			(known == SOMEWHERE &&
				is_local(c, role->kind, column_text(column, i), batch, row)))
			return true;
	}
	return false;
}

static unsigned roles_of(struct entity_counting *c, const struct batch *batch, uint32_t row)
{
	unsigned roles = 0;
	for (uint32_t i = 0; i < c->plan->nroles; i++) {
		struct role_column *role = &c->plan->roles[i];
		if (!(roles & role->role) && holds_value(c, role, batch, row))
			roles |= role->role;
	}
	return roles;
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* The place of a value in a counter; NO_COUNT where there is no room. */
static uint32_t place_of(struct counter *counter, struct slice value)
{
	value.len = value.len < LONGEST ? value.len : LONGEST;
	if (counter->values.count == ENTITY_VALUES && !map_get(&counter->values, value))
		return NO_COUNT;
	bool is_new;
	uint64_t *place = map_put(&counter->values, value, &is_new);
	if (!is_new)
		return (uint32_t)*place;
	uint32_t n = counter->values.count - 1;
	*place = n;
	if (n == counter->cap) {
		counter->cap = counter->cap ? counter->cap * 2 : 64;
		counter->list = xrealloc(counter->list, counter->cap * sizeof(*counter->list));
	}
	counter->list[n] = (struct counted){.first = INT64_MAX, .last = INT64_MIN};
	return n;
}

/* Addresses in the one form, so that a v4-mapped one is the same. */
static uint32_t place_of_address(struct entity_counting *c, struct slice text)
{
	struct counter *counter = &c->counters[ENTITY_ADDRESSES];
	enum ioc_kind kind = IOC_IPV4;
	struct buf shown;
	buf_clear(&c->key);
	if (!ioc_key(&kind, text, &c->key))
		return place_of(counter, text);
	buf_init(&shown, 1024);
	ioc_key_text(kind, buf_view(&c->key), &shown);
	uint32_t place = place_of(counter, buf_view(&shown));
	buf_fini(&shown);
	return place;
}

static void count_at(struct entity_counting *c, struct counter *counter, uint32_t place, bool timed,
	int64_t time)
{
	if (place == NO_COUNT) {
		counter->beyond++;
		return;
	}
	struct counted *counted = &counter->list[place];
	if (counted->seen_in == c->out->events)
		return;
	counted->seen_in = c->out->events;
	counted->events++;
	if (timed && time < counted->first)
		counted->first = time;
	if (timed && time > counted->last)
		counted->last = time;
}

static void count_list(struct entity_counting *c, struct list_column *list,
	const struct batch *batch, uint32_t row, bool timed, int64_t time)
{
	const struct column *column = &batch->columns[list->column];
	struct counter *counter = &c->counters[list->list];
	uint32_t from, to;
	column_range(batch, list->column, row, &from, &to);
	for (uint32_t i = from; i < to; i++) {
		if (column_is_null(column, i))
			continue;
		uint32_t slot = list->slots ? list->slots[column->codes[i]] : 0;
		if (slot == 0) {
			struct slice text = column_text(column, i);
			uint32_t place = list->list == ENTITY_ADDRESSES ? place_of_address(c, text)
									: place_of(counter, text);
			slot = place == NO_COUNT ? NO_COUNT : place + 1;
			if (list->slots)
				list->slots[column->codes[i]] = slot;
		}
		count_at(c, counter, slot == NO_COUNT ? NO_COUNT : slot - 1, timed, time);
	}
}

/* Whether a list tells something of an event in which the value plays these roles. */
static bool is_counted(enum entity_list list, unsigned roles)
{
	if (list == ENTITY_ADDRESSES)
		return !(roles & ROLE_ADDRESS);
	if (list == ENTITY_ACTORS)
		return !(roles & ROLE_ACTOR);
	return list != ENTITY_TARGETS || roles & (ROLE_ACTOR | ROLE_ADDRESS);
}

static int64_t day_of(int64_t time)
{
	return time / DAY_US - (time % DAY_US < 0);
}

static void count_time(struct entity_counting *c, bool timed, int64_t time)
{
	struct entity *out = c->out;
	if (!timed) {
		out->no_time++;
		return;
	}
	out->first = time < out->first ? time : out->first;
	out->last = time > out->last ? time : out->last;
	int64_t day = day_of(time);
	(*map_put(&c->days, (struct slice){(const char *)&day, sizeof(day)}, NULL))++;
}

void entity_count_row(
	struct entity_counting *c, const char *table, const struct batch *batch, uint32_t row)
{
	const struct column *times = &batch->columns[SYS_EVENT_TIME];
	bool timed = times->n > 0 && !column_is_null(times, row);
	int64_t time = timed ? times->i64[row] : 0;
	c->table = table;
	unsigned roles = roles_of(c, batch, row);
	c->out->events++;
	c->out->as_actor += (roles & ROLE_ACTOR) != 0;
	c->out->as_address += (roles & ROLE_ADDRESS) != 0;
	c->out->as_target += (roles & ROLE_TARGET) != 0;
	c->out->elsewhere += roles == 0;
	count_time(c, timed, time);
	struct counter *tables = &c->counters[ENTITY_TABLES];
	count_at(c, tables, place_of(tables, slice_of(table)), timed, time);
	for (uint32_t i = 0; i < c->plan->nlists; i++) {
		if (is_counted(c->plan->lists[i].list, roles))
			count_list(c, &c->plan->lists[i], batch, row, timed, time);
	}
}

/* ---- the end --------------------------------------------------------------------------------- */

static int by_events(const void *left, const void *right)
{
	const struct entity_count *a = left, *b = right;
	if (a->events != b->events)
		return a->events > b->events ? -1 : 1;
	return slice_cmp(a->value, b->value);
}

static void finish_list(
	const struct counter *counter, uint32_t top, struct entity_counts *out, struct arena *mem)
{
	uint32_t n = counter->values.count;
	struct entity_count *all = xmalloc((n + (size_t)1) * sizeof(*all));
	for (uint32_t i = 0; i < n; i++)
		all[i] = (struct entity_count){counter->values.entries[i].key,
			counter->list[i].events, counter->list[i].first, counter->list[i].last};
	if (n > 1)
		qsort(all, n, sizeof(*all), by_events);
	*out = (struct entity_counts){.n = n < top ? n : top,
		.values = n,
		.others = counter->beyond,
		.cut = counter->beyond > 0};
	struct entity_count *kept = arena_alloc(mem, (out->n + 1ul) * sizeof(*kept));
	for (uint32_t i = 0; i < n; i++) {
		if (i >= out->n) {
			out->others += all[i].events;
			continue;
		}
		kept[i] = all[i];
		kept[i].value.ptr = arena_strdup(mem, all[i].value);
	}
	out->list = kept;
	free(all);
}

static int by_day(const void *left, const void *right)
{
	const struct entity_day *a = left, *b = right;
	return a->day < b->day ? -1 : a->day > b->day;
}

static void finish_days(struct entity_counting *c, uint32_t most, struct entity *out)
{
	uint32_t n = c->days.count;
	struct entity_day *days = arena_alloc(&out->mem, (n + 1ul) * sizeof(*days));
	for (uint32_t i = 0; i < n; i++) {
		memcpy(&days[i].day, c->days.entries[i].key.ptr, sizeof(days[i].day));
		days[i].events = c->days.entries[i].value;
	}
	if (n > 1)
		qsort(days, n, sizeof(*days), by_day);
	uint32_t left_out = most && n > most ? n - most : 0;
	for (uint32_t i = 0; i < left_out; i++)
		out->earlier_events += days[i].events;
	out->earlier_days = left_out;
	out->days = days + left_out;
	out->ndays = n - left_out;
}

void entity_counting_finish(
	struct entity_counting *c, uint32_t top, uint32_t days, struct entity *out)
{
	for (int i = 0; i < ENTITY_LISTS; i++)
		finish_list(&c->counters[i], i == ENTITY_TABLES ? ENTITY_VALUES : top,
			&out->lists[i], &out->mem);
	finish_days(c, days, out);
}
