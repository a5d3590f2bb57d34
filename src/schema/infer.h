/* SPDX-License-Identifier: Apache-2.0 */
/*
 * infer.h (private to schema/): what sample records look like: a tree of the keys that were seen,
 * with counts of what stood there. Filled by infer_read.c, judged by infer_guess.c, written as a
 * schema by infer_print.c.
 */
#ifndef SCHEMA_INFER_H
#define SCHEMA_INFER_H

#include "schema/draft.h"

enum seen_kind {
	SEEN_NULL,
	SEEN_BOOL,
	SEEN_INT,
	SEEN_FLOAT,
	SEEN_STRING,
	SEEN_OBJECT,
	SEEN_LIST,
	SEEN_KINDS
};

enum text_form {
	FORM_EMPTY,
	FORM_OTHER,
	FORM_IP,
	FORM_EMAIL,
	FORM_URL,
	FORM_HASH,
	FORM_TIME,
	FORMS
};

enum {
	INFER_DEPTH = 64,     /* of a record; deeper ones are skipped */
	INFER_CHILDREN = 128, /* keys of one object that are looked at; with more it becomes JSON */
	INFER_NODES = 1 << 14, /* of the whole tree */
	INFER_SAMPLES = 8,     /* texts kept of one key, for the marks of built-in tables */
	INFER_SAMPLE = 40,     /* bytes kept of each */
	INFER_LEAST_IDS = 10,  /* records that must differ in a key before it is proposed as id */
	INFER_IDS = 1 << 16,   /* values of an id candidate that are compared */
};

struct seen_sample {
	uint64_t count;
	char text[INFER_SAMPLE];
};

struct seen {
	struct slice key;
	uint64_t kinds[SEEN_KINDS];
	uint64_t forms[FORMS]; /* of the strings */
	uint64_t epochs;       /* integers that could be a time since 1970 */
	bool wide;             /* more keys than are looked at */
	uint32_t nchildren;
	struct seen *first, *last, *next; /* keys of the objects */
	struct seen *element;             /* what the lists hold */
	struct seen_sample samples[INFER_SAMPLES];
	struct map *ids; /* values of a key that is called like an id */
	bool id_twice;
};

struct infer {
	struct arena mem;
	struct seen root;
	uint32_t nnodes;
	uint64_t taken, skipped;
	const char *why; /* the last one was skipped; static text or NULL */
	uint32_t nmaps;
	struct map *maps[16]; /* those of seen.ids, to be freed */
};

/* Reads one record (twice: it counts only where it is well-formed). 0, or -1 with *why. */
int infer_read(struct infer *infer, struct slice record, const char **why);

/* How often anything but null stood there. */
uint64_t seen_values(const struct seen *seen);
/* Counts a string or an integer that stood at a key. */
void seen_text(struct infer *infer, struct seen *seen, struct slice text);
void seen_int(struct infer *infer, struct seen *seen, struct slice text);

/* What becomes of a key. */
enum shape_of { SHAPE_LEAF, SHAPE_OBJECT, SHAPE_LIST, SHAPE_VALUES };
enum shape_of guess_shape(const struct seen *seen, bool in_list, unsigned depth);
enum col_type guess_type(const struct seen *seen);
enum observable guess_observable(const struct seen *seen, const char *name);
/* A column name made of a path's text: snake_case, at most DRAFT_NAME bytes. In arena. */
char *guess_name(struct arena *mem, const char *prefix, struct slice key);
/* The built-in table that these records belong to, or NULL. */
const struct schema *guess_base(const struct infer *infer);
/* The child of that key, or NULL. */
const struct seen *seen_child(const struct seen *seen, struct slice key);

/* Whether a key can be written in a path at all. */
bool key_is_usable(struct slice key);

#endif
