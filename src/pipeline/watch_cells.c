/* SPDX-License-Identifier: Apache-2.0 */
/* watch_cells.c: the events of indicators that were seen, gathered by (indicator, UTC day), and handed over as alerts. A cell is always
 * made whole, from every segment that holds the indicator on that day. */
#include "pipeline/watch_cells.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "query/row_json.h"
#include "schema/schema.h"

#define DAY_US INT64_C(86400000000)

enum {
	EVIDENCE =
		5, /* events that are copied, and the last one: the others are asked for by `ioc search --events` */
	AT_ONCE = 5000,      /* indicators that one pass over the segments looks for */
	SOURCES_MOST = 1000, /* bytes of their names */
};
#define EVIDENCE_BYTES (UINT64_C(64) << 20)

struct target {
	struct watched watched; /* texts in mem */
	const char *list, *rule;
	unsigned level;
	bool exact;
};

struct piece { /* an event of the evidence */
	uint8_t id[16];
	int64_t time;
	const char *table;
	char *json, *actor, *target, *ip;
};
struct gathered { /* of one target and day */
	uint32_t target;
	int64_t day; /* INT64_MIN = events without time */
	uint64_t events;
	struct piece first[EVIDENCE], last;
	uint32_t nfirst;
	bool has_last; /* `last` is none of `first` */
	char *sources;
};
struct watch_cells {
	struct store *store;
	const struct watch_options *options;
	struct watch_result *result;
	struct arena mem;
	struct target *targets;
	uint32_t n, cap;
	struct map known; /* list and indicator → target */
	struct buf entry;
	bool bounded, untimed;
	int64_t since, until; /* where bounded: whole days */
	/* one pass */
	uint32_t from;
	struct map days; /* target and day → 1 + index of gathered */
	struct gathered **gathered;
	uint32_t ngathered, gathered_cap;
	uint64_t bytes; /* of evidence */
	struct buf text;
};

struct watch_cells *watch_cells_new(
	struct store *store, const struct watch_options *options, struct watch_result *result)
{
	struct watch_cells *c = xcalloc(1, sizeof(*c));
	c->store = store;
	c->options = options;
	c->result = result;
	c->since = INT64_MAX;
	c->until = INT64_MIN;
	buf_init(&c->entry, 8192);
	buf_init(&c->text, (size_t)1 << 28);
	return c;
}

static void free_piece(struct piece *piece)
{
	free(piece->json);
	free(piece->actor);
	free(piece->target);
	free(piece->ip);
	*piece = (struct piece){0};
}

static void drop_gathered(struct watch_cells *c)
{
	for (uint32_t i = 0; i < c->ngathered; i++) {
		struct gathered *g = c->gathered[i];
		for (uint32_t k = 0; k < g->nfirst; k++)
			free_piece(&g->first[k]);
		free_piece(&g->last);
		free(g->sources);
		free(g);
	}
	c->ngathered = 0;
	c->bytes = 0;
	map_fini(&c->days);
}

void watch_cells_free(struct watch_cells *c)
{
	if (!c)
		return;
	drop_gathered(c);
	free(c->gathered);
	free(c->targets);
	map_fini(&c->known);
	arena_fini(&c->mem);
	buf_fini(&c->entry);
	buf_fini(&c->text);
	free(c);
}

static int64_t day_of(int64_t time)
{
	return time / DAY_US - (time % DAY_US < 0);
}

void watch_cells_span(struct watch_cells *c, int64_t min_time, int64_t max_time, uint64_t no_time)
{
	c->bounded = true;
	c->untimed |= no_time > 0;
	if (min_time > max_time)
		return;
	int64_t since = day_of(min_time) * DAY_US, until = (day_of(max_time) + 1) * DAY_US;
	c->since = since < c->since ? since : c->since;
	c->until = until > c->until ? until : c->until;
}

/* ---- what is looked for ---------------------------------------------------------------------- */

const char *watch_rule(const char *list, struct arena *mem)
{
	return arena_printf(mem, "watchlist:%s", list);
}

