/* SPDX-License-Identifier: Apache-2.0 */
/*
 * objects.h: buckets and folders of files: what a key says of the log that its object is a part of, the
 * order in which a bucket is listed, and how it is reached. Keys are hostile bytes: they are never a path
 * of this machine, and are escaped wherever people see them.
 */
#ifndef COLLECT_OBJECTS_H
#define COLLECT_OBJECTS_H

#include "collect/collect.h"

/* ---- names ----------------------------------------------------------------------------------- */

enum { OBJECT_NODE = 300, OBJECT_LOG = 300 };

/* What a key says. */
struct object_name {
	char node[OBJECT_NODE]; /* "" = nothing */
	char log[OBJECT_LOG]; /* the audit file's name, without packing; "" = it is none that is known */
	bool packed;          /* gzip or zstd, by its ending */
	bool ranged;          /* it is the bytes [from, to) of that log (docs/ship.md) */
	uint64_t from, to;
};
/* Reads a key. Objects of `pugmark ship` are …/NODE/LOG/FINGERPRINT/FROM-TO.ndjson.zst (or .gz); of other
 * tools anything, where a last part that is an audit file's name (YYYYMMDD.NNNNN.audit.log, with a hyphen
 * too, packed or not) says the log. */
void object_name_read(struct slice key, struct object_name *name);
/* Whether a file's name, without folders, is an audit file's; *len = without .gz and .zst. */
bool object_is_audit_log(struct slice name, size_t *len);
/* Whether a file of a folder that is followed is one to read, by its name (without folders): .log, .json, .jsonl
 * and .ndjson, packed or not, and not hidden. */
bool object_is_wanted(struct slice name);
/* The date that a part of a key begins with (YYYYMMDD or YYYY-MM-DD), as YYYYMMDD; 0 = none. */
uint32_t object_date(struct slice part);

/* ---- buckets --------------------------------------------------------------------------------- */

/* How a bucket is reached; all texts are borrowed from the settings. */
struct bucket_place {
	struct s3_place place;
	struct credential_settings credentials;
	char bucket[256], prefix[S3_KEY_MOST + 1];
	const char *queue; /* URL of an SQS queue, or NULL */
};
/* Reads a connection's settings. `id` and `secret` are the sealed keys, NULL = found elsewhere (environment,
 * profile, role). ERR_USAGE where they cannot be right. */
int bucket_place_read(const struct settings *settings, const char *id, const char *secret,
	struct bucket_place *place, struct err *err);
/* "s3://bucket" or "s3://bucket/prefix" apart: puts bucket and prefix into the settings. */
int bucket_typed(const char *typed, struct settings *settings, struct err *err);

/* Lists a bucket, depth first and in the order of keys where nothing is left out. */
struct bucket_walk;
struct bucket_walk_settings {
	const char *prefix;
	/* Only what is new: parts of keys that begin with an earlier date (YYYYMMDD) are left out, and what
	 * stands before them. 0 = everything. */
	uint32_t since_day;
};
/* Begins; nothing is sent. The bucket is borrowed. */
struct bucket_walk *bucket_walk_open(struct s3 *s3, const struct bucket_walk_settings *settings);
/* Accepts NULL. */
void bucket_walk_close(struct bucket_walk *walk);
/* The next page of objects, borrowed until the next call. 1 (may hold none), 0 = all were given, -1. */
int bucket_walk_next(struct bucket_walk *walk, const struct s3_listing **page, struct err *err);
/* Pages asked for so far. */
uint64_t bucket_walk_pages(const struct bucket_walk *walk);

#endif
