/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.h: table schemas (YAML) compiled into a column plan. A schema names the table, where its
 * time is, what identifies an event, and the columns with the paths that feed them. The format of
 * the files is described in docs/schema.md.
 */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "batch/batch.h"

/* The columns that every table begins with, in this order, at these indexes of the shape. */
enum sys_column {
	SYS_EVENT_ID,    /* UUID */
	SYS_EVENT_TIME,  /* TIME; null where no time was readable */
	SYS_RECEIVED_AT, /* TIME */
	SYS_SOURCE,      /* STRING: the connection's or import's source name */
	SYS_INSTANCE,    /* STRING: the product instance of the event */
	SYS_ACTOR,       /* common fields, STRING … */
	SYS_ACTOR_ID,
	SYS_ACTION,
	SYS_CATEGORY,
	SYS_IP,
	SYS_IP_BYTES, /* IP: `ip` as 16 bytes, null where it is no address */
	SYS_TARGET,
	SYS_TARGET_TYPE,
	SYS_SUMMARY,
	SYS_TARGETS,      /* STRING, in the bare group `targets` (group 0) */
	SYS_REPAIRED,     /* BOOL */
	SYS_LENIENT_TIME, /* BOOL */
	SYS_SECONDARY,    /* BOOL */
	SYS_VAULT_FILE,   /* INT32: vault/<source>/NNNNNN.zst */
	SYS_VAULT_FRAME,  /* INT32: number of the frame within the file, from 0 */
	SYS_VAULT_OFFSET, /* INT32: of the record in the unpacked frame */
	SYS_VAULT_LENGTH, /* INT32: bytes of the record */
	SYS_EXTRA,        /* JSON: an object of the fields that no column takes; null where none */
	SYS_COLUMNS
};

enum observable { /* what a column's values are, for the IOC index */
	OBS_NONE,
	OBS_IP,
	OBS_DOMAIN,
	OBS_URL,
	OBS_EMAIL,
	OBS_HASH,
	OBS_USER,
	OBS_ACCOUNT,
	OBS_AGENT,
	OBS_HOST,
	OBS_TEXT /* observables inside free text */,
	OBS_OTHER,
	OBS_KINDS
};

/* One column of the schema's own (index in the shape = SYS_COLUMNS + position). */
struct schema_column {
	const char *name; /* full: `author_name`, `affected_objects.type` */
	enum col_type type;
	enum observable observable;
	int group; /* index into the shape's groups or NO_GROUP */
	uint32_t npaths;
	const char *
		*paths; /* original paths: `author.name`; within a list: `affectedObjects[].type` */
};

/* A tree of keys that the decoder walks. Node 0 is the root object. No list stands within a list;
 * an element of a list may hold objects, whose leaves then carry the list's group. */
enum node_kind {
	NODE_OBJECT, /* children are keyed; with a column (of type COL_JSON) the value is kept there
	              * whole as well, and what no child takes of it is not in `extra` */
	NODE_LIST,   /* an array of objects: group >= 0, children are the element's keys */
	NODE_VALUES, /* an array of scalars: bare group, column = its only column */
	NODE_LEAF,   /* a scalar (or, for COL_JSON, any value; for COL_TIME, any form of a time) for
	              * `column`: one of the schema's own, or a common field's (see common_field) */
	NODE_TIME, /* the event's time: all forms of DESIGN.md section 5; column as well if >= 0 */
};
struct schema_node {
	enum node_kind kind;
	const char *key; /* as it stands in JSON, unescaped; "" for the root */
	uint32_t key_len;
	int column;                      /* shape index, or -1 */
	int group;                       /* shape index, or NO_GROUP */
	uint32_t first_child, nchildren; /* children are adjacent in nodes[] */
	/* A node may take two kinds of value (`timestamp` is an object or a text; `author` may be a
	 * text): a NODE_TIME takes every form; any other value that does not fit its node goes to
	 * `extra` under its path. Several nodes may feed one column, or the event's time: the first
	 * value in the record that is not null (and fits) is taken, the others go to `extra`. */
};

/* How a common field (SYS_ACTOR … SYS_SUMMARY) is filled. Where `direct` is true, leaves feed the
 * system column itself, like a column of the schema's own (`summary` of a Jira Cloud record *is*
 * the column `summary`); a row that they left null, and every row where `direct` is false, takes
 * the first of these columns that holds a text, else the first that is not null (""). So: direct with no columns = nothing to do; not
 * direct with one column = the same values (may be shared); neither = all null. The fields are
 * filled in order from SYS_ACTOR to SYS_SUMMARY; `columns` may name another common column that is
 * direct, and then reads what it holds at that moment. */
struct common_field {
	bool direct;
	uint32_t ncolumns;
	const int *columns; /* shape indexes of top-level COL_STRING columns */
};

