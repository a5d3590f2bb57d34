/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.c: the key by which copies of an event are known: SHA-256 over a text whose form is
 * written in docs/format.md and never changes. A value's part of that text (its token) is made once
 * per distinct value; table and instance fill the first block exactly, so that the hash's state
 * after it is kept.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* the state after a block is not to be had through EVP */
#include <openssl/sha.h>

#include <stdio.h>
#include <stdlib.h>

#include "decode/private.h"
#include "decode/sha.h"

enum {
	TOKEN_TEXT = 30,     /* texts up to this long stand as they are after their length */
	TOKEN_DIGEST = 0x1f, /* a longer one: the first 16 bytes of its SHA-256 */
	TOKEN_TIME = 0x20,   /* 8 bytes, microseconds, big-endian */
	TOKEN_LIST = 0x21,   /* 4 bytes, elements, big-endian; their tokens follow … */
	TOKEN_SHORT = 0x40,  /* … or, for fewer than SHORT_LIST, 0x40 + elements alone */
	SHORT_LIST = 128,
	TOKEN_NO_TIME = 0x22, /* 16 bytes of the SHA-256 of the unreadable time's JSON text */
	TOKEN_ODD = 0x23, /* 16 bytes of the SHA-256 of a name and of a value that it told apart */
	TOKEN_NULL = 0xff,
	TOKEN_BYTES = 32,
	TOKEN_DIGEST_BYTES = 17,
};

/* A value's bytes in the text; padded to be copied at a fixed size. */
struct token {
	uint8_t bytes[TOKEN_BYTES - 1];
	uint8_t len;
};

/* A column's tokens, by code; NULL where they are made value by value. */
struct source {
	const struct builder *builder; /* NULL: none, or all null */
	const struct token *tokens;
	bool event_time;
};

struct part {
	struct source value, otherwise;
	const struct list_state *list;
};

/* The state after the block that names table, instance and kind. */
struct middle {
	uint32_t state[2][8]; /* 0: id alone, 1: content */
	bool known;
};

struct identity {
	uint32_t nparts;
	struct part *parts;
	struct source id;
	struct middle *middles;
	uint32_t nmiddles;
	/* Two rows are hashed at a time. */
	uint8_t *text[2];
	size_t text_cap[2];
	bool instructions;
	uint32_t odd;        /* the next of decoder.odd_times */
	uint32_t odd_values; /* the next of decoder.odd_values */
};

static const struct token null_token = {{TOKEN_NULL}, 1};

void identity_digest(struct slice text, uint8_t digest[16])
{
	uint8_t full[32];
	SHA256((const uint8_t *)text.ptr, text.len, full);
	memcpy(digest, full, 16);
}

void identity_digest_named(struct slice name, struct slice text, uint8_t digest[16])
{
	SHA256_CTX sum;
	uint8_t full[32];
	SHA256_Init(&sum);
	SHA256_Update(&sum, name.ptr, name.len);
	SHA256_Update(&sum, "", 1);
	SHA256_Update(&sum, text.ptr, text.len);
	SHA256_Final(full, &sum);
	memcpy(digest, full, 16);
}

static void text_token(struct slice text, struct token *token)
{
	*token = (struct token){.len = (uint8_t)(text.len + 1)};
	if (text.len <= TOKEN_TEXT) {
		token->bytes[0] = (uint8_t)text.len;
		memcpy(token->bytes + 1, text.ptr, text.len);
		return;
	}
	token->bytes[0] = TOKEN_DIGEST;
	identity_digest(text, token->bytes + 1);
	token->len = 17;
}

static void time_token(int64_t us, struct token *token)
{
	*token = (struct token){.bytes = {TOKEN_TIME}, .len = 9};
	uint64_t big = __builtin_bswap64((uint64_t)us);
	memcpy(token->bytes + 1, &big, 8);
}

static void uuid_token(const uint8_t uuid[16], struct token *token)
{
	char text[UUID_TEXT];
	text_uuid(uuid, text);
	text_token((struct slice){text, sizeof(text)}, token);
}

/* Value i, which is not null, of a column without a table of tokens. */
static void make_token(struct decoder *d, const struct builder *b, uint32_t i, struct token *token)
{
	char text[24];
	switch (b->type) {
	case COL_TIME:
		time_token(b->i64[i], token);
		return;
	case COL_BOOL:
		text_token(b->bools[i] ? SLICE("true") : SLICE("false"), token);
		return;
	case COL_UUID:
		uuid_token(b->uuid[i], token);
		return;
	case COL_INT64:
	case COL_INT32:
		/* As text, so that an id is the same whether a schema calls it int or string. */
		snprintf(text, sizeof(text), "%lld", (long long)b->i64[i]);
		text_token(slice_of(text), token);
		return;
	case COL_JSON:
		text_token(odd_compact(d, builder_text(b, i)), token);
		return;
	case COL_STRING:
	case COL_IP:
		text_token(builder_text(b, i), token);
		return;
	}
	*token = null_token;
}

