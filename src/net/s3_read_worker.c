/* SPDX-License-Identifier: Apache-2.0 */
/* s3_read_worker.c: a thread of the reader: its connection, and the ranges that it reads. */
#include "base/base.h"
#include "net/private.h"
#include "net/s3_read_private.h"

int s3_connection_open(const struct http_settings *http, const struct s3_place *place,
	const struct credential_settings *credentials, const struct retry_policy *policy,
	const volatile sig_atomic_t *stop, struct s3_connection *out, struct err *err)
{
	struct http_settings settings = *http;
	settings.stop = stop;
	*out = (struct s3_connection){.client = http_open(&settings, err)};
	if (!out->client)
		return -1;
	if (credentials)
		out->provider = credentials_open(out->client, credentials);
	out->s3 = s3_open(out->client, place, out->provider, policy, err);
	if (!out->s3)
		s3_connection_close(out);
	return out->s3 ? 0 : -1;
}

void s3_connection_close(struct s3_connection *connection)
{
	s3_close(connection->s3);
	credentials_close(connection->provider);
	http_close(connection->client);
	*connection = (struct s3_connection){NULL, NULL, NULL};
}

/* Whether a range is of no use any more: an earlier one of the same object failed. */
static bool is_void(const struct reader_slot *slot)
{
	return slot->offset > atomic_load_explicit(&slot->job->failed_at, memory_order_relaxed);
}

static int take(void *ctx, struct slice data, struct err *err)
{
	struct reader_slot *slot = ctx;
	if (is_void(slot))
		return err_set(err, ERR_INTERRUPTED, "given up");
	if (data.len > slot->want - slot->len)
		return err_set(err, ERR_FORMAT, "more bytes came than were asked for");
	memcpy(slot->buffer + slot->len, data.ptr, data.len);
	slot->len += data.len;
	return 0;
}

static bool any_of(const char *code, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(code, *list) == 0)
			return true;
	return false;
}

/* Whether a failure says nothing about the object: others would fail as well. */
static bool stops_all(const struct s3_end *end, const struct err *err)
{
	static const char *const all[] = {"NoSuchBucket", "InvalidAccessKeyId",
		"SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired",
		"RequestTimeTooSkewed", "RequestExpired", "AccountProblem", "AllAccessDisabled",
		"PermanentRedirect", "TemporaryRedirect", "Redirect",
		"AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
		"IncorrectEndpoint", "SlowDown", "ServiceUnavailable", "RequestTimeout", NULL};
	if (err->kind == ERR_INTERRUPTED || end->status == 0 || any_of(end->code, all))
		return true;
	if (end->failure != HTTP_OK && end->failure != HTTP_ABORTED)
		return true;
	switch (end->status) {
	case 401:
	case 407:
	case 429:
	case 502:
	case 503:
	case 504:
		return true;
	default:
		return end->status / 100 == 3;
	}
}

static void note_failure(struct reader_slot *slot, const struct s3_end *end)
{
	slot->stops_all = !is_void(slot) && stops_all(end, &slot->err);
	memcpy(slot->code, end->code, sizeof(slot->code));
}

/* The object is what it was said to be. Of one that is not known these are the facts from now on. */
static void check(struct reader_slot *slot)
{
	struct reader_job *job = slot->job;
	if (!atomic_load_explicit(&job->known, memory_order_acquire)) {
		if (job->size == S3_SIZE_UNKNOWN) {
			job->size = slot->facts.size;
			slot->want = slot->len;
		}
		if (!job->etag[0])
			memcpy(job->etag, slot->facts.etag, sizeof(job->etag));
		atomic_store_explicit(&job->known, true, memory_order_release);
	}
	if (slot->facts.size == job->size && slot->len == slot->want)
		return;
	slot->len = 0; /* of another object than was meant */
	err_set(&slot->err, ERR_BUSY,
		"the object was changed since it was listed: it has %llu bytes",
		(unsigned long long)slot->facts.size);
}

static void read_slot(struct s3 *s3, struct reader_slot *slot)
{
	struct reader_job *job = slot->job;
	struct s3_get what = {.from = slot->offset,
		.count = slot->want,
		.if_match = job->etag[0] ? job->etag : NULL,
		.on_data = take,
		.ctx = slot};
	struct slice key = {job->key, job->key_len};
	if (s3_get(s3, key, &what, &slot->facts, &slot->err) < 0)
		note_failure(slot, s3_last(s3));
	else
		check(slot);
}

/* Under the lock: a slot is done with. */
static void finish(struct s3_reader *reader, struct reader_slot *slot)
{
	if (slot->err.kind != ERR_NONE && !is_void(slot))
		atomic_store_explicit(&slot->job->failed_at, slot->offset, memory_order_relaxed);
	reader->failing |= slot->stops_all;
	slot->state = SLOT_READY;
	pthread_cond_signal(&reader->ready);
}

static bool halts(struct s3_reader *reader)
{
	return is_stopped(&reader->halt);
}

/* Under the lock: the next range to read, or NULL where the reader halts. */
static struct reader_slot *take_slot(struct s3_reader *reader)
{
	while (!halts(reader)) {
		struct reader_slot *slot = &reader->slots[reader->taken % READER_SLOTS];
		if (reader->taken == reader->tail || reader->failing) {
			pthread_cond_wait(&reader->work, &reader->lock);
			continue;
		}
		reader->taken++;
		if (slot->state != SLOT_PLANNED) /* there was nothing to read */
			continue;
		if (!is_void(slot)) {
			slot->state = SLOT_RUNNING;
			return slot;
		}
		finish(reader, slot);
	}
	return NULL;
}

static void connect_and_read(
	struct s3_reader *reader, struct s3_connection *connection, struct reader_slot *slot)
{
	const struct s3_reader_settings *settings = &reader->settings;
	if (!connection->s3 &&
		settings->connect(settings->ctx, &reader->halt, connection, &slot->err) < 0) {
		slot->stops_all = true;
		return;
	}
	read_slot(connection->s3, slot);
}

void *reader_work(void *ctx)
{
	struct s3_reader *reader = ctx;
	struct s3_connection connection = {NULL, NULL, NULL};
	struct reader_slot *slot;
	pthread_mutex_lock(&reader->lock);
	while ((slot = take_slot(reader))) {
		bool fresh = !connection.s3;
		pthread_mutex_unlock(&reader->lock);
		connect_and_read(reader, &connection, slot);
		pthread_mutex_lock(&reader->lock);
		reader->connected += fresh && connection.s3;
		finish(reader, slot);
	}
	pthread_mutex_unlock(&reader->lock);
	s3_connection_close(&connection);
	return NULL;
}
