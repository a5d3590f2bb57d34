/* SPDX-License-Identifier: Apache-2.0 */
/* detect_evidence.c: the rows behind alerts: what their group is called, who, from where, and copies of their events. */
#include <openssl/sha.h>
#include <stdlib.h>
#include <strings.h>

#include "pipeline/detect_settle.h"
#include "query/evidence.h"

enum {
	COPIES_OF_PASS = 20000, /* events that are copied as evidence in one pass, about */
	COPIES_LEAST = 1,       /* of an alert at any rate, beside its last one */
};

/* ---- reading rows ---------------------------------------------------------------------------- */

static void wish_for(struct settling *s, const struct hit *hit, uint32_t draft, uint32_t event)
{
	if (s->nwishes == s->wishes_cap) {
		s->wishes_cap = s->wishes_cap ? s->wishes_cap * 2 : 256;
		s->wishes = xrealloc(s->wishes, s->wishes_cap * sizeof(*s->wishes));
	}
	s->wishes[s->nwishes++] = (struct wish){hit->file, hit->row_group, hit->row, draft, event};
}

static int wish_compare(const void *left, const void *right)
{
	const struct wish *a = left, *b = right;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->row_group != b->row_group)
		return a->row_group < b->row_group ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static const char *text_of(
	struct reading *r, const struct batch *batch, const struct name_list *list, uint32_t row)
{
	buf_clear(&r->text);
	if (!detect_value(batch, list, 0, row, &r->text) || r->text.len == 0)
		return NULL;
	return arena_strdup(&r->mem, buf_view(&r->text));
}

const struct use *use_of(
	const struct detector *d, const struct detect_shape *shape, const struct hit *hit)
{
	const struct correlation *c = d->rules->of[hit->rule]->correlation;
	uint32_t of = c ? c->rules[hit->member] : hit->rule;
	for (uint32_t u = 0; u < shape->nuses[of]; u++)
		if (shape->uses[of][u].rule == hit->rule &&
			shape->uses[of][u].member == hit->member)
			return &shape->uses[of][u];
	return NULL;
}

static void group_part(struct buf *text, struct buf *key, const char *name, struct slice value)
{
	buf_printf(text, "%s%s: ", text->len ? ", " : "", name);
	buf_slice(text, value);
	buf_append(key, name, strlen(name) + 1);
	buf_slice(key, value);
	buf_push(key, 0);
}

/* What the events of an alert have in common. */
static void name_group(struct reading *r, struct draft *draft, const struct detect_shape *shape,
	const struct batch *batch, uint32_t row)
{
	const struct rule *rule = r->s->d->rules->of[draft->rule];
	const struct correlation *c = rule->correlation;
	const struct use *use = use_of(r->s->d, shape, draft->trigger);
	struct buf text, key;
	buf_init(&text, 1 << 16);
	buf_init(&key, LIMIT_RECORD_BYTES);
	const char *const *names = c ? c->group_by : rule->group.of;
	uint32_t n = c ? c->ngroup : rule->group.n;
	for (uint32_t g = 0; use && g < n; g++) {
		buf_clear(&r->text);
		detect_value(batch, &use->group, g, row, &r->text);
		group_part(&text, &key, names[g], buf_view(&r->text));
	}
	bool of_values = c && (c->type == CORRELATION_FIRST_SEEN || c->type == CORRELATION_RARE);
	for (uint32_t f = 0; use && of_values && f < c->nfield; f++) {
		buf_clear(&r->text);
		detect_value(batch, &use->value, f, row, &r->text);
		group_part(&text, &key, c->field[f], buf_view(&r->text));
	}
	if (!c && n == 0) {
		const char *name = draft->actor ? "actor" : draft->ip ? "ip" : "target";
		const char *value = draft->actor ? draft->actor
				    : draft->ip  ? draft->ip
						 : draft->target;
		if (value)
			group_part(&text, &key, name, slice_of(value));
	}
	uint8_t hash[SHA256_DIGEST_LENGTH];
	SHA256((const uint8_t *)(key.ptr ? key.ptr : ""), key.len, hash);
	memcpy(draft->group_key, hash, sizeof(draft->group_key));
	draft->group = arena_strdup(&r->mem, text.len ? buf_view(&text) : SLICE(""));
	buf_fini(&text);
	buf_fini(&key);
}