static struct slice keep(struct watch_cells *c, struct slice text)
{
	return (struct slice){arena_strdup(&c->mem, text), text.len};
}

static struct slice name_target(
	struct watch_cells *c, const char *list, const struct indicator *indicator)
{
	buf_clear(&c->entry);
	buf_puts(&c->entry, list);
	buf_push(&c->entry, '\0');
	buf_push(&c->entry, (char)indicator->form);
	buf_push(&c->entry, (char)indicator->kind);
	buf_slice(&c->entry, indicator->key);
	buf_push(&c->entry, '\0');
	if (indicator->form == IOC_RANGE)
		buf_slice(&c->entry, indicator->last);
	return buf_view(&c->entry);
}

void watch_cells_add(
	struct watch_cells *c, const struct watchlist *list, const struct watched *watched)
{
	bool is_new;
	(void)map_put(&c->known, name_target(c, list->name, &watched->indicator), &is_new);
	if (!is_new)
		return;
	if (c->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 64;
		c->targets = xrealloc(c->targets, c->cap * sizeof(*c->targets));
	}
	struct target *target = &c->targets[c->n++];
	*target = (struct target){.watched = *watched,
		.list = arena_strdup(&c->mem, slice_of(list->name)),
		.rule = watch_rule(list->name, &c->mem),
		.level = list->level};
	target->exact = !watched->below;
	target->watched.indicator.key = keep(c, watched->indicator.key);
	target->watched.indicator.last = keep(c, watched->indicator.last);
	target->watched.text = keep(c, watched->text);
	target->watched.tags = keep(c, watched->tags);
	target->watched.description = keep(c, watched->description);
}

/* ---- events ---------------------------------------------------------------------------------- */

static struct gathered *find_gathered(struct watch_cells *c, uint32_t target, int64_t day)
{
	struct {
		int64_t day;
		uint64_t target;
	} key = {day, target};
	bool is_new;
	uint64_t *place =
		map_put(&c->days, (struct slice){(const char *)&key, sizeof(key)}, &is_new);
	if (!is_new)
		return c->gathered[*place];
	if (c->ngathered == c->gathered_cap) {
		c->gathered_cap = c->gathered_cap ? c->gathered_cap * 2 : 256;
		c->gathered = xrealloc(c->gathered, c->gathered_cap * sizeof(*c->gathered));
	}
	struct gathered *g = c->gathered[c->ngathered] = xcalloc(1, sizeof(*g));
	g->target = target;
	g->day = day;
	*place = c->ngathered++;
	return g;
}

static int order(int64_t time, const uint8_t id[16], const struct piece *other)
{
	if (time != other->time)
		return time < other->time ? -1 : 1;
	return memcmp(id, other->id, 16);
}

static struct piece make_piece(struct watch_cells *c, const char *table, const struct batch *batch,
	uint32_t row, int64_t time, const uint8_t id[16])
{
	uint64_t most = c->options->memory ? c->options->memory / 2 : EVIDENCE_BYTES;
	struct piece piece = {.time = time, .table = arena_strdup(&c->mem, slice_of(table))};
	memcpy(piece.id, id, 16);
	piece.actor = column_copy(&batch->columns[SYS_ACTOR], row);
	piece.target = column_copy(&batch->columns[SYS_TARGET], row);
	piece.ip = column_copy(&batch->columns[SYS_IP], row);
	if (c->bytes > most)
		return piece; /* its id is kept: the event itself is where it is */
	buf_clear(&c->text);
	buf_push(&c->text, '{');
	row_members_json(batch, row, false, &c->text);
	buf_puts(&c->text, "}");
	buf_push(&c->text, '\0');
	piece.json = xstrdup(c->text.ptr);
	c->bytes += c->text.len;
	return piece;
}

