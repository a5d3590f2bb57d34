/* SPDX-License-Identifier: Apache-2.0 */
/* session.c: a round of uploads, one piece being packed while the one before is sent, and what is noted of
 * it in the state. */
#include <inttypes.h>
#include <stdlib.h>

#include "ship/private.h"

#define SAVE_US  (2 * SHIP_SECOND) /* between two states of one long round */
#define ROUND_US (5 * SHIP_SECOND) /* of a follower: then it looks at the folder again */

void ship_session_init(struct session *s)
{
	s->state.lock_fd = -1;
	buf_init(&s->scope.folder, 1 << 16);
	buf_init(&s->scope.to, 1 << 16);
	for (size_t i = 0; i < 2; i++)
		buf_init(&s->pieces[i].packed, 2 * LIMIT_SHIP_PIECE);
	s->packer = packer_open();
}

void ship_session_fini(struct session *s)
{
	packer_close(s->packer);
	for (size_t i = 0; i < 2; i++)
		buf_fini(&s->pieces[i].packed);
	follow_fini(&s->follow);
	state_close(&s->state);
	buf_fini(&s->scope.folder);
	buf_fini(&s->scope.to);
}

void session_ready(struct session *s, const char *folder, const char *host)
{
	const struct ship_options *o = s->options;
	follow_init(&s->follow, folder);
	s->follow.all = o->all;
	s->follow.max_files = o->max_files;
	s->follow.every_us = o->every_s * SHIP_SECOND;
	s->follow.node = o->node;
	s->follow.host = host;
	s->check_node = o->node ? o->node : host;
}

/* --- The state ------------------------------------------------------------------------------------- */

static void take_record(void *ctx, const struct ship_record *record)
{
	struct session *s = ctx;
	follow_take(&s->follow, record);
}

static void drop_records(struct session *s)
{
	struct follow bare = s->follow;
	bare.logs = NULL;
	bare.count = bare.cap = 0;
	bare.risk_said = (struct buf){.max = s->follow.risk_said.max};
	follow_fini(&s->follow);
	s->follow = bare;
}

static void write_scope(const struct session *s, struct ship_scope *scope)
{
	const struct ship_options *o = s->options;
	names_encode(&scope->folder, slice_of(s->follow.path));
	names_encode(&scope->to, slice_of(o->endpoint ? o->endpoint : "aws"));
	buf_push(&scope->to, ' ');
	names_encode(&scope->to, slice_of(o->bucket));
	buf_push(&scope->to, ' ');
	if (o->prefix[0])
		names_encode(&scope->to, slice_of(o->prefix));
	else
		buf_push(&scope->to, '-');
}

/* Better twice than not at all: what a damaged state said is uploaded again. */
static int begin_anew(struct session *s, const char *path, const struct err *why, struct err *err)
{
	struct buf aside;
	drop_records(s);
	if (s->options->dry_run) {
		log_warn("%s: it would be kept aside, and everything uploaded again", why->text);
		return 0;
	}
	buf_init(&aside, 1 << 16);
	int status = state_set_aside(path, &aside, err);
	if (status == 0)
		log_error("%s: it is kept as %s, and everything in the folder is uploaded again, "
			  "which does no harm",
			why->text, aside.ptr);
	buf_fini(&aside);
	return status;
}

int session_load(struct session *s, const char *path, struct err *err)
{
	struct ship_scope before;
	int status = 0;
	buf_init(&before.folder, 1 << 16);
	buf_init(&before.to, 1 << 16);
	write_scope(s, &s->scope);
	int found = state_read(path, &before, take_record, s, err);
	if (found < 0) {
		status = -1;
	} else if (found == STATE_DAMAGED) {
		struct err why = *err;
		status = begin_anew(s, path, &why, err);
	} else if (found == STATE_NONE) {
		log_info("there is no state %s yet: everything in the folder is uploaded", path);
	} else if (!slice_eq(buf_view(&before.to), buf_view(&s->scope.to))) {
		log_warn("the state %s is of another bucket, prefix or endpoint: everything in the "
			 "folder is uploaded to the new one",
			path);
		drop_records(s);
	} else {
		s->other_folder = s->follow.count > 0 &&
				  !slice_eq(buf_view(&before.folder), buf_view(&s->scope.folder));
	}
	buf_fini(&before.folder);
	buf_fini(&before.to);
	return status;
}