/* Alerts of other products keep their title and severity, and say whose they are. */
static void take_over(struct reading *r, struct draft *draft, const struct detect_shape *shape,
	const struct batch *batch, uint32_t row)
{
	static const struct {
		const char *word;
		int level;
	} words[] = {{"critical", LEVEL_CRITICAL}, {"high", LEVEL_HIGH}, {"medium", LEVEL_MEDIUM},
		{"moderate", LEVEL_MEDIUM}, {"low", LEVEL_LOW}, {"info", LEVEL_INFORMATIONAL},
		{"informational", LEVEL_INFORMATIONAL}};
	if (strcmp(shape->schema->product, "alerts") != 0 ||
		r->s->d->rules->of[draft->rule]->correlation)
		return;
	const char *severity = text_of(r, batch, &shape->severity, row);
	for (size_t i = 0; severity && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(severity, words[i].word) == 0)
			draft->level = words[i].level;
	draft->title = text_of(r, batch, &shape->summary, row);
	draft->origin = text_of(r, batch, &shape->reported_by, row);
	if (!draft->origin)
		draft->origin = "another product";
}

static void take_wish(struct reading *r, const struct wish *wish, const struct detect_shape *shape,
	const struct batch *batch, uint32_t row)
{
	struct draft *draft = &r->s->drafts[wish->draft];
	if (wish->event == UINT32_MAX) {
		draft->actor = text_of(r, batch, &shape->actor, row);
		draft->ip = text_of(r, batch, &shape->ip, row);
		draft->target = text_of(r, batch, &shape->target, row);
		name_group(r, draft, shape, batch, row);
		take_over(r, draft, shape, batch, row);
		return;
	}
	struct alert_event *event = &draft->events[wish->event];
	struct buf json;
	buf_init(&json, LIMIT_RECORD_BYTES);
	evidence_json(shape->schema->table, batch, row, &json);
	event->json = json.full ? NULL : arena_strdup(&r->mem, buf_view(&json));
	buf_fini(&json);
}

/* Grants what is there of rows that were caught; how many wishes are left, at the front. */
static size_t take_caught(struct reading *r, struct wish *wishes, size_t n)
{
	struct detect_file *file = &r->s->pass->files[wishes[0].file];
	if (!file->caught)
		return n;
	/* Another thread may open the file meanwhile, which finds its shape anew. */
	pthread_mutex_lock(&r->s->lock);
	const struct detect_shape *shape = detect_file_shape(r->s->d, file) ? file->shape : NULL;
	pthread_mutex_unlock(&r->s->lock);
	if (!shape)
		return n;
	const struct caught_group *group = file->caught->groups[wishes[0].row_group];
	size_t left = 0;
	for (size_t i = 0, at = 0; i < n; i++) {
		while (at < group->nrows && group->rows[at] < wishes[i].row)
			at++;
		if (at < group->nrows && group->rows[at] == wishes[i].row)
			take_wish(r, &wishes[i], shape, &group->batch, (uint32_t)at);
		else
			wishes[left++] = wishes[i];
	}
	return left;
}

/* Those that hits were caught of are opened when the first row is missing. */
static bool open_file(struct settling *s, struct detect_file *file)
{
	pthread_mutex_lock(&s->lock);
	bool open = detect_file_open(s->d, file);
	pthread_mutex_unlock(&s->lock);
	return open;
}

/* The wishes for one row group. */
static int read_group(struct reading *r, struct wish *wishes, size_t n, struct err *err)
{
	struct detect_file *file = &r->s->pass->files[wishes[0].file];
	n = take_caught(r, wishes, n);
	if (n == 0 || !open_file(r->s, file))
		return 0;
	uint32_t *keep = xmalloc((n + 1) * sizeof(*keep)), nkeep = 0;
	for (size_t i = 0; i < n; i++)
		if (nkeep == 0 || keep[nkeep - 1] != wishes[i].row)
			keep[nkeep++] = wishes[i].row;
	struct batch batch;
	int rc = parquet_read_rows(
		file->reader, wishes[0].row_group, NULL, keep, nkeep, &batch, err);
	for (size_t i = 0, at = 0; rc == 0 && i < n; i++) {
		while (keep[at] != wishes[i].row)
			at++;
		take_wish(r, &wishes[i], file->shape, &batch, (uint32_t)at);
	}
	batch_fini(&batch);
	free(keep);
	return rc;
}

/* The wishes for the next row group: [*from, *to). False: there are none. */
static bool next_group(struct settling *s, size_t *from, size_t *to)
{
	pthread_mutex_lock(&s->lock);
	size_t end = s->next;
	bool more = end < s->nwishes && s->rc == 0;
	const struct wish *first = &s->wishes[end];
	*from = end;
	while (more && end < s->nwishes && s->wishes[end].file == first->file &&
		s->wishes[end].row_group == first->row_group)
		end++;
	s->next = *to = end;
	pthread_mutex_unlock(&s->lock);
	return more;
}

