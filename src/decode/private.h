/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private.h: what the files of decode/ share: the decoder, the tree of keys it walks, and the
 * contracts of the slow paths that the parser (parse_body.h) leaves to plain functions.
 */
#ifndef DECODE_PRIVATE_H
#define DECODE_PRIVATE_H

#include "decode/column.h"
#include "decode/decode.h"

/* Bytes that the parser may read past a record's end; a record nearer to the block's end than that
 * is parsed from a padded copy. */
#define DECODE_SLACK 64
/* Keys up to this long, with quotes, are compared in one go; longer ones are always searched. */
#define KEY_ROOM 32
/* Columns of an object that may be remembered whole. */
#define MEMO_COLUMNS 8

/* An object of strings, byte for byte as it was seen in this batch, and its codes. */
struct memo_entry {
	uint32_t tag, raw, len; /* len 0: free; the bytes stand at memo->raw + raw */
	uint32_t codes[];       /* one per column */
};

/* Objects seen at one node: a direct-mapped table, found by a hash of their first bytes. */
struct memo {
	uint32_t ncolumns; /* 0: objects of this node are not remembered */
	struct builder *columns[MEMO_COLUMNS];
	char *entries; /* each in its part of a cache line, 1 << shift bytes */
	unsigned shift;
	char *raw;
	uint32_t raw_len;
	uint32_t prefix; /* bytes that the hash takes: no more than the shortest object has */
	uint32_t tries, hits;
	bool off; /* for the rest of this batch */
};

/* A key of the schema as the parser walks it. */
struct key_node {
	enum node_kind kind;
	enum col_type type;      /* of a leaf's column */
	struct builder *builder; /* of a leaf, of NODE_VALUES, of an object kept whole, or NULL */
	struct list_state *list; /* NODE_LIST, NODE_VALUES */
	struct key_node *next;   /* the sibling that came next the last time */
	struct key_node *child;  /* NODE_OBJECT, NODE_LIST: the child expected first, NULL: none */
	uint32_t key_len;        /* with both quotes; a key that is not compared has 1 byte, NUL */
	uint32_t key_bits;       /* one bit for each byte of it */
	uint32_t number;         /* among its siblings */
	/* Whether a value that its column cannot take whole counts in the identity: always, or (unless
	 * >= 0) where that column is null; and beside an id that decides alone. */
	bool counts, counts_alone;
	bool whole_counts; /* an object kept whole: it does so itself, and not only its parts */
	int unless;
	char quoted[KEY_ROOM]; /* the key with its quotes, padded with zeros */
	struct slice key;      /* as in the schema */
	struct key_node *children;
	uint32_t nchildren;
	uint32_t *slots, slot_mask; /* children by hash: index + 1 */
	struct memo memo;
};

/* The list that is being filled for one group. */
struct list_state {
	struct lane *lane; /* its elements */
	uint32_t *off;     /* per row: where its elements begin; n + 1 of them */
	uint64_t *nulls;   /* per row */
	uint32_t cap;      /* rows that both have room for */
	uint32_t first;    /* element at which the row in work begins */
	bool present, anynull;
};

/* Where the parser is: a chain on the C stack, as deep as the schema. */
struct frame {
	const struct frame *up;
	const struct key_node *node; /* NULL: the record itself */
	int64_t index;               /* within a list, else -1 */
	unsigned depth;              /* containers around a value at this place */
};

/* An unreadable time counts in the identity by its text. */
struct odd_time {
	uint32_t row;
	uint8_t digest[16];
};

/* What stood at an identity column's path and is not in the column, or not as it stood. */
struct odd_value {
	uint32_t row;
	uint32_t at; /* row or element */
	int unless;  /* counts only where this column is null there; -1: always */
	bool alone;  /* counts beside an id that decides alone */
	uint8_t digest[16];
};

/* A name in `extra`, and the number that it had there last. */
struct extra_name {
	uint64_t hash; /* 0: free */
	uint32_t number;
};

struct decoder {
	struct decode_options options;
	const struct schema *schema;
	bool avx2;
	char *instance; /* options.instance normalised, "" = the record's own */
	struct key_node *nodes;
	uint32_t nbuilders, nlists;
	struct builder *builders; /* one per column of the shape */
	struct lane *lanes;       /* 0: rows; 1 + g: elements of group g */
	struct list_state *lists; /* one per group */
	struct arena mem;         /* lives as long as the decoder */

	/* the batch in work */
	size_t bytes; /* column memory, about */
	size_t row_width;
	struct record_place *places;
	uint8_t *flags;
	uint32_t rows_cap;
	bool rolled_back;
	struct odd_time *odd_times;
	uint32_t nodd_times, odd_times_cap;
	struct odd_value *odd_values; /* in order of rows */
	uint32_t nodd_values, odd_values_cap;

	/* the record in work */
	const char *begin, *end;
	const char *fault;  /* where it went wrong */
	const char *reason; /* static */
	uint32_t row;
	uint32_t oddities; /* values that went another way than straight into their column */
	uint8_t row_flags;
	bool has_time;
	struct slice time_text; /* of an unreadable time; ptr NULL: none */
	const struct key_node *time_node;
	struct buf extra; /* the object in work, without its closing brace */
	struct extra_name *extra_names;
	uint32_t nextra_names, extra_names_cap;
	struct buf scratch, path, key, compact;
	char *padded; /* a copy of a record that is near the block's end */
	size_t padded_cap;