int session_other_folder(struct session *s, struct err *err)
{
	if (s->other_folder && s->follow.adopted == 0)
		return err_set(err, ERR_USAGE,
			"the state belongs to another folder, of which no log is in %s: name "
			"another "
			"state with --state",
			s->follow.path);
	s->other_folder = false;
	return 0;
}

int session_save(struct session *s, struct err *err)
{
	if (!s->follow.changed || !s->state.path)
		return 0;
	if (state_write(s->state.path, &s->scope, s->follow.logs, s->follow.count, err) < 0)
		return -1;
	s->follow.changed = false;
	s->saved_us = clock_mono_us();
	return 0;
}

/* --- Uploads ----------------------------------------------------------------------------------------- */

/* The next piece, given to the packer. */
static bool begin_piece(struct session *s, enum plan_mode mode, const struct ship_time *now,
	struct ship_piece *piece)
{
	if (plan_next(&s->follow, mode, now, &piece->range) == 0)
		return false;
	const struct ship_log *log = piece->range.log;
	piece->fd = log->fd;
	piece->gzip = s->options->gzip;
	snprintf(piece->path, sizeof(piece->path), "%s", log->path);
	packer_submit(s->packer, piece);
	return true;
}

static enum send_end send_piece(struct session *s, const struct ship_piece *piece, struct err *err)
{
	struct buf key;
	struct ship_object object = {.body = buf_view(&piece->packed),
		.log = &piece->range.log->is,
		.from = piece->range.from,
		.to = piece->range.to,
		.sha256 = piece->sha256};
	buf_init(&key, 4096);
	names_key(&key, s->options->prefix, object.log, object.from, object.to, piece->gzip);
	object.key = buf_view(&key);
	enum send_end end = s->target.put(s->target.ctx, &object, err);
	if (end == SEND_DONE)
		log_debug("%.*s: %" PRIu64 " bytes as %zu", SLICE_ARG(object.key),
			object.to - object.from, object.body.len);
	buf_fini(&key);
	return end;
}

/* In memory at once, on disk where the last time is a while ago. */
static enum send_end note_piece(struct session *s, const struct ship_piece *piece, struct err *err)
{
	struct ship_summary *sum = &s->summary;
	struct ship_log *log = piece->range.log;
	uint64_t bytes = piece->range.to - piece->range.from;
	struct err unheard;
	if (follow_shipped(&s->follow, log, piece->range.to, err) < 0) {
		/* It was replaced meanwhile. What was sent is right; what is left is found out. */
		log->checked = false;
		s->follow.missing = true;
		return SEND_DONE;
	}
	sum->logs += !log->counted;
	log->counted = true;
	if (log->planned == log->is.offset) /* no other piece of it is being packed */
		follow_spare_log(&s->follow, log);
	sum->objects++;
	sum->bytes += bytes;
	sum->packed += piece->packed.len;
	s->done += bytes;
	if (s->hooks.progress && s->total > LIMIT_SHIP_PIECE)
		s->hooks.progress(s->hooks.ctx, s->done, s->total);
	if (clock_mono_us() - s->saved_us >= SAVE_US && !s->unsaved)
		(void)session_save(s, &unheard); /* the end of the round says it */
	return SEND_DONE;
}

/* The piece could not be read to its end: the next scan finds out why. */
static void drop_piece(struct session *s, struct ship_piece *piece, const struct ship_time *now)
{
	struct ship_log *log = piece->range.log;
	if (piece->err.kind == ERR_DAMAGED) {
		log->checked = false;
		s->follow.missing = true;
	} else {
		follow_rest_log(log, now, &piece->err);
	}
	log->planned = log->is.offset;
}

