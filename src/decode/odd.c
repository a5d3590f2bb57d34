/* SPDX-License-Identifier: Apache-2.0 */
/* odd.c: what does not go the straight way from a key to its column: other keys, other types,
 * escapes, second values. docs/format.md is the rule. */
#include "decode/odd.h"

static struct slice record_of(const struct decoder *d)
{
	return (struct slice){d->begin, (size_t)(d->end - d->begin)};
}

const char *parse_fail(struct decoder *d, const char *at, const char *reason)
{
	d->fault = at < d->end ? at : d->end;
	d->reason = reason;
	return NULL;
}

const char *odd_value(struct decoder *d, unsigned depth, const char *p, bool *repaired)
{
	struct json_fault fault;
	int64_t end = json_value(record_of(d), (size_t)(p - d->begin), depth, repaired, &fault);
	if (end < 0)
		return parse_fail(d, d->begin + fault.offset, fault.reason);
	return d->begin + end;
}

const char *odd_string(struct decoder *d, const char *p, struct slice *text)
{
	bool repaired = false;
	buf_clear(&d->scratch);
	int64_t end = json_unescape(record_of(d), (size_t)(p - d->begin), &d->scratch, &repaired);
	if (end < 0) {
		if (!odd_value(d, 1, p, &repaired))
			return NULL;
		return parse_fail(d, p, "string without an end");
	}
	if (repaired) {
		d->row_flags |= ROW_REPAIRED;
		d->oddities++;
	}
	*text = d->scratch.len ? buf_view(&d->scratch) : SLICE("");
	return d->begin + end;
}

/* ---- keys ---- */

static struct key_node *find_key(struct key_node *node, struct slice key)
{
	if (node->nchildren == 0)
		return NULL;
	uint32_t s = (uint32_t)hash_bytes(key.ptr, key.len) & node->slot_mask;
	for (; node->slots[s]; s = (s + 1) & node->slot_mask) {
		struct key_node *child = &node->children[node->slots[s] - 1];
		if (slice_eq(child->key, key))
			return child;
	}
	return NULL;
}

struct key_node *odd_key(struct decoder *d, struct key_node *node, const char *p,
	const char **after, struct slice *key)
{
	bool repaired = false;
	buf_clear(&d->key);
	int64_t end = json_unescape(record_of(d), (size_t)(p - d->begin), &d->key, &repaired);
	if (end < 0) {
		*after = odd_value(d, 1, p, &repaired);
		if (*after)
			*after = parse_fail(d, p, "key expected");
		return NULL;
	}
	if (repaired) {
		d->row_flags |= ROW_REPAIRED;
		d->oddities++;
	}
	*after = d->begin + end;
	*key = d->key.len ? buf_view(&d->key) : SLICE("");
	return find_key(node, *key);
}

/* ---- other ways of a value ---- */

/* odd_extra of a value that stands at the schema's own `child`: it may count in the identity. */
static const char *keep(struct decoder *d, const struct frame *at, const struct key_node *child,
	struct slice key, const char *p, const char *kind)
{
	const char *end = odd_extra(d, at, key, p, kind);
	if (end)
		odd_count(d, at, child, buf_view(&d->path), (struct slice){p, (size_t)(end - p)});
	return end;
}

const char *odd_repeat(
	struct decoder *d, const struct frame *at, struct key_node *child, const char *p)
{
	d->row_flags |= ROW_REPAIRED;
	return keep(d, at, child, child->key, p, NULL);
}

const char *odd_misfit(
	struct decoder *d, const struct frame *at, struct key_node *child, const char *p)
{
	bool repaired = false;
	if (*p == 'n')
		return odd_value(d, at->depth, p, &repaired);
	/* A second path to a list that the record has filled already is not of another type. */
	bool second = child->list && *p == '[';
	return keep(d, at, child, child->key, p, second ? NULL : "retyped");
}

const char *odd_element(struct decoder *d, const struct frame *at, const char *p)
{
	bool repaired = false;
	if (*p == 'n') {
		d->oddities++;
		return odd_value(d, at->depth - 1, p, &repaired);
	}
	struct frame outer = *at;
	outer.depth--;
	return keep(d, &outer, at->node, (struct slice){0}, p, "retyped");
}

/* ---- leaves ---- */

/* A JSON string's text, or the source text of another scalar. */
static struct slice scalar_text(struct decoder *d, struct slice json)
{
	struct slice text = json;
	if (json.ptr[0] == '"')
		odd_string(d, json.ptr, &text); /* it was walked before: it has an end */
	return text;
}