static struct source make_source(struct decoder *d, int column)
{
	struct source s = {0};
	const struct builder *b = column < 0 ? NULL : builder_of(d, column);
	if (!b || (!b->used && column != SYS_EVENT_TIME))
		return s;
	s.builder = b;
	s.event_time = column == SYS_EVENT_TIME;
	if (!builder_is_string(b) || b->plain)
		return s;
	struct token *tokens = arena_alloc(&d->batch_mem, b->ndistinct * sizeof(*tokens));
	for (uint32_t c = 0; c < b->ndistinct; c++) {
		struct slice text = {b->heap + b->off[c], b->off[c + 1] - b->off[c]};
		text_token(b->type == COL_JSON ? odd_compact(d, text) : text, &tokens[c]);
	}
	s.tokens = tokens;
	return s;
}

static uint8_t *put_token(uint8_t *out, const struct token *token)
{
	memcpy(out, token, TOKEN_BYTES);
	return out + token->len;
}

/* Appends value i; NULL where it is null. */
static inline uint8_t *put_source(
	struct decoder *d, const struct source *s, uint32_t i, uint8_t *out)
{
	if (s->tokens) {
		uint32_t code = s->builder->codes[i];
		return code == CODE_NULL ? NULL : put_token(out, &s->tokens[code]);
	}
	if (!s->builder || !builder_has(s->builder, i))
		return NULL;
	struct token token;
	make_token(d, s->builder, i, &token);
	return put_token(out, &token);
}

/* The time's place where no time was readable. */
static uint8_t *put_odd_time(struct decoder *d, uint32_t row, uint8_t *out)
{
	struct identity *id = d->identity;
	while (id->odd < d->nodd_times && d->odd_times[id->odd].row < row)
		id->odd++;
	if (id->odd == d->nodd_times || d->odd_times[id->odd].row != row)
		return put_token(out, &null_token);
	*out = TOKEN_NO_TIME;
	memcpy(out + 1, d->odd_times[id->odd].digest, 16);
	return out + 17;
}

static inline uint8_t *put_value(
	struct decoder *d, const struct part *part, uint32_t i, uint8_t *out)
{
	uint8_t *end = put_source(d, &part->value, i, out);
	if (!end)
		end = put_source(d, &part->otherwise, i, out);
	if (end)
		return end;
	return part->value.event_time ? put_odd_time(d, i, out) : put_token(out, &null_token);
}

static uint8_t *put_list(struct decoder *d, const struct part *part, uint32_t row, uint8_t *out)
{
	const struct list_state *list = part->list;
	uint32_t from = list->off[row], to = list->off[row + 1];
	if (bit_get(list->nulls, row))
		return put_token(out, &null_token);
	if (to - from < SHORT_LIST) {
		*out++ = (uint8_t)(TOKEN_SHORT + (to - from));
	} else {
		uint32_t count = __builtin_bswap32(to - from);
		*out = TOKEN_LIST;
		memcpy(out + 1, &count, 4);
		out += 5;
	}
	for (uint32_t e = from; e < to; e++)
		out = put_value(d, part, e, out);
	return out;
}

/* The row's odd values that are not asked of yet: how many. */
static uint32_t count_odd_values(const struct decoder *d, uint32_t row)
{
	uint32_t from = d->identity->odd_values, n = 0;
	while (from + n < d->nodd_values && d->odd_values[from + n].row == row)
		n++;
	return n;
}

static int compare_digests(const void *a, const void *b)
{
	return memcmp(a, b, TOKEN_DIGEST_BYTES);
}

/* The row's next n odd values, as far as they count, in the order of their digests: the order of a
 * record's keys means nothing. */
static uint8_t *put_odd_values(struct decoder *d, uint32_t n, bool alone, uint8_t *out)
{
	const struct odd_value *odd = &d->odd_values[d->identity->odd_values];
	uint8_t *begin = out;
	for (uint32_t i = 0; i < n; i++) {
		const struct builder *b = odd[i].unless < 0 ? NULL : builder_of(d, odd[i].unless);
		if ((alone && !odd[i].alone) || (b && b->used && builder_has(b, odd[i].at)))
			continue;
		*out = TOKEN_ODD;
		memcpy(out + 1, odd[i].digest, 16);
		out += TOKEN_DIGEST_BYTES;
	}
	qsort(begin, (size_t)(out - begin) / TOKEN_DIGEST_BYTES, TOKEN_DIGEST_BYTES,
		compare_digests);
	return out;
}

/* Room for the row's text: every token at its largest, and the padding. */
static uint8_t *reserve_text(struct identity *id, uint32_t row, uint32_t nodd, int half)
{
	size_t tokens = 8ul + nodd;
	for (uint32_t p = 0; p < id->nparts; p++) {
		const struct list_state *list = id->parts[p].list;
		tokens += 1 + (list ? list->off[row + 1] - list->off[row] : 0);
	}
	if (tokens * TOKEN_BYTES > id->text_cap[half]) {
		id->text_cap[half] = tokens * 2 * TOKEN_BYTES;
		id->text[half] = xrealloc(id->text[half], id->text_cap[half]);
	}
	return id->text[half];
}