/* One way to find targets: a list group, or scalar columns. An object's text is its name, or its id
 * where the name is null or empty; without both there is no object. `targets` gets the objects of
 * all rules in order, each text once. `target` and `target_type` come from the first rule that
 * finds an object: the object whose type is most specific (target_order), the first of equals. */
struct target_rule {
	int name_column, type_column,
		id_column; /* shape indexes or -1 (never all); all scalar or all in one group */
};

/* What identifies an event (DESIGN.md section 6). A part is the value of `column`, or of
 * `otherwise` (-1: none) where that is null: `author_id`, else `author_name`. Columns of a group
 * give all elements in order, each decided by itself; both are of one group then. Among the
 * columns may be SYS_EVENT_TIME and common columns that are direct. Where event_time is null, the
 * JSON text that stood in the time's place counts in its stead, so that events whose time cannot
 * be read are not taken for copies. */
struct identity_part {
	int column, otherwise; /* shape indexes */
};

struct schema {
	const char *table, *product; /* "bitbucket_audit_logs", "bitbucket" */
	const char *version_text;    /* of the schema file, for people */
	uint8_t fingerprint[32];     /* SHA-256 of the compiled plan's canonical text */
	struct batch_shape shape;
	uint32_t ncolumns; /* of the schema's own */
	const struct schema_column *columns;
	uint32_t nnodes;
	const struct schema_node *nodes;
	struct common_field
		common[SYS_COLUMNS]; /* used for SYS_ACTOR … SYS_SUMMARY but not SYS_IP_BYTES,
	                                            SYS_TARGET, SYS_TARGET_TYPE */
	uint32_t ntargets;
	const struct target_rule *targets;
	uint32_t ntarget_order;
	const char *const
		*target_order; /* types, most specific first; case-insensitive. Types that are
	                                    not named are more specific than those that are. */
	/* Where no path of the event's time held a readable one, event_time is the first of these
	 * top-level COL_TIME columns that is not null. */
	uint32_t nfallback;
	const int *fallback;
	int id_column;       /* the record's own id, or -1 */
	int instance_column; /* where the record names its product instance (`system`), or -1 */
	uint32_t nidentity;
	const struct identity_part *identity;
	uint32_t nmarks; /* keys that tell this table's records from others', for guessing */
	const struct schema_mark *marks;
	struct arena mem;
};

/* For guessing the table: a record that has `path` (keys joined by dots, never through a list) with
 * any value but null (and, if prefix is not NULL, whose text there begins with it) scores `weight`;
 * negative weights count against. */
struct schema_mark {
	const char *path, *prefix;
	int weight;
};

/* Reads and compiles a schema from text. `name` is for messages (file name). `extend` names built-in
 * tables. On success *schema is owned by the caller (schema_free). -1: err->text is
 * "NAME:LINE: what: what to do". */
int schema_parse(struct slice text, const char *name, struct schema **schema, struct err *err);
/* schema_parse of a file. */
int schema_load(const char *path, struct schema **schema, struct err *err);
/* Frees; accepts NULL. */
void schema_free(struct schema *schema);

/* The built-in schemas (compiled into the program from schemas/ at build time, in that order).
 * `schema_builtin` compiles number i at first use; NULL past the end. Shared, never freed. */
const struct schema *schema_builtin(unsigned i);
/* The built-in schema of a table or product name ("jira" or "jira_audit_logs"), or NULL. */
const struct schema *schema_find(const char *table);
/* The YAML text of built-in schema i as shipped; empty past the end. */
struct slice schema_builtin_text(unsigned i);

/* Shape index of a column by column name, original path or common field; -1 where none. A group's
 * field is `group.field` or its original path (`affectedObjects.type`, `affectedObjects[].type`).
 * Column names go before paths (`source` is SYS_SOURCE, not what a record calls `source`), exact
 * spelling before another case; a path of the event's time gives SYS_EVENT_TIME. */
int schema_resolve(const struct schema *schema, struct slice name);

/* The same of an original path alone, exactly as it is spelled: `source` of a record, not of pugmark. */
int schema_resolve_path(const struct schema *schema, struct slice name);

/* "string", "time" …, as schema files have it; NULL = no such type. */
const char *schema_type_name(enum col_type type);

/* The schema as text for `schema show`: one line per column: name, type, paths, observable. */
void schema_print(const struct schema *schema, struct buf *out);

/* Proposes a schema (YAML text that schema_parse accepts) from sample records. infer_add takes one
 * record's JSON text; ill-formed ones are counted and skipped. Always 0. infer_finish writes the
 * proposal: on top of the built-in table that most values fit, else a table of its own. `table`
 * names it; NULL: the built-in one's name, or my_audit_logs. 0, or -1: no record was readable, the
 * name is none, or `out` is too small. */
struct infer;
struct infer *infer_new(void);
int infer_add(struct infer *infer, struct slice record, struct err *err);
int infer_finish(struct infer *infer, const char *table, struct buf *out, struct err *err);
void infer_free(struct infer *infer);

#endif