/* Whether a round has lasted long enough: logs may have come that the server deletes soon. */
static bool is_over(enum plan_mode mode, const struct ship_time *now)
{
	return mode == PLAN_DUE && clock_mono_us() - now->mono_us > ROUND_US;
}

static enum send_end upload(
	struct session *s, enum plan_mode mode, const struct ship_time *now, struct err *err)
{
	enum send_end end = SEND_DONE;
	size_t at = 0;
	bool more = begin_piece(s, mode, now, &s->pieces[at]);
	while (more && end == SEND_DONE) {
		struct ship_piece *piece = &s->pieces[at];
		if (packer_wait(s->packer) < 0) {
			drop_piece(s, piece, now);
			more = begin_piece(s, mode, now, piece);
			continue;
		}
		at = !at;
		more = !is_over(mode, now) && begin_piece(s, mode, now, &s->pieces[at]);
		end = s->hooks.stop && *s->hooks.stop ? SEND_STOPPED : send_piece(s, piece, err);
		if (end == SEND_DONE)
			end = note_piece(s, piece, err);
		if (end == SEND_STOPPED)
			err_set(err, ERR_INTERRUPTED, "interrupted");
	}
	if (more)
		(void)packer_wait(s->packer);
	s->cut_short = end == SEND_DONE && is_over(mode, now);
	return end;
}

static enum send_end list_only(struct session *s, const struct ship_time *now)
{
	struct ship_range range;
	struct buf key;
	buf_init(&key, 4096);
	while (plan_next(&s->follow, PLAN_ALL, now, &range) > 0) {
		buf_clear(&key);
		names_key(&key, s->options->prefix, &range.log->is, range.from, range.to,
			s->options->gzip);
		buf_push(&key, '\0');
		s->summary.logs += !range.log->counted;
		range.log->counted = true;
		s->summary.objects++;
		s->summary.bytes += range.to - range.from;
		if (!s->options->json)
			printf("s3://%s/%s  %" PRIu64 "\n", s->options->bucket, key.ptr,
				range.to - range.from);
	}
	buf_fini(&key);
	return SEND_DONE;
}

/* Buffers that a large piece made are given back. */
static void shrink(struct session *s)
{
	for (size_t i = 0; i < 2; i++)
		if (s->pieces[i].packed.cap > (1 << 20))
			buf_fini(&s->pieces[i].packed);
}

enum send_end session_check(struct session *s, struct err *err)
{
	enum send_end end = SEND_DONE;
	if (!s->checked && !s->options->dry_run)
		end = s->target.check(s->target.ctx, s->check_node, err);
	if (end == SEND_DONE && !s->checked && !s->options->dry_run)
		log_info("%s takes objects", s->options->url);
	s->checked = s->checked || end == SEND_DONE;
	return end;
}

enum send_end session_round(
	struct session *s, enum plan_mode mode, const struct ship_time *now, struct err *err)
{
	uint64_t partial;
	if (s->options->dry_run)
		return list_only(s, now);
	s->done = 0;
	follow_left(&s->follow, &s->total, &partial);
	enum send_end end = upload(s, mode, now, err);
	follow_replan(&s->follow);
	shrink(s);
	if (s->hooks.progress)
		s->hooks.progress(s->hooks.ctx, 0, 0);
	return end;
}

void session_sum_up(struct session *s)
{
	struct ship_summary *sum = &s->summary;
	uint64_t whole;
	follow_left(&s->follow, &whole, &sum->left);
	sum->lost_logs = s->follow.lost_logs;
	sum->lost_bytes = s->follow.lost_bytes;
	sum->others = s->follow.others;
	sum->unread = 0;
	for (size_t i = 0; i < s->follow.count; i++)
		sum->unread += s->follow.logs[i]->rest_us > clock_mono_us();
}
