/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collect_bucket.c: what is new in a bucket. A small one is listed whole each time; of a large one the last
 * days, and the whole of it the more rarely the more pages it takes. What a queue announces is read at once,
 * and found by a listing all the same where the queue lost it.
 *
 * The listing goes ahead of the reading, in another thread than the one that commits: it looks objects up
 * through a store of its own.
 */
#include <stdlib.h>

#include "net/s3_read.h"
#include "pipeline/bucket.h"

#define SECOND INT64_C(1000000)
#define DAY    (86400 * SECOND)

enum {
	WAIT_MS = 1000,     /* without a piece: what there is is committed */
	WHOLE_PAGES = 10,   /* a bucket of so many pages is listed whole each time */
	SECONDS_A_PAGE = 6, /* a larger one once in so many seconds a page */
	MEMORY_SHARE = 4,   /* of the budget, for reading ahead */
};

/* ---- jobs ------------------------------------------------------------------------------------ */

/* What the listing gives the reader: an object to be read, in memory of its own. */
struct waiting {
	struct object_job job;
	char *text, *label; /* owned: what the job's key and ETag, and its label point to */
	struct waiting *next;
};

struct lister {
	struct collector *c;
	struct bucket *bucket;
	struct bucket_walk *walk;
	struct store *store; /* for looking up */
	struct waiting *first, *last;
	bool again; /* objects that were set aside too */
	bool ended;
	uint64_t listed; /* objects seen */
	struct err err;
};

static void free_waiting(struct waiting *w)
{
	free(w->text);
	free(w->label);
	free(w);
}

/* "s3://bucket/key", safe for a terminal. */
static char *label_of(const struct bucket *bucket, struct slice key)
{
	struct buf text;
	buf_init(&text, 16 << 10);
	buf_printf(&text, "s3://%s/", bucket->place.bucket);
	text_escape(&text, key);
	buf_push(&text, '\0');
	char *label = xstrdup(text.ptr);
	buf_fini(&text);
	return label;
}

static void add_waiting(
	struct lister *l, const struct s3_object *object, const struct object_job *found)
{
	struct waiting *w = xcalloc(1, sizeof(*w));
	char *text = w->text = xmalloc(object->key.len + object->etag.len + 1);
	memcpy(text, object->key.ptr, object->key.len);
	if (object->etag.len)
		memcpy(text + object->key.len, object->etag.ptr, object->etag.len);
	w->job = *found;
	w->job.key = (struct slice){text, object->key.len};
	w->job.etag = (struct slice){text + object->key.len, object->etag.len};
	w->job.label = w->label = label_of(l->bucket, object->key);
	*(l->last ? &l->last->next : &l->first) = w;
	l->last = w;
}

/* Nothing that holds events: a folder as consoles make them, which is a key with a slash at its end, or the
 * object with which `pugmark ship` sees whether it may write. */
static bool is_no_log(const struct s3_object *object)
{
	static const char probe[] = ".pugmark-ship";
	struct slice key = object->key;
	size_t n = sizeof(probe) - 1;
	return object->size == 0 && key.len &&
	       (key.ptr[key.len - 1] == '/' ||
		       (key.len >= n && memcmp(key.ptr + key.len - n, probe, n) == 0));
}

static int take_page(struct lister *l, const struct s3_listing *page, struct err *err)
{
	struct object_mark *marks = xcalloc(page->count + 1, sizeof(*marks));
	for (size_t i = 0; i < page->count; i++)
		marks[i] = (struct object_mark){.key = page->objects[i].key,
			.etag = page->objects[i].etag,
			.bytes = page->objects[i].size};
	int rc = objects_find(l->store, l->c->connection.name, marks, (uint32_t)page->count, err);
	for (size_t i = 0; i < page->count && rc == 0; i++) {
		const struct s3_object *object = &page->objects[i];
		struct object_job job = {.size = object->size, .modified_us = object->modified_us};
		object_name_read(object->key, &job.name);
		if (!is_no_log(object) && object_is_due(&marks[i], l->again, &job))
			add_waiting(l, object, &job);
	}
	l->listed += page->count;
	free(marks);
	return rc;
}

