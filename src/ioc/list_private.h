/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list_private.h: what the readers of the formats share: the input as lines or as a whole, and the way in which each value is
 * handed over.
 *
 * Readers return 0 to go on, and anything else to stop: -1 with the error set, or what `each` returned.
 */
#ifndef IOC_LIST_PRIVATE_H
#define IOC_LIST_PRIVATE_H

#include "base/arena.h"
#include "base/limits.h"
#include "ioc/list.h"

struct list {
	const struct ioc_list_options *options;
	int64_t (*read)(void *ctx, char *to, size_t n, struct err *err);
	void *read_ctx;
	int (*each)(void *ctx, const struct ioc_entry *entry, struct err *err);
	void *ctx;
	struct ioc_list_counts *counts;
	struct err *err;
	char *data; /* LIST_DATA bytes; what is there is [at, len) */
	size_t at, len;
	bool ended;    /* nothing follows what is there */
	uint64_t line; /* of what was read last, from 1 */
	uint64_t bytes;
	bool cut;         /* the line was longer than LIMIT_LIST_LINE; its rest is passed over */
	struct arena mem; /* of one entry */
};
enum { LIST_CHUNK = 256 << 10, LIST_DATA = (1 << 20) + 2 * LIST_CHUNK };

/* list_input.c: reads on, until at least one byte more is there or the end. 0, or -1: binary, too large, or it cannot be read. */
int list_fill(struct list *list);
/* The next line without its end; borrowed until the next call. 1, 0 = no more, -1. */
int list_line(struct list *list, struct slice *line);
/* All that follows, as one; in `out` (owned, buf_fini). 0 or -1. */
int list_whole(struct list *list, size_t max, struct buf *out);
/* Refuses what is no list of any kind by its first bytes: compressed, UTF-16, HTML. */
int list_refuse(struct list *list);
/* For people: the file's name. */
const char *list_name(const struct list *list);
/* Sets ERR_FORMAT "NAME, line N: …"; -1. */
int list_error(struct list *list, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* list_emit.c: an entry that says nothing yet. */
struct ioc_entry list_entry(void);
/* Hands over a value, made into an indicator of that kind (IOC_NONE: guessed), or unusable for the parser's reason. */
int list_emit(struct list *list, struct ioc_entry *entry, enum ioc_kind kind);
/* Hands over one that cannot be used. */
int list_emit_unusable(struct list *list, struct ioc_entry *entry, const char *reason);
/* A time as microseconds; INT64_MIN where it is none. */
int64_t list_time(struct slice text);
/* Blanks off both ends. */
struct slice list_trim(struct slice text);
/* Without regard to case, of ASCII letters. */
bool list_same(struct slice a, const char *b);
/* 0–100 of a number or a word; -1 where it is none. */
int list_confidence(struct slice text);
/* Whether a value is of a known form, and no mere word. */
bool list_has_form(struct list *list, struct slice value);

/* list_types.c: what a file's own word for a type means. */
enum list_type {
	LIST_TYPE_KIND,  /* *kind */
	LIST_TYPE_ANY,   /* of some of the kinds: the value tells which */
	LIST_TYPE_OTHER, /* of things that are not looked for: file names, mutexes */
	LIST_TYPE_UNKNOWN
};
enum list_type list_type(struct slice word, enum ioc_kind *kind);
/* For IOC_NONE and LIST_TYPE_OTHER: "of a type that is not looked for". */
extern const char list_not_looked_for[];

/* list_rows.c: tables, whose columns are known by their names. */
enum { ROW_FIELDS = 256 };
enum row_role {
	ROW_VALUE,
	ROW_TYPE,
	ROW_ID,
	ROW_TAGS,
	ROW_DESCRIPTION,
	ROW_CONFIDENCE,
	ROW_FROM,
	ROW_EXPIRES,
	ROW_REFERENCE,
	ROW_ROLES
};
struct row {
	struct slice fields[ROW_FIELDS];
	size_t n;
};
/* Which field has which role: -1 where none has. */
struct row_shape {
	int field[ROW_ROLES];
};
/* Whether names of columns are among the fields. */
bool row_is_header(const struct row *row);
/* Whether a field is called so; false for NULL. */
bool row_has_name(const struct row *row, const char *name);
/* By the names of the header (may be NULL) and what stands in the sample: 0, or -1: no column holds indicators. */
int row_shape(struct list *list, const struct row *header, const struct row *sample, size_t nsample,
	struct row_shape *shape);
int row_emit(struct list *list, const struct row *row, const struct row_shape *shape);

/* The formats. */
bool plain_looks_like(struct list *list, struct slice head);
int plain_read(struct list *list);
bool csv_looks_like(struct list *list, struct slice head);
int csv_read(struct list *list);
bool stix_looks_like(struct list *list, struct slice head);
bool misp_looks_like(struct list *list, struct slice head);
int json_read(struct list *list);
bool openioc_looks_like(struct list *list, struct slice head);
int openioc_read(struct list *list);
bool zeek_looks_like(struct list *list, struct slice head);
int zeek_read(struct list *list);
bool text_looks_like(struct list *list, struct slice head);
int text_read(struct list *list);

/* plain: value and comment of a line; false where nothing stands there. */
bool plain_split(struct slice line, enum ioc_kind kind, struct slice *value, struct slice *comment);

/* list_pattern.c: the comparisons of a STIX pattern, each handed over with what `entry` says already. */
int pattern_read(struct list *list, struct slice pattern, const struct ioc_entry *entry);

#endif