static void *read_groups(void *arg)
{
	struct reading *r = arg;
	struct settling *s = r->s;
	struct err err = {0};
	size_t from, to;
	while (next_group(s, &from, &to)) {
		if (read_group(r, &s->wishes[from], to - from, &err) == 0)
			continue;
		pthread_mutex_lock(&s->lock);
		if (s->rc == 0)
			s->err = err;
		s->rc = -1;
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

/* What has no rows in memory is opened by one thread; true where there are row groups for several. */
static bool open_files(struct settling *s)
{
	uint32_t groups = 0;
	for (size_t i = 0; i < s->nwishes; i++) {
		const struct wish *wish = &s->wishes[i];
		if (i > 0 && wish->file == wish[-1].file && wish->row_group == wish[-1].row_group)
			continue;
		struct detect_file *file = &s->pass->files[wish->file];
		if (file->caught)
			detect_file_shape(s->d, file);
		else
			detect_file_open(s->d, file);
		groups++;
	}
	return groups > 1;
}

static struct reading *add_readings(struct settling *s, uint32_t n)
{
	s->readings = xrealloc(s->readings, (s->nreadings + n) * sizeof(*s->readings));
	struct reading *first = &s->readings[s->nreadings];
	for (uint32_t i = 0; i < n; i++) {
		first[i] = (struct reading){.s = s};
		buf_init(&first[i].text, LIMIT_RECORD_BYTES);
	}
	s->nreadings += n;
	return first;
}

void evidence_fini(struct settling *s)
{
	for (uint32_t i = 0; i < s->nreadings; i++) {
		arena_fini(&s->readings[i].mem);
		buf_fini(&s->readings[i].text);
	}
	free(s->readings);
}

int evidence_read(struct settling *s, struct err *err)
{
	pthread_t threads[64];
	uint32_t n = 1, started = 0;
	if (s->nwishes)
		qsort(s->wishes, s->nwishes, sizeof(*s->wishes), wish_compare);
	if (open_files(s))
		n = s->d->threads < 64 ? s->d->threads : 64;
	struct reading *readings = add_readings(s, n);
	pthread_mutex_init(&s->lock, NULL);
	s->next = 0;
	s->rc = 0;
	while (started + 1 < n &&
		pthread_create(&threads[started], NULL, read_groups, &readings[started + 1]) == 0)
		started++;
	read_groups(readings);
	while (started > 0)
		pthread_join(threads[--started], NULL);
	pthread_mutex_destroy(&s->lock);
	if (s->rc < 0)
		*err = s->err;
	s->nwishes = 0;
	return s->rc;
}

/* ---- evidence -------------------------------------------------------------------------------- */

static uint32_t add_event(const struct settling *s, struct draft *draft, const struct hit *hit)
{
	struct alert_event *event = &draft->events[draft->nevents];
	memcpy(event->id, hit->id, sizeof(event->id));
	event->time = hit->time;
	event->table = s->pass->files[hit->file].schema->table;
	return draft->nevents++;
}

void evidence_wish(struct settling *s, uint32_t number, uint32_t copies)
{
	struct draft *draft = &s->drafts[number];
	const struct hit *last = &draft->hits[draft->nhits - 1];
	wish_for(s, draft->trigger, number, UINT32_MAX);
	if (draft->empty)
		return;
	uint32_t most = draft->nhits < ALERT_EVIDENCE ? draft->nhits : ALERT_EVIDENCE;
	draft->events = arena_zalloc(&s->mem, (size_t)most + 1, sizeof(*draft->events));
	uint32_t i = 0;
	for (; i < draft->nhits && draft->nevents < ALERT_EVIDENCE; i++) {
		if (i > 0 && hit_same_event(&draft->hits[i], &draft->hits[i - 1]))
			continue;
		uint32_t event = add_event(s, draft, &draft->hits[i]);
		if (event < copies)
			wish_for(s, &draft->hits[i], number, event);
	}
	if (i < draft->nhits && memcmp(draft->events[draft->nevents - 1].id, last->id, 16) != 0)
		wish_for(s, last, number, add_event(s, draft, last));
}

uint32_t evidence_copies(const struct settling *s)
{
	uint32_t copies = s->ndrafts ? COPIES_OF_PASS / s->ndrafts : 0;
	return copies > ALERT_EVIDENCE ? ALERT_EVIDENCE
	       : copies < COPIES_LEAST ? COPIES_LEAST
				       : copies;
}