/* The first few in order, and the last. */
static void add_piece(struct watch_cells *c, struct gathered *g, const char *table,
	const struct batch *batch, uint32_t row, int64_t time, const uint8_t id[16])
{
	uint32_t at = g->nfirst;
	while (at > 0 && order(time, id, &g->first[at - 1]) < 0)
		at--;
	if (at == EVIDENCE) {
		if (g->has_last && order(time, id, &g->last) < 0)
			return;
		free_piece(&g->last);
		g->last = make_piece(c, table, batch, row, time, id);
		g->has_last = true;
		return;
	}
	if (g->nfirst == EVIDENCE) {
		struct piece pushed = g->first[EVIDENCE - 1];
		if (g->has_last) {
			free_piece(&pushed);
		} else {
			g->last = pushed;
			g->has_last = true;
		}
		g->nfirst--;
	}
	memmove(&g->first[at + 1], &g->first[at], (g->nfirst - at) * sizeof(*g->first));
	g->first[at] = make_piece(c, table, batch, row, time, id);
	g->nfirst++;
}

/* The names of sources, joined; each once. */
static void add_source(struct gathered *g, const struct batch *batch, uint32_t row)
{
	char *name = column_copy(&batch->columns[SYS_SOURCE], row);
	size_t n = name ? strlen(name) : 0, old = g->sources ? strlen(g->sources) : 0;
	const char *at = g->sources;
	while (n && at && (at = strstr(at, name))) {
		bool starts = at == g->sources || at[-1] == ' ';
		if (starts && (at[n] == '\0' || at[n] == ','))
			break;
		at += n;
	}
	if (n && !at && old + n < SOURCES_MOST) {
		g->sources = xrealloc(g->sources, old + n + 3);
		snprintf(g->sources + old, n + 3, "%s%s", old ? ", " : "", name);
	}
	free(name);
}

static int take_event(void *ctx, const char *table, const struct batch *batch, uint32_t row,
	uint32_t indicator, struct err *err)
{
	(void)err;
	struct watch_cells *c = ctx;
	const struct target *target = &c->targets[c->from + indicator];
	const struct column *times = &batch->columns[SYS_EVENT_TIME];
	bool timed = !column_is_null(times, row);
	int64_t time = timed ? times->i64[row] : INT64_MIN;
	if (timed && time >= target->watched.expires)
		return 0;
	struct gathered *g =
		find_gathered(c, c->from + indicator, timed ? day_of(time) : INT64_MIN);
	g->events++;
	c->result->events++;
	add_piece(c, g, table, batch, row, time, batch->columns[SYS_EVENT_ID].uuid[row]);
	add_source(g, batch, row);
	return 0;
}

static void count_problem(void *ctx, const char *path, const char *what)
{
	struct watch_cells *c = ctx;
	(void)path;
	log_warn("watchlists: %s", what);
	c->result->unread++;
}

/* ---- alerts ---------------------------------------------------------------------------------- */

static void group_key(struct slice name, uint8_t key[16])
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	EVP_Digest(name.ptr, name.len, sum, NULL, EVP_sha256(), NULL);
	memcpy(key, sum, 16);
}

static void make_events(const struct gathered *g, struct arena *mem, struct alert_found *found)
{
	uint32_t n = g->nfirst + g->has_last;
	struct alert_event *events = arena_alloc(mem, n * sizeof(*events));
	for (uint32_t i = 0; i < n; i++) {
		const struct piece *piece = i < g->nfirst ? &g->first[i] : &g->last;
		events[i] = (struct alert_event){
			.time = piece->time, .table = piece->table, .json = piece->json};
		memcpy(events[i].id, piece->id, 16);
	}
	found->events = events;
	found->nevents = n;
}