static bool put_text(struct builder *b, uint32_t i, struct slice text)
{
	builder_put(b, i, text.ptr, (uint32_t)text.len);
	return true;
}

static bool put_int(struct decoder *d, struct builder *b, uint32_t i, struct slice json)
{
	int64_t value;
	if (strchr("{[tf", json.ptr[0]) || value_int(scalar_text(d, json), &value) < 0)
		return false;
	if (b->type == COL_INT32 && (value < INT32_MIN || value > INT32_MAX))
		return false;
	builder_put_int(b, i, value);
	return true;
}

/* What became of a value. */
enum taken {
	TAKEN_NOT, /* it does not fit the column */
	TAKEN_CUT, /* the column has what it can hold of it */
	TAKEN_WHOLE
};

static enum taken put_time(struct decoder *d, struct builder *b, uint32_t i, struct slice json)
{
	int64_t us;
	uint8_t flags = 0;
	bool exact;
	if (time_of_json(json, &us, &flags, &exact, &d->scratch) < 0)
		return TAKEN_NOT;
	builder_put_int(b, i, us);
	return exact ? TAKEN_WHOLE : TAKEN_CUT;
}

static bool put_uuid(struct decoder *d, struct builder *b, uint32_t i, struct slice json)
{
	uint8_t uuid[16];
	if (json.ptr[0] != '"' || value_uuid(scalar_text(d, json), uuid) < 0)
		return false;
	memcpy(b->uuid[i], uuid, 16);
	b->used = true;
	b->nulls[i >> 6] &= ~(UINT64_C(1) << (i & 63));
	return true;
}

static bool put_ip(struct decoder *d, struct builder *b, uint32_t i, struct slice json)
{
	char ip[16];
	if (json.ptr[0] != '"' || value_ip(scalar_text(d, json), (uint8_t *)ip) < 0)
		return false;
	return put_text(b, i, (struct slice){ip, 16});
}

static bool put_json(
	struct decoder *d, struct builder *b, uint32_t i, struct slice json, bool repaired)
{
	if (!repaired)
		return put_text(b, i, json);
	d->row_flags |= ROW_REPAIRED;
	buf_clear(&d->scratch);
	json_repair(json, &d->scratch);
	return put_text(b, i, buf_view(&d->scratch));
}

/* Puts a value that is not null into a column of another type than TIME. False where it does not
 * fit. */
static bool put_value(
	struct decoder *d, struct builder *b, uint32_t i, struct slice json, bool repaired)
{
	char c = json.ptr[0];
	switch (b->type) {
	case COL_STRING:
		return c != '{' && c != '[' && put_text(b, i, scalar_text(d, json));
	case COL_JSON:
		return put_json(d, b, i, json, repaired);
	case COL_INT64:
	case COL_INT32:
		return put_int(d, b, i, json);
	case COL_BOOL:
		if (c != 't' && c != 'f')
			return false;
		builder_put_bool(b, i, c == 't');
		return true;
	case COL_TIME:
		break;
	case COL_UUID:
		return put_uuid(d, b, i, json);
	case COL_IP:
		return put_ip(d, b, i, json);
	}
	return false;
}

/* A string for its column. One that lost bytes counts by what they were as well: two names that
 * both show as U+FFFD are two. */
static const char *put_string(struct decoder *d, const struct frame *at, struct key_node *child,
	uint32_t i, const char *p)
{
	struct slice text, name = {0};
	uint32_t oddities = d->oddities;
	const char *end = odd_string(d, p, &text);
	if (!end)
		return NULL;
	put_text(child->builder, i, text);
	if (d->oddities == oddities || !memmem(text.ptr, text.len, "\xEF\xBF\xBD", 3))
		return end;
	if (child->kind != NODE_VALUES)
		name = child->key;
	odd_count(d, at, child, extra_path(d, at, name), (struct slice){p, (size_t)(end - p)});
	return end;
}

