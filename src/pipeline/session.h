/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h (private to pipeline/): one segment after another of one table and source, and what each
 * commit says beside its rows. An import has one for its input; a collector keeps one over many pages
 * or objects, so that small ones share a segment.
 *
 * The writer's lease is held from a segment's first part to its commit: what waits for a network must
 * commit first.
 */
#ifndef PIPELINE_SESSION_H
#define PIPELINE_SESSION_H

#include <pthread.h>

#include "decode/decode.h"
#include "pipeline/detect_catch.h"
#include "pipeline/pipeline.h"

/* One batch with what was rejected before or among its rows. */
struct part {
	struct batch batch;
	struct reject_part *rejects; /* adjacent ones of one kind are one */
	uint32_t nrejects, reject_cap;
	struct arena reasons;
	struct segment_pack *pack;
	struct caught_group *caught; /* hits of its rows; NULL = nobody looked */
	uint32_t kept;
};

struct session {
	struct store *store;
	const struct schema *schema;
	const char *source;
	const char *input;   /* of segments that begin from now on */
	int64_t received_at; /* the same */
	/* Adds to the facts of a commit (texts borrowed until it is done), and hears of its end, when the lease is given back; may be
	 * NULL. */
	void (*facts)(void *ctx, struct segment_facts *facts);
	void (*committed)(void *ctx);
	void *ctx;

	struct segment *segment; /* in progress, or NULL */
	unsigned batches, rows;  /* of it */
	int64_t began;           /* monotonic */
	uint64_t duplicates, bytes;
	uint64_t segments; /* committed so far */

	struct detect_catch *catch;   /* where hits are caught; NULL = they are not */
	struct caught_group **caught; /* of the segment in progress, a row group each */
	uint32_t ncaught;
	bool missed; /* one was not caught */

	pthread_mutex_t lock; /* of drift */
	struct map drift;     /* "path\tkind\tseen" → count, since the last commit */
};

/* An empty part; freed by part_fini. */
void part_init(struct part *part, const struct batch_shape *shape);
void part_fini(struct part *part);
/* Adds a rejected piece of the input, which stands at `offset`; the reason is copied. Whether it may be
 * one with the piece before it decides the caller. */
struct reject_part *part_reject(
	struct part *part, struct slice bytes, uint64_t offset, const char *reason);

/* Texts and schema are borrowed for its life. */
void session_init(struct session *session, struct store *store, const struct schema *schema,
	const char *source, const char *input);
/* Gives up the segment in progress, if there is one. */
void session_abort(struct session *session);
/* Gives it up, and frees. */
void session_fini(struct session *session);
/* Counts what the decoder saw that the schema does not name. Any thread. */
void session_drift(struct session *session, struct decoder *decoder);

/* Judges a part in the order of the input; begins a segment where none is in progress (and waits for
 * the lease). Adds to *result. 0 or -1. */
int session_identify(struct session *session, struct part *part, uint32_t container,
	uint64_t container_offset, struct import_result *result, struct err *err);
/* Packs it; any thread, between identify and append. */
void session_pack(const struct session *session, struct part *part);
/* Appends it, in the order of identify. 0 or -1. */
int session_append(struct session *session, struct part *part, struct err *err);
/* Whether the segment should be committed: it is large, or five seconds old. */
bool session_full(const struct session *session);
/* Commits the segment in progress. With `always`, one is begun where there is none, for what the facts
 * say alone; else that is no error. 0 or -1; the segment is gone in any case. */
int session_commit(struct session *session, bool always, struct err *err);

#endif