	struct map drift; /* path, NUL, the first letters of kind and type → count */
	bool drift_told;  /* what is in there was asked for: begin anew */
	struct decode_drift *drift_list;
	uint32_t drift_cap;

	struct arena batch_mem; /* lives as long as the batch in work */
	int *shares;            /* per column: whose values it has as well, or -1 */
	struct identity *identity;
};

/* The builder that holds the values of a column. */
static inline struct builder *builder_of(const struct decoder *d, int column)
{
	while (d->shares[column] >= 0)
		column = d->shares[column];
	return &d->builders[column];
}

/* parse_avx2.c, parse_portable.c: reads the record begin…end into the columns at d->row; 0 or -1
 * with fault and reason. Up to DECODE_SLACK bytes past the end are read. */
int parse_record_avx2(struct decoder *d);
int parse_record_portable(struct decoder *d);

/* Sets fault and reason; returns NULL. */
const char *parse_fail(struct decoder *d, const char *at, const char *reason);

/* odd.c: the ways that are not the straight one. All take the place of a value at p and return
 * where it ends, or NULL. */

/* The child of `node` whose quoted key stands at p, or NULL where there is none: then *key is what
 * stands there, unescaped (borrowed until the next call). *after is where the key ends; NULL: it
 * is no string. */
struct key_node *odd_key(struct decoder *d, struct key_node *node, const char *p,
	const char **after, struct slice *key);
/* A value that no column takes, into `extra`, or nowhere where an object around it is kept whole.
 * `kind` is "new" or "retyped", for drift; NULL: neither. */
const char *odd_extra(struct decoder *d, const struct frame *at, struct slice key, const char *p,
	const char *kind);
/* The second value of a key that stood already. */
const char *odd_repeat(
	struct decoder *d, const struct frame *at, struct key_node *child, const char *p);
/* A string with escapes, ill-formed or non-ASCII text; *text is what it says (borrowed until the
 * next call, DECODE_SLACK bytes after it may be read). */
const char *odd_string(struct decoder *d, const char *p, struct slice *text);
/* Any value for a leaf, by the rules of docs/format.md. */
const char *odd_leaf(struct decoder *d, const struct frame *at, struct key_node *child, uint32_t i,
	const char *p);
/* An object for the column that keeps it whole, or what stands in its place. The parts of an object
 * are not put: parse them next. */
const char *odd_whole(struct decoder *d, const struct frame *at, struct key_node *child, uint32_t i,
	const char *p);
/* The event's time in any form. */
const char *odd_time(struct decoder *d, const struct frame *at, struct key_node *child, uint32_t i,
	const char *p);
/* A value for a list or an object that is neither; null is nothing. */
const char *odd_misfit(
	struct decoder *d, const struct frame *at, struct key_node *child, const char *p);
/* An element of a list that is not of the kind the list wants; its columns stay null. */
const char *odd_element(struct decoder *d, const struct frame *at, const char *p);
/* The value json at the place of `child` counts in the identity, where such a one does: it is not in
 * its column as it stands. `name` tells it from others of the record. */
void odd_count(struct decoder *d, const struct frame *at, const struct key_node *child,
	struct slice name, struct slice json);
/* Its text without the blanks between tokens, borrowed until the next call: a rebuild reads records
 * with other line ends. */
struct slice odd_compact(struct decoder *d, struct slice json);
/* Ends the record's `extra`: puts it into its column. 0 or -1. */
int odd_finish(struct decoder *d);
/* Empties it for the next record. */
void extra_reset(struct decoder *d);

/* time.c: reads a time's JSON text. 0 or -1; *exact is false where digits were lost. */
int time_of_json(struct slice json, int64_t *us, uint8_t *flags, bool *exact, struct buf *scratch);

/* value.c: text to values. 0 or -1. */
int value_int(struct slice text, int64_t *value);
int value_uuid(struct slice text, uint8_t uuid[16]);
/* An address with what people put around it: port, brackets, zone, blanks, a list (the first
 * counts). */
int value_ip(struct slice text, uint8_t ip[16]);

/* lists.c: rows of lists. */
void list_row_end(struct decoder *d);
void list_row_undo(struct decoder *d);
void list_reserve(struct decoder *d, uint32_t rows);

/* One more element, of null values; returns its number. */
static inline uint32_t list_add(struct decoder *d, struct list_state *list)
{
	struct lane *lane = list->lane;
	if (lane->n == lane->cap)
		lane_reserve(lane, lane->n + 1);
	d->bytes += lane->width;
	lane_prefetch(lane, lane->n);
	return lane->n++;
}

/* derive.c, targets.c: fill the system columns of n rows from the others. */
void derive_columns(struct decoder *d, uint32_t n);
void derive_targets(struct decoder *d, uint32_t n);
/* finish.c: gives everything to the batch and empties the decoder. */
void finish_batch(struct decoder *d, struct batch *batch);

/* identity.c: the keys of n rows. */
struct identity *identity_new(struct decoder *d);
void identity_free(struct identity *identity);
void identity_keys(struct decoder *d, uint32_t n, uint8_t (*keys)[16]);
/* The first 16 bytes of SHA-256. */
void identity_digest(struct slice text, uint8_t digest[16]);
/* The same of a name without NUL, NUL, and a text. */
void identity_digest_named(struct slice name, struct slice text, uint8_t digest[16]);

#endif