const char *odd_leaf(struct decoder *d, const struct frame *at, struct key_node *child, uint32_t i,
	const char *p)
{
	bool repaired = false, element = child->kind == NODE_VALUES;
	struct builder *b = child->builder;
	struct slice name = {0};
	if (!element)
		name = child->key;
	if (*p == '"' && child->type == COL_STRING && !builder_has(b, i))
		return put_string(d, at, child, i, p);
	const char *end = odd_value(d, at->depth, p, &repaired);
	if (!end || *p == 'n')
		return end;
	if (builder_has(b, i))
		return keep(d, at, child, name, p, NULL);
	struct slice json = {p, (size_t)(end - p)};
	enum taken taken = b->type == COL_TIME                  ? put_time(d, b, i, json)
			   : put_value(d, b, i, json, repaired) ? TAKEN_WHOLE
								: TAKEN_NOT;
	if (taken != TAKEN_WHOLE)
		return keep(d, at, child, name, p, taken == TAKEN_CUT ? NULL : "retyped");
	if (repaired)
		odd_count(d, at, child, extra_path(d, at, name), json);
	return end;
}

const char *odd_whole(struct decoder *d, const struct frame *at, struct key_node *child, uint32_t i,
	const char *p)
{
	bool repaired = false, second = builder_has(child->builder, i);
	const char *end = odd_value(d, at->depth, p, &repaired);
	if (!end || *p == 'n')
		return end;
	struct slice json = {p, (size_t)(end - p)};
	if (second) {
		odd_extra(d, at, child->key, p, NULL);
	} else {
		put_json(d, child->builder, i, json, repaired);
		extra_path(d, at, child->key);
	}
	/* Of an object the parts count, each by itself; what stands in its place hides them. */
	if (*p == '{' ? child->whole_counts && (second || repaired) : child->counts)
		odd_count(d, at, child, buf_view(&d->path), json);
	return end;
}

/* ---- the event's time ---- */

/* The column that shows the time as well: `us`, or NULL where it was not readable. False where the
 * column takes no such value. */
static bool show_time(struct decoder *d, struct builder *b, uint32_t i, struct slice json,
	bool repaired, const int64_t *us)
{
	if (!b || builder_has(b, i))
		return false;
	if (b->type != COL_TIME)
		return put_value(d, b, i, json, repaired);
	if (us)
		builder_put_int(b, i, *us);
	return us != NULL;
}

/* Data Center's own form, as its files have it; NULL where it is another. */
static const char *epoch_object(const char *p, int64_t *us, bool *exact)
{
	static const char second[] = "{\"epochSecond\":", nano[] = ",\"nano\":";
	if (memcmp(p, second, sizeof(second) - 1) != 0)
		return NULL;
	p += sizeof(second) - 1;
	int64_t s = 0, ns = 0;
	int n = 0;
	for (; n < 11 && *p >= '0' && *p <= '9'; n++)
		s = s * 10 + (*p++ - '0');
	if (n == 0 || (n > 1 && p[-n] == '0') || memcmp(p, nano, sizeof(nano) - 1) != 0)
		return NULL;
	p += sizeof(nano) - 1;
	for (n = 0; n < 9 && *p >= '0' && *p <= '9'; n++)
		ns = ns * 10 + (*p++ - '0');
	if (n == 0 || (n > 1 && p[-n] == '0') || *p != '}')
		return NULL;
	*us = s * 1000000 + ns / 1000;
	*exact = ns % 1000 == 0;
	return p + 1;
}

const char *odd_time(struct decoder *d, const struct frame *at, struct key_node *child, uint32_t i,
	const char *p)
{
	int64_t us;
	uint8_t flags = 0;
	bool repaired = false, exact, readable = true;
	const char *end = epoch_object(p, &us, &exact);
	struct slice json = {p, 0};
	if (!end) {
		end = odd_value(d, at->depth, p, &repaired);
		if (!end || *p == 'n')
			return end;
		json.len = (size_t)(end - p);
		readable = time_of_json(json, &us, &flags, &exact, &d->scratch) == 0;
	}
	json.len = (size_t)(end - p);
	bool shown = show_time(d, child->builder, i, json, repaired, readable ? &us : NULL);
	if (readable && !d->has_time) {
		d->has_time = true;
		d->row_flags |= flags;
		builder_put_int(&d->builders[SYS_EVENT_TIME], d->row, us);
		if (exact)
			return end;
		if (!shown || child->builder->type == COL_TIME)
			return keep(d, at, child, child->key, p, NULL);
		odd_count(d, at, child, extra_path(d, at, child->key), json);
		return end;
	}
	bool counts = !readable && d->time_text.ptr;
	if (!readable && !d->time_text.ptr) {
		d->time_text = json;
		d->time_node = child;
	}
	if (!shown)
		end = odd_extra(d, at, child->key, p, readable ? NULL : "retyped");
	if (end && counts)
		odd_count(d, at, child, shown ? extra_path(d, at, child->key) : buf_view(&d->path),
			json);
	return end;
}
