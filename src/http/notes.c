/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notes.c: what is written down beside a request, by a thread of its own: the server's thread waits for nothing, and nobody waits for
 * this. Refusals are a hundred at once and one in ten seconds at most; of others only the number is written.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/private.h"

enum { NOTES_MOST = 64, TARGET = 300 };
static const struct limit refusals = {100, 10};

struct note {
	char session[SESSION_TEXT]; /* of one that is used; "" = a refusal */
	char who[HTTP_WHO], from[64], target[TARGET], result[400];
};
struct notes {
	char *data;
	struct limits *limits;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct note ring[NOTES_MOST];
	unsigned first, n;
	uint64_t unwritten;
	bool ending;
};

/* ---- the thread ------------------------------------------------------------------------------ */

static int write_refusal(
	struct store *store, const struct note *note, uint64_t unwritten, struct err *err)
{
	struct audit_act act = {note->who, note->from, "refused", note->target};
	struct audit_act others = {"many", "", "refused", ""};
	char text[80];
	snprintf(text, sizeof(text), "refused: %" PRIu64 " requests more, which have no rows",
		unwritten);
	if (unwritten && audit_note(store, &others, text, err) < 0)
		return -1;
	return audit_note(store, &act, note->result, err);
}

static int write_one(
	const struct notes *notes, const struct note *note, uint64_t unwritten, struct err *err)
{
	struct store *store;
	uint8_t hash[SESSION_HASH];
	if (store_open(notes->data, STORE_WRITE, &store, err) < 0)
		return -1;
	int rc = 0;
	if (!*note->session)
		rc = write_refusal(store, note, unwritten, err);
	else if (session_hash(slice_of(note->session), hash))
		rc = session_touch(store, hash, clock_now_us(), err);
	store_close(store);
	return rc;
}

static void *main_of(void *ctx)
{
	struct notes *notes = ctx;
	struct err err;
	pthread_mutex_lock(&notes->lock);
	for (;;) {
		while (notes->n == 0 && !notes->ending)
			pthread_cond_wait(&notes->more, &notes->lock);
		if (notes->n == 0)
			break;
		struct note note = notes->ring[notes->first];
		notes->first = (notes->first + 1) % NOTES_MOST;
		notes->n--;
		uint64_t unwritten = *note.session ? 0 : notes->unwritten;
		notes->unwritten -= unwritten;
		pthread_mutex_unlock(&notes->lock);
		if (write_one(notes, &note, unwritten, &err) < 0)
			log_warn("the audit log: %s", err.text);
		explicit_bzero(&note, sizeof(note));
		pthread_mutex_lock(&notes->lock);
	}
	pthread_mutex_unlock(&notes->lock);
	return NULL;
}

/* ---- the others ------------------------------------------------------------------------------ */

struct notes *notes_new(const char *data)
{
	struct notes *notes = xcalloc(1, sizeof(*notes));
	notes->data = xstrdup(data);
	notes->limits = limits_new();
	pthread_mutex_init(&notes->lock, NULL);
	pthread_cond_init(&notes->more, NULL);
	if (pthread_create(&notes->thread, NULL, main_of, notes) != 0)
		abort(); /* as out of memory */
	return notes;
}

void notes_free(struct notes *notes)
{
	if (!notes)
		return;
	pthread_mutex_lock(&notes->lock);
	notes->ending = true;
	pthread_cond_signal(&notes->more);
	pthread_mutex_unlock(&notes->lock);
	pthread_join(notes->thread, NULL);
	pthread_cond_destroy(&notes->more);
	pthread_mutex_destroy(&notes->lock);
	limits_free(notes->limits);
	free(notes->data);
	free(notes);
}

static bool add(struct notes *notes, const struct note *note)
{
	bool room = notes->n < NOTES_MOST;
	if (room) {
		notes->ring[(notes->first + notes->n++) % NOTES_MOST] = *note;
		pthread_cond_signal(&notes->more);
	}
	return room;
}

void notes_refused(struct notes *notes, const struct request *r, const char *who, const char *why)
{
	struct note note = {.session = ""};
	snprintf(note.who, sizeof(note.who), "%s", who && *who ? who : "nobody");
	snprintf(note.from, sizeof(note.from), "%s", r->from);
	snprintf(note.target, sizeof(note.target), "%s %s", r->method, r->path);
	snprintf(note.result, sizeof(note.result), "refused: %s", why);
	pthread_mutex_lock(&notes->lock);
	if (limits_take(notes->limits, 0, refusals, clock_mono_us()) > 0 || !add(notes, &note))
		notes->unwritten++;
	pthread_mutex_unlock(&notes->lock);
}

void notes_used(struct notes *notes, const char *session)
{
	struct note note = {.who = ""};
	snprintf(note.session, sizeof(note.session), "%s", session);
	pthread_mutex_lock(&notes->lock);
	(void)add(notes, &note);
	pthread_mutex_unlock(&notes->lock);
}