static void make_found(struct watch_cells *c, const struct gathered *g, struct arena *mem,
	struct alert_found *found)
{
	static const uint8_t version[8] = {'i', 'o', 'c', 1};
	const struct target *target = &c->targets[g->target];
	const struct piece *first = &g->first[0],
			   *last = g->has_last ? &g->last : &g->first[g->nfirst - 1];
	struct buf text;
	buf_init(&text, 8192);
	indicator_text(&target->watched.indicator, &text);
	const char *name = arena_strdup(mem, buf_view(&text));
	buf_fini(&text);
	*found = (struct alert_found){.rule = target->rule,
		.title =
			target->watched.tags.len
				? arena_printf(mem, "Indicator of watchlist %s seen (%.*s)",
					  target->list, SLICE_ARG(target->watched.tags))
				: arena_printf(mem, "Indicator of watchlist %s seen", target->list),
		.level = target->level,
		.group = name,
		.day = g->day,
		.first = first->time,
		.last = last->time,
		.count = g->events,
		.actor = first->actor,
		.target = first->target,
		.ip = first->ip,
		.origin = "",
		.sources = g->sources ? g->sources : ""};
	memcpy(found->version, version, sizeof(version));
	memcpy(found->fired, first->id, 16);
	group_key(name_target(c, target->list, &target->watched.indicator), found->group_key);
	make_events(g, mem, found);
}

enum { CELLS_AT_ONCE = 2000 };

/* Hands the cells over, some at a time: each is whole by itself. */
static int hand_over(struct watch_cells *c, struct err *err)
{
	int rc = 0;
	for (uint32_t from = 0; from < c->ngathered && rc == 0; from += CELLS_AT_ONCE) {
		uint32_t n =
			c->ngathered - from < CELLS_AT_ONCE ? c->ngathered - from : CELLS_AT_ONCE;
		struct arena mem = {0};
		struct alert_cell *cells = arena_alloc(&mem, n * sizeof(*cells));
		struct alert_found *found = arena_alloc(&mem, n * sizeof(*found));
		for (uint32_t i = 0; i < n; i++) {
			make_found(c, c->gathered[from + i], &mem, &found[i]);
			cells[i] = (struct alert_cell){.rule = found[i].rule,
				.day = found[i].day,
				.n = 1,
				.found = &found[i]};
			memcpy(cells[i].group_key, found[i].group_key, 16);
		}
		rc = alerts_replace(
			c->store, cells, n, NULL, 0, c->options->quiet, &c->result->changes, err);
		arena_fini(&mem);
	}
	return rc;
}

/* ---- one pass -------------------------------------------------------------------------------- */

static int settle_some(
	struct watch_cells *c, uint32_t from, uint32_t n, bool exact, struct err *err)
{
	struct indicator *list = xmalloc((n + (size_t)1) * sizeof(*list));
	for (uint32_t i = 0; i < n; i++)
		list[i] = c->targets[from + i].watched.indicator;
	const struct ioc_request request = {.list = list,
		.n = n,
		.exact = exact,
		.threads = c->options->threads,
		.stop = c->options->stop};
	const struct ioc_events events = {.request = &request,
		.whole = true,
		.since = c->bounded ? c->since : INT64_MIN,
		.until = c->bounded ? c->until : INT64_MAX,
		.untimed = c->untimed,
		.each = take_event,
		.problem = count_problem,
		.ctx = c};
	c->from = from;
	int rc = ioc_events(c->store, &events, err);
	if (rc == 0)
		rc = hand_over(c, err);
	drop_gathered(c);
	free(list);
	return rc;
}

/* Those that mean a domain alone first. */
static int by_reach(const void *left, const void *right)
{
	const struct target *a = left, *b = right;
	return (int)b->exact - (int)a->exact;
}

int watch_cells_settle(struct watch_cells *c, struct err *err)
{
	int rc = 0;
	if (c->n > 1)
		qsort(c->targets, c->n, sizeof(*c->targets), by_reach);
	for (uint32_t from = 0, n; from < c->n && rc == 0; from += n) {
		n = 1;
		while (from + n < c->n && n < AT_ONCE &&
			c->targets[from + n].exact == c->targets[from].exact)
			n++;
		if (c->options->progress)
			c->options->progress(
				c->options->progress_ctx, "looking for indicators", from, c->n);
		rc = settle_some(c, from, n, c->targets[from].exact, err);
	}
	c->result->indicators += c->n;
	c->n = 0;
	map_fini(&c->known);
	return rc;
}
