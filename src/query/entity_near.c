/* SPDX-License-Identifier: Apache-2.0 */
/* entity_near.c: what was meant, where a value was not seen: names in the index that begin with the same letter and differ in few, and
 * targets of the newest events. */
#include <stdlib.h>

#include "ioc/obs_file.h"
#include "query/entity_private.h"

enum {
	LOOKED_AT = 200000, /* keys in all */
	SHOWN = 5,
	MILLISECONDS = 100, /* for targets */
	TARGETS = 1000,
};

struct found {
	unsigned distance;
	struct slice text;
};
struct nearing {
	struct slice value; /* folded */
	unsigned limit;
	struct found best[SHOWN];
	uint32_t n;
	uint64_t looked_at;
	struct arena *mem;
};

static void offer(struct nearing *n, struct slice folded, struct slice text)
{
	size_t apart =
		folded.len > n->value.len ? folded.len - n->value.len : n->value.len - folded.len;
	bool begins = folded.len > n->value.len && n->value.len > 2 &&
		      memcmp(folded.ptr, n->value.ptr, n->value.len) == 0;
	if (!begins && apart > n->limit)
		return;
	unsigned d = begins ? 1 : text_distance(folded, n->value, n->limit + 1);
	if (d > n->limit)
		return;
	uint32_t at = n->n;
	for (uint32_t i = 0; i < n->n; i++) {
		if (slice_eq(n->best[i].text, text))
			return;
		if (at == n->n && d < n->best[i].distance)
			at = i;
	}
	if (at == SHOWN)
		return;
	n->n += n->n < SHOWN;
	for (uint32_t i = n->n - 1; i > at; i--)
		n->best[i] = n->best[i - 1];
	n->best[at] = (struct found){d, {arena_strdup(n->mem, text), text.len}};
}

/* Keys of a kind that begin with the value's first byte. */
static int near_in(
	struct nearing *n, struct obs_reader *reader, enum ioc_kind kind, struct err *err)
{
	const struct sighting *s;
	struct buf text;
	struct slice first = {n->value.ptr, 1};
	buf_init(&text, 1 << 16);
	int rc = obs_seek(reader, kind, first, &s, err);
	while (rc == 1 && s->kind == kind && s->key.len > 0 && s->key.ptr[0] == first.ptr[0] &&
		n->looked_at++ < LOOKED_AT) {
		buf_clear(&text);
		ioc_key_text(kind, s->key, &text);
		offer(n, buf_view(&text), buf_view(&text));
		rc = obs_next(reader, &s, err);
	}
	buf_fini(&text);
	return rc < 0 ? -1 : 0;
}

static int near_target(void *ctx, struct slice value, uint64_t count, struct err *err)
{
	(void)count, (void)err;
	struct nearing *n = ctx;
	enum ioc_kind kind = IOC_OTHER;
	struct buf folded;
	buf_init(&folded, 1 << 16);
	if (ioc_key(&kind, value, &folded))
		offer(n, buf_view(&folded), value);
	buf_fini(&folded);
	return 0;
}

int entity_near(struct store *store, const struct entity_request *request,
	const struct entity_keys *keys, struct entity *out, struct err *err)
{
	static const enum ioc_kind kinds[] = {IOC_EMAIL, IOC_USER, IOC_ACCOUNT, IOC_HOST};
	struct nearing n = {.value = keys->of[IOC_OTHER], .mem = &out->mem};
	struct observable_set set;
	if (n.value.len == 0 || n.value.len > 128)
		return 0;
	n.limit = n.value.len > 8 ? 3 : n.value.len > 3 ? 2 : 1;
	if (observable_set_open(store, NULL, &set, err) < 0)
		return -1;
	int rc = 0;
	for (uint32_t i = 0; i < set.n && rc == 0; i++) {
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]) && rc == 0; k++)
			rc = near_in(&n, set.runs[i].reader, kinds[k], err);
	}
	observable_set_close(&set);
	if (rc == 0)
		rc = search_values(store, request->tables, "target", (struct slice){n.value.ptr, 1},
			INT64_MIN, TARGETS, MILLISECONDS, near_target, &n, err);
	struct slice *near = arena_alloc(&out->mem, (n.n + 1ul) * sizeof(*near));
	for (uint32_t i = 0; i < n.n; i++)
		near[i] = n.best[i].text;
	out->near = near;
	out->nnear = n.n;
	return rc < 0 ? -1 : 0;
}
