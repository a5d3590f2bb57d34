/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft.h (private to schema/): a schema while it is being read: what the file says, by name, with
 * lines for messages. An extending file is read on top of its base's draft. compile.c makes the
 * plan from it.
 */
#ifndef SCHEMA_DRAFT_H
#define SCHEMA_DRAFT_H

#include "schema/schema.h"
#include "yaml/yaml.h"

extern const struct yaml_form draft_form; /* what a schema file may be */

enum {
	DRAFT_NAME = 63,  /* bytes of a table's, column's, list's or field's name */
	DRAFT_PATHS = 32, /* paths of one column or list */
	DRAFT_KEYS = 16,  /* keys of one path */
	DRAFT_NODES = 1 << 16,
	DRAFT_MARKS = 256,
};

struct draft_path {
	const char *text; /* as written; relative to the element within a list */
	uint32_t line;
};
struct draft_paths {
	uint32_t n;
	struct draft_path items[DRAFT_PATHS];
};

struct draft_list {
	const char *name;
	uint32_t line;
	bool bare;
	struct draft_paths paths;
	int group; /* compiled: index in the shape, NO_GROUP where nothing is left of it */
};

struct draft_column {
	const char *name; /* within its list: the field's */
	uint32_t line;
	int list;   /* index into lists, or -1 */
	int direct; /* SYS_*: the common field that it feeds, instead of being a column; or -1 */
	enum col_type type;
	enum observable observable;
	struct draft_paths paths; /* empty for the only column of a bare list */
	bool keep;                /* false: left out by `only` */
	int index;                /* compiled: shape index, or -1 */
};

/* A column named somewhere else in the file. */
struct draft_ref {
	const char *name; /* NULL: nothing is named */
	uint32_t line;
	int column; /* index into columns, or -1 */
	int sys;    /* SYS_*, or -1 */
};

struct draft_refs {
	uint32_t n;
	struct draft_ref *items;
};

struct draft_target {
	struct draft_ref name, type, id;
	uint32_t line;
};

struct draft_identity {
	struct draft_ref column, otherwise;
};

struct draft {
	const char *file; /* for messages */
	struct arena *mem;
	const char *table, *product, *version;
	uint32_t table_line;
	struct draft_paths times;
	struct draft_refs fallback; /* `time_fallback` */
	uint32_t nlists, ncolumns;
	struct draft_list *lists;     /* room for LIMIT_COLUMNS */
	struct draft_column *columns; /* room for LIMIT_COLUMNS */
	struct draft_refs common[SYS_COLUMNS];
	struct draft_refs only;
	bool has_only;
	uint32_t ntargets;
	struct draft_target *targets;
	uint32_t norder;
	const char **order;
	struct draft_ref id, instance;
	uint32_t nidentity;
	struct draft_identity *identity;
	uint32_t nmarks;
	struct schema_mark *marks;
	bool extends;
	uint32_t nbase; /* columns that came from the extended schema */
};

/* Reads a file's tree into an empty draft (file, mem, and nothing else set). 0 or -1. */
int draft_read(struct draft *draft, const struct yaml_tree *root, struct err *err);

/* Reads the mapping `columns` (draft_columns.c); columns that are there already are added to. */
int draft_columns_read(struct draft *draft, const struct yaml_tree *tree, struct err *err);
/* Adds the paths of a text or list of texts. */
int draft_paths_read(struct draft *draft, struct draft_paths *paths, const struct yaml_tree *tree,
	const char *what, struct err *err);
/* Gives columns, lists and fields that are there new names (draft_bind.c). */
int draft_rename(struct draft *draft, const struct yaml_tree *tree, struct err *err);
/* Finds the column of every name that stands somewhere and was not found before. */
int draft_bind(struct draft *draft, struct err *err);
/* Marks what `only` leaves out. After draft_bind. */
int draft_only(struct draft *draft, struct err *err);

/* A non-empty text; else an error that names `what`. */
int draft_text(const struct draft *draft, const struct yaml_tree *tree, const char *what,
	const char **out, struct err *err);
/* The mapping's keys are among `words`; else an error that suggests one. */
int draft_check_keys(const struct draft *draft, const struct yaml_tree *map,
	const char *const *words, size_t nwords, const char *where, struct err *err);
/* A name for a table, column, list or field. */
int draft_check_name(const struct draft *draft, const char *name, uint32_t line, const char *what,
	struct err *err);
/* Index of a column, of a list, or -1. */
int draft_find_column(const struct draft *draft, int list, const char *name);
int draft_find_list(const struct draft *draft, const char *name);
/* SYS_* by column name, or -1. */
int sys_find(const char *name);
/* Whether a common field may be fed directly, or given columns (SYS_ACTOR … SYS_SUMMARY, but not
 * SYS_IP_BYTES, SYS_TARGET and SYS_TARGET_TYPE). */
bool sys_is_common(int sys);

/* Name, type and place of the system columns, in order of enum sys_column. */
extern const struct column_shape sys_columns[SYS_COLUMNS];

/* The names of types and observables in files; NULL past the end or for a type that has none. */
const char *observable_name(enum observable observable);

/* Splits a path into its keys, unescaped, in arena: how many, or -1 with *why. A dot within a key
 * is written `\.`, a backslash `\\`. */
int path_split(
	const char *path, struct arena *mem, struct slice keys[DRAFT_KEYS], const char **why);
/* Appends one key to a path text, escaped. */
void path_append(struct buf *path, struct slice key);

/* Compiles a complete draft into schema->mem. */
int draft_compile(struct draft *draft, struct schema *schema, struct err *err);
/* Builds schema->nodes (nodes.c). Columns and groups have their indexes. */
int nodes_build(struct draft *draft, struct schema *schema, struct err *err);
/* Fills schema->fingerprint (print.c). */
void schema_fingerprint(struct schema *schema);

#endif
