/* SPDX-License-Identifier: Apache-2.0 */
/*
 * objects.h (private to pipeline/): one pass over what is new in a bucket or folder. Objects go one after
 * another through one session, so that small ones share a segment; what was read of each is noted in
 * the transaction of its events. An object that cannot be read is set aside, and the others go on.
 */
#ifndef PIPELINE_OBJECTS_H
#define PIPELINE_OBJECTS_H

#include "collect/objects.h"
#include "pipeline/collector.h"
#include "pipeline/import_run.h"

enum { MARKS_MOST = 512 /* objects of one commit */ };

/* An object to be read. */
struct object_job {
	struct slice key, etag; /* of its mark */
	/* Bytes as they are stored; from: read so far. Where it is not 0, the byte before it is asked for too:
	 * objects_joins. */
	uint64_t size, from;
	int64_t modified_us; /* 0 = not known */
	struct object_name name;
	const char *label;  /* for people: "s3://bucket/key" */
	bool followed;      /* written to at its end, whatever its name */
	bool was_aside;     /* it could not be read before */
	bool tail_is_final; /* a last line that is no JSON is one that will not be completed */
};

struct objects_pass {
	struct collector *c;
	struct session session;
	struct importer importer;
	struct import_options options; /* of all objects */
	struct import_result result;
	uint64_t window;
	struct ledger_note note;
	uint64_t requests, objects, records; /* since the last commit */
	uint64_t bytes;                      /* in all */
	uint64_t done, quarantined;          /* objects in all */
	bool again;                          /* some are to be read anew: another pass is wanted */
	/* what the segment in progress has read whole */
	struct arena mem, job_mem;
	struct object_mark marks[MARKS_MOST + 1];
	uint32_t nmarks;
	struct ledger_log logs[MARKS_MOST + 1];
	uint32_t nlogs;
	/* the object in hand */
	const struct object_job *job;
	uint64_t done_to;      /* of its bytes, where it is not packed */
	bool source_failed;    /* its bytes did not come: the error is the source's */
	struct buf checkpoint; /* to be saved with the end of the pass; empty = none */
};

/* Begins a pass; `memory` is what imports may take. 0 or -1. */
int objects_begin(struct objects_pass *pass, struct collector *c, uint64_t memory, struct err *err);
/* Reads one object. 1 read, 0 set aside, -1: the pass is over, with `err` (source_failed: the source's). */
int objects_read(struct objects_pass *pass, const struct object_job *job,
	const struct input_stream *stream, struct err *err);
/* Notes that an object could not be had; it is tried again when it changes, or with refetch. 0 or -1. */
int objects_set_aside(
	struct objects_pass *pass, const struct object_job *job, const char *why, struct err *err);
/* Whether an object that has grown is the one that was read, as far as the bytes from job->from - 1 on tell: a
 * line ended there. */
bool objects_joins(struct slice bytes);
/* Notes that an object is another one than was read, and that nothing of it was read yet. 0 or -1. */
int objects_anew(struct objects_pass *pass, const struct object_job *job, struct err *err);
/* Commits what there is: while nothing comes. 0 or -1. */
int objects_commit(struct objects_pass *pass, struct err *err);
/* Ends the pass and frees; `why` NULL: it went well. 0 or -1. */
int objects_end(struct objects_pass *pass, const char *why, struct err *err);

/* What is to be read of an object as a listing shows it: true, with job->from and tail_is_final. */
bool object_is_due(const struct object_mark *mark, bool again, struct object_job *job);

#endif