/* The first block: SHA-256 of table and instance, the kind, zeros. Secondary events are known among each other
 * only: what a second source has brought must not keep out what the first one brings later. */
static void begin_state(struct decoder *d, struct slice instance, struct middle *m)
{
	SHA256_CTX names;
	uint8_t block[64] = {0};
	SHA256_Init(&names);
	SHA256_Update(&names, "pugmark identity 1", 19);
	SHA256_Update(&names, d->schema->table, strlen(d->schema->table) + 1);
	SHA256_Update(&names, instance.ptr, instance.len);
	if (d->options.secondary)
		SHA256_Update(&names, "\nsecondary", 10);
	SHA256_Final(block, &names);
	for (int kind = 0; kind < 2; kind++) {
		block[32] = kind ? 'c' : 'i';
		SHA256_Init(&names);
		SHA256_Update(&names, block, sizeof(block));
		memcpy(m->state[kind], names.h, sizeof(m->state[kind]));
	}
	m->known = true;
}

/* The state for a row; *named tells whether its instance is known. */
static const struct middle *find_middle(struct decoder *d, uint32_t row, bool *named)
{
	struct identity *id = d->identity;
	const struct builder *b = &d->builders[SYS_INSTANCE];
	struct slice instance = b->used ? builder_text(b, row) : slice_of(d->instance);
	uint32_t code = b->used ? b->codes[row] : 0;
	*named = instance.len > 0;
	if (!id->middles[code].known)
		begin_state(d, instance, &id->middles[code]);
	return &id->middles[code];
}

static void begin_batch(struct decoder *d)
{
	struct identity *id = d->identity;
	const struct schema *schema = d->schema;
	for (uint32_t p = 0; p < id->nparts; p++) {
		int column = schema->identity[p].column;
		int group = schema->shape.columns[column].group;
		id->parts[p] = (struct part){
			.value = make_source(d, column),
			.otherwise = make_source(d, schema->identity[p].otherwise),
			.list = group < 0 ? NULL : &d->lists[group],
		};
	}
	id->id = make_source(d, schema->id_column);
	id->odd = id->odd_values = 0;
	const struct builder *b = &d->builders[SYS_INSTANCE];
	id->nmiddles = b->used ? b->ndistinct : 1;
	id->middles = arena_zalloc(&d->batch_mem, id->nmiddles, sizeof(*id->middles));
}

/* The text of a row's key, padded. */
static struct sha_job row_text(struct decoder *d, uint32_t row, int half)
{
	struct identity *id = d->identity;
	bool named;
	const struct middle *m = find_middle(d, row, &named);
	uint32_t nodd = count_odd_values(d, row);
	uint8_t *text = reserve_text(id, row, nodd, half);
	uint8_t *end = put_source(d, &id->id, row, text);
	bool alone = end && named;
	if (end)
		d->flags[row] |= ROW_HAS_ID;
	else
		end = put_token(text, &null_token);
	for (uint32_t p = 0; p < id->nparts && !alone; p++) {
		const struct part *part = &id->parts[p];
		end = part->list ? put_list(d, part, row, end) : put_value(d, part, row, end);
	}
	if (nodd)
		end = put_odd_values(d, nodd, alone, end);
	id->odd_values += nodd;
	size_t len = (size_t)(end - text);
	struct sha_job job = {.blocks = text, .n = sha_blocks(len)};
	memcpy(job.state, m->state[!alone], sizeof(job.state));
	sha_pad(text, len, 64);
	return job;
}

static void give_key(const struct sha_job *job, uint8_t key[16])
{
	for (int i = 0; i < 4; i++) {
		uint32_t word = __builtin_bswap32(job->state[i]);
		memcpy(key + 4 * i, &word, 4);
	}
}

void identity_keys(struct decoder *d, uint32_t n, uint8_t (*keys)[16])
{
	begin_batch(d);
	for (uint32_t row = 0; row < n; row += 2) {
		struct sha_job a = row_text(d, row, 0), b = {.n = 0};
		if (row + 1 < n)
			b = row_text(d, row + 1, 1);
		sha_pair(&a, &b, d->identity->instructions);
		give_key(&a, keys[row]);
		if (row + 1 < n)
			give_key(&b, keys[row + 1]);
	}
}

struct identity *identity_new(struct decoder *d)
{
	struct identity *id = xcalloc(1, sizeof(*id));
	id->nparts = d->schema->nidentity;
	id->instructions = d->options.simd != SIMD_PORTABLE && sha_has_instructions();
	id->parts = arena_zalloc(&d->mem, id->nparts + 1, sizeof(*id->parts));
	return id;
}

void identity_free(struct identity *id)
{
	if (!id)
		return;
	free(id->text[0]);
	free(id->text[1]);
	free(id);
}