/* s3_reader_settings.next_job */
static int next_job(void *ctx, struct s3_job *job, struct err *err)
{
	struct lister *l = ctx;
	while (!l->first && l->walk) {
		const struct s3_listing *page;
		int rc = bucket_walk_next(l->walk, &page, err);
		if (rc == 1)
			rc = take_page(l, page, err) < 0 ? -1 : 1;
		if (rc < 0) {
			l->err = *err;
			return -1;
		}
		if (rc == 0)
			break;
	}
	struct waiting *w = l->first;
	if (!w) {
		l->ended = true;
		return S3_JOBS_ENDED;
	}
	l->first = w->next;
	if (!l->first)
		l->last = NULL;
	*job = (struct s3_job){.key = w->job.key,
		.etag = w->job.etag,
		.from = w->job.from ? w->job.from - 1 : 0,
		.size = w->job.size,
		.tag = w};
	return S3_JOBS_ONE;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reading {
	struct lister *lister;
	struct s3_reader *reader;
	struct objects_pass pass;
	struct s3_piece piece;
	size_t used; /* of the piece's bytes */
	bool over;   /* the object's last piece is used up */
	bool gone;   /* the object failed: piece.err says why */
};

/* The next piece of the object in hand. 1, 0 silent, -1. */
static int refill(struct reading *r, struct err *err)
{
	while (r->used == r->piece.bytes.len && !r->over) {
		if (r->piece.ends) {
			r->over = true;
			r->gone = r->piece.err.kind != ERR_NONE;
			break;
		}
		int rc = s3_reader_next(r->reader, WAIT_MS, &r->piece, err);
		if (rc <= 0) {
			r->piece.bytes.len = r->used = 0;
			r->piece.ends = false;
			if (rc == 0)
				return 0;
			r->pass.source_failed = true;
			return -1;
		}
		r->used = 0;
	}
	return 1;
}

/* input_stream.read */
static int read_object(void *ctx, void *data, size_t n, size_t *got, bool *end, struct err *err)
{
	struct reading *r = ctx;
	*got = 0;
	*end = false;
	int rc = refill(r, err);
	if (rc <= 0)
		return rc;
	if (r->gone) {
		*err = r->piece.err;
		return -1;
	}
	size_t left = r->piece.bytes.len - r->used;
	*got = left < n ? left : n;
	if (*got)
		memcpy(data, r->piece.bytes.ptr + r->used, *got);
	r->used += *got;
	*end = r->over;
	return 1;
}

/* An object that vanished, changed or may not be read. 0, or -1 where the pass is over. */
static int object_gone(struct reading *r, const struct object_job *job, struct err *err)
{
	char why[900];
	if (r->piece.err.kind == ERR_BUSY)
		return 0; /* changed while it was read: the next listing has it as it is now */
	snprintf(why, sizeof(why), "%.300s: %.500s", job->label, r->piece.err.text);
	return objects_set_aside(&r->pass, job, why, err);
}

static void tell(const struct reading *r)
{
	const struct lister *l = r->lister;
	struct collect_progress at = {.source = l->c->connection.name,
		.kind = LEDGER_FILE,
		.objects = r->pass.done,
		.bytes = r->pass.bytes,
		.records = r->pass.result.records,
		.stored = r->pass.result.stored};
	collector_tell(l->c, &at);
}

static int read_one(struct reading *r, struct err *err)
{
	struct waiting *w = r->piece.tag;
	uint64_t number = r->piece.job;
	struct input_stream stream = {
		.read = read_object, .ctx = r, .size = w->job.size - w->job.from};
	/* The byte before: to see that the object is the one that was read. */
	bool anew = w->job.from > 0 && r->piece.bytes.len > 0 && !objects_joins(r->piece.bytes);
	int rc;
	r->used = w->job.from > 0 && r->piece.bytes.len > 0;
	r->over = r->gone = false;
	rc = anew ? objects_anew(&r->pass, &w->job, err)
		  : objects_read(&r->pass, &w->job, &stream, err);
	if (r->gone)
		rc = object_gone(r, &w->job, err);
	if (rc >= 0 && !r->over)
		s3_reader_skip(r->reader, number);
	free_waiting(w);
	tell(r);
	return rc < 0 ? -1 : 0;
}

static int read_all(struct reading *r, struct err *err)
{
	for (;;) {
		int rc = s3_reader_next(r->reader, WAIT_MS, &r->piece, err);
		if (rc < 0) {
			r->pass.source_failed = true;
			return -1;
		}
		if (rc == 0 && !r->piece.silent)
			return 0;
		if (rc == 0)
			rc = objects_commit(&r->pass, err);
		else
			rc = read_one(r, err);
		if (rc < 0)
			return -1;
		if (collector_stopped(r->lister->c))
			return err_set(err, ERR_INTERRUPTED, "stopped");
	}
}

/* ---- a pass ---------------------------------------------------------------------------------- */

static enum source_failure failure_of(const struct bucket *bucket, const struct err *err)
{
	const struct s3_end *end = s3_last(bucket->s3);
	if (err->kind == ERR_INTERRUPTED)
		return SOURCE_STOPPED;
	if (end->status == 403)
		return SOURCE_PERMISSION;
	if (end->status == 401)
		return SOURCE_TOKEN;
	if (end->status == 404 || end->status == 301)
		return SOURCE_MISSING;
	if (end->status >= 500 || end->status == 429)
		return SOURCE_OVERLOADED;
	return err->kind == ERR_ACCESS ? SOURCE_PERMISSION : SOURCE_NETWORK;
}

static int connect_worker(
	void *ctx, const volatile sig_atomic_t *stop, struct s3_connection *out, struct err *err)
{
	struct lister *l = ctx;
	struct http_settings http = {.ca_file = settings_get(&l->c->settings, "ca_file"),
		.proxy = connection_proxy(&l->c->settings)};
	return s3_connection_open(&http, &l->bucket->place.place, &l->bucket->place.credentials,
		l->c->options->policy, stop, out, err);
}

static void free_lister(struct lister *l)
{
	while (l->first) {
		struct waiting *w = l->first;
		l->first = w->next;
		free_waiting(w);
	}
	bucket_walk_close(l->walk);
}

/* The checkpoint of a pass that listed everything. */
static void note_listed(struct reading *r, bool whole)
{
	struct checkpoint *at = &r->lister->c->checkpoint;
	if (!whole)
		return;
	at->listed_at = clock_now_us();
	at->listed_pages = (int64_t)bucket_walk_pages(r->lister->walk);
	checkpoint_write(at, &r->pass.checkpoint);
	buf_push(&r->pass.checkpoint, '\0');
}

static uint64_t memory_of(const struct collector *c)
{
	return c->options->memory ? c->options->memory : BUDGET_DEFAULT;
}

int bucket_pass(
	struct collector *c, struct bucket *bucket, struct bucket_jobs *jobs, struct err *err)
{
	struct lister lister = {.c = c,
		.bucket = bucket,
		.walk = jobs->walk,
		.store = bucket->look,
		.again = jobs->again};
	struct reading *r = xcalloc(1, sizeof(*r));
	uint64_t memory = memory_of(c);
	struct s3_reader_settings settings = {.next_job = next_job,
		.connect = connect_worker,
		.ctx = &lister,
		.memory = memory / MEMORY_SHARE < (64 << 20) ? memory / MEMORY_SHARE : 64 << 20,
		.stop = c->options->stop};
	r->lister = &lister;
	int rc = objects_begin(&r->pass, c, memory - memory / MEMORY_SHARE, err);
	if (rc < 0) {
		free(r);
		return -1;
	}
	if (jobs->page)
		rc = take_page(&lister, jobs->page, err);
	r->reader = rc == 0 ? s3_reader_open(&settings, err) : NULL;
	rc = r->reader ? read_all(r, err) : -1;
	if (!r->reader && lister.err.kind)
		r->pass.source_failed = true;
	bool source = rc < 0 && (r->pass.source_failed || err->kind == ERR_INTERRUPTED);
	c->sweep.failure = source ? failure_of(bucket, err) : SOURCE_FINE;
	if (r->reader) {
		struct s3_reader_usage usage;
		s3_reader_usage(r->reader, &usage);
		r->pass.requests += usage.ranges;
	}
	s3_reader_close(r->reader);
	if (lister.walk)
		r->pass.requests += bucket_walk_pages(lister.walk);
	if (rc == 0)
		note_listed(r, jobs->whole);
	struct err why = *err, late = {0};
	bool ours = rc < 0 && !source;
	if (objects_end(&r->pass, rc < 0 ? why.text : NULL, &late) < 0 && !ours) {
		*err = late;
		c->sweep.failure = SOURCE_FINE;
		rc = -1;
	}
	jobs->more = r->pass.again;
	free_lister(&lister);
	free(r);
	return rc;
}

/* ---- turns ----------------------------------------------------------------------------------- */

static uint32_t day_before(int64_t seconds)
{
	int64_t year;
	unsigned month, day;
	clock_date((clock_now_us() - seconds * SECOND) / DAY, &year, &month, &day);
	return (uint32_t)(year * 10000 + month * 100 + day);
}

/* Whether it is time to list everything. */
static bool wants_whole(const struct collector *c)
{
	const struct checkpoint *at = &c->checkpoint;
	int64_t every =
		at->listed_pages <= WHOLE_PAGES ? 0 : at->listed_pages * SECONDS_A_PAGE * SECOND;
	return c->options->refetch || at->listed_at == 0 || clock_now_us() - at->listed_at >= every;
}

static int list_bucket(struct collector *c, struct bucket *bucket, bool *more, struct err *err)
{
	bool whole = wants_whole(c);
	struct bucket_walk_settings walk = {.prefix = bucket->place.prefix,
		.since_day = whole ? 0 : day_before(c->connection.lookback_s)};
	struct bucket_jobs jobs = {.walk = bucket_walk_open(bucket->s3, &walk),
		.whole = whole,
		.again = c->options->refetch};
	int rc = bucket_pass(c, bucket, &jobs, err);
	*more = rc == 0 && jobs.more;
	return rc;
}

int collect_bucket(struct collector *c, bool *more, struct err *err)
{
	struct bucket bucket;
	*more = false;
	c->sweep.failure = SOURCE_FINE;
	if (bucket_open(c, &bucket, err) < 0)
		return -1;
	int rc = list_bucket(c, &bucket, more, err);
	if (rc == 0 && bucket.place.queue && bucket_queue(c, &bucket, err) < 0) {
		/* The listing does without it; an error of the store is told by the next turn. */
		log_warn("%s: the queue: %s", c->connection.name, err->text);
		c->sweep.failure = SOURCE_FINE;
	}
	bucket_close(&bucket);
	return rc;
}
