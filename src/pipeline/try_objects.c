/* SPDX-License-Identifier: Apache-2.0 */
/* try_objects.c: a bucket or folder tried out before it is saved: listed, a few objects looked into, the first
 * lines read as they would be stored; and the policies to paste where a bucket may not be read. */
#include "pipeline/try_objects.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "collect/objects.h"
#include "net/sqs.h"

enum { HEAD_BYTES = 256 << 10, LINES_MOST = 3 };

static void say(struct objects_test *t, enum test_mark mark, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void say(struct objects_test *t, enum test_mark mark, const char *fmt, ...)
{
	char text[1200];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (t->step)
		t->step(t->ctx, mark, text);
}

/* ---- the first lines ------------------------------------------------------------------------- */

/* Unpacks as much as fits of the beginning of an object. */
static void unpack_head(struct slice packed, struct buf *out)
{
	char *to = buf_reserve(out, HEAD_BYTES);
	if (packed.len >= 2 && memcmp(packed.ptr, "\x1f\x8b", 2) == 0) {
		z_stream z = {0};
		char *bytes = xmalloc(packed.len);
		memcpy(bytes, packed.ptr, packed.len);
		if (inflateInit2(&z, 15 + 16) == Z_OK) {
			z.next_in = (unsigned char *)bytes;
			z.avail_in = (unsigned)packed.len;
			z.next_out = (unsigned char *)to;
			z.avail_out = HEAD_BYTES;
			inflate(&z, Z_SYNC_FLUSH);
			out->len += HEAD_BYTES - z.avail_out;
			inflateEnd(&z);
		}
		free(bytes);
	} else if (packed.len >= 4 && memcmp(packed.ptr, "\x28\xb5\x2f\xfd", 4) == 0) {
		ZSTD_DStream *stream = ZSTD_createDStream();
		ZSTD_inBuffer in = {packed.ptr, packed.len, 0};
		ZSTD_outBuffer room = {to, HEAD_BYTES, 0};
		ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, LIMIT_ZSTD_WINDOW_LOG);
		while (in.pos < in.size && room.pos < room.size &&
			!ZSTD_isError(ZSTD_decompressStream(stream, &room, &in)))
			;
		out->len += room.pos;
		ZSTD_freeDStream(stream);
	} else {
		size_t n = packed.len < HEAD_BYTES ? packed.len : HEAD_BYTES;
		if (n)
			memcpy(to, packed.ptr, n);
		out->len += n;
	}
}

static bool guess_differs(const struct schema *schema, struct slice head, const char **other)
{
	struct slice lines[8];
	uint32_t n = 0;
	struct err unclear;
	for (const char *p = head.ptr, *end = p + head.len; p < end && n < 8;) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		if (!newline)
			break;
		struct slice line = {p, (size_t)(newline - p)};
		if (json_validate_lenient(line, &(bool){false}, NULL) == 0 && line.len &&
			line.ptr[0] == '{')
			lines[n++] = line;
		p = newline + 1;
	}
	const struct schema *guess = n ? decode_guess(lines, n, &unclear) : NULL;
	if (!guess || strcmp(guess->table, schema->table) == 0 ||
		decode_score(guess, lines, n) < 2 * decode_score(schema, lines, n))
		return false;
	*other = guess->table;
	return true;
}

static void take_row(void *ctx, const struct preview_row *row)
{
	struct objects_test *t = ctx;
	if (row->instance.len && !*t->instance)
		snprintf(t->instance, sizeof(t->instance), "%.*s", SLICE_ARG(row->instance));
	if (t->rows++ == 0 && t->begin)
		t->begin(t->ctx);
	if (t->row)
		t->row(t->ctx, row);
}

/* The beginning of a file: does it unpack, is it of this table, what are its events? */
static int look_into(
	struct objects_test *t, const char *label, struct slice packed, struct err *err)
{
	struct buf head;
	const char *other;
	buf_init(&head, HEAD_BYTES);
	unpack_head(packed, &head);
	int rc;
	if (head.len == 0)
		rc = err_set(err, ERR_FORMAT, "%s: it does not unpack: is it whole?", label);
	else if (guess_differs(t->schema, buf_view(&head), &other))
		rc = err_set(err, ERR_USAGE,
			"%s: its lines look like %s, not like %s: say --table %s", label, other,
			t->schema->table, other);
	else
		rc = preview_records(t->schema, buf_view(&head), LINES_MOST, take_row, t, err);
	buf_fini(&head);
	return rc < 0 ? err_context(err, "%s", label) : 0;
}

/* ---- buckets --------------------------------------------------------------------------------- */

static int keep_head(void *ctx, struct slice data, struct err *err)
{
	(void)err;
	return buf_slice(ctx, data);
}

static void print_policy(struct objects_test *t, const struct bucket_place *place)
{
	say(t, TEST_NOTE,
		"the policy to paste for the user or role that reads: {\"Version\":\"2012-10-17\","
		"\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:ListBucket\",\"Resource\":"
		"\"arn:aws:s3:::%s\"},{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\","
		"\"Resource\":\"arn:aws:s3:::%s/%s*\"}]}",
		place->bucket, place->bucket, place->prefix);
	if (place->credentials.role_arn)
		say(t, TEST_NOTE,
			"the trust policy to paste for the role: "
			"{\"Version\":\"2012-10-17\",\"Statement\":"
			"[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::ACCOUNT-OF-"
			"PUGMARK:"
			"root\"},\"Action\":\"sts:AssumeRole\",\"Condition\":{\"StringEquals\":"
			"{\"sts:ExternalId\":\"%s\"}}}]}",
			place->credentials.external_id ? place->credentials.external_id
						       : "AN-EXTERNAL-ID");
}

static void note_clock(struct objects_test *t, const struct s3_end *end)
{
	if (strcmp(end->code, "RequestTimeTooSkewed") == 0)
		say(t, TEST_WARNING,
			"this machine's clock differs from the server's by more than 15 minutes: "
			"set it");
}

/* One page of the listing; a bucket of another region says which, and is asked there. */
static int list_some(struct objects_test *t, struct settings *settings, struct s3 **s3,
	const struct try_bucket *b, struct s3_listing *listing, struct err *err)
{
	struct s3_list what = {.prefix = b->place.prefix};
	if (s3_list(*s3, &what, listing, err) == 0)
		return 0;
	const struct s3_end *end = s3_last(*s3);
	char region[40];
	snprintf(region, sizeof(region), "%s", end->region);
	note_clock(t, end);
	if (!*region || settings_get(settings, "region"))
		return -1;
	say(t, TEST_NOTE, "the bucket is in the region %s", region);
	if (settings_put(settings, "region", region, err) < 0)
		return -1;
	s3_close(*s3);
	struct s3_place place = b->place.place;
	place.region = settings_get(settings, "region");
	*s3 = s3_open(b->http, &place, b->provider, b->policy, err);
	return *s3 ? s3_list(*s3, &what, listing, err) : -1;
}

static int look_into_object(
	struct objects_test *t, struct s3 *s3, const struct s3_object *object, struct err *err)
{
	struct buf data, label;
	struct s3_facts facts;
	say(t, TEST_PHASE, "object");
	buf_init(&data, HEAD_BYTES);
	buf_init(&label, 16 << 10);
	text_escape(&label, object->key);
	buf_push(&label, '\0');
	struct s3_get get = {.count = object->size < HEAD_BYTES ? object->size : HEAD_BYTES,
		.on_data = keep_head,
		.ctx = &data};
	int rc = s3_get(s3, object->key, &get, &facts, err);
	if (rc == 0)
		say(t, TEST_OK, "objects can be read: %.200s", label.ptr);
	if (rc == 0)
		rc = look_into(t, label.ptr, buf_view(&data), err);
	buf_fini(&data);
	buf_fini(&label);
	return rc;
}

static int look_at_listing(
	struct objects_test *t, struct s3 *s3, const struct s3_listing *listing, struct err *err)
{
	const struct s3_object *last = NULL;
	char size[32];
	uint64_t bytes = 0;
	for (size_t i = 0; i < listing->count; i++) {
		bytes += listing->objects[i].size;
		if (listing->objects[i].size > 0 && !listing->objects[i].cold)
			last = &listing->objects[i];
	}
	say(t, TEST_OK, "the bucket is listed: %zu%s objects, %s", listing->count,
		listing->next ? " and more" : "", text_bytes(bytes, size));
	t->empty = last == NULL;
	if (last)
		return look_into_object(t, s3, last, err);
	say(t, TEST_WARNING,
		"there is no object yet: check the prefix; pugmark ship (or aws s3 sync) on the "
		"server brings them");
	return 0;
}

/* A message is looked at and left for the collector. */
static int try_queue(struct objects_test *t, const struct try_bucket *b, struct err *err)
{
	struct sqs_batch batch;
	struct sqs_place place = {.queue_url = b->place.queue,
		.region = b->place.place.region,
		.guard = b->place.place.guard,
		.plain = b->place.place.guard == GUARD_PRIVATE_ALLOWED &&
			 strncmp(b->place.queue, "http://", 7) == 0};
	struct sqs *sqs = sqs_open(b->http, &place, b->provider, b->policy, err);
	sqs_batch_init(&batch);
	say(t, TEST_PHASE, "queue");
	int rc = sqs ? sqs_receive(sqs, 0, 1, 1, &batch, err) : -1;
	if (rc >= 0)
		say(t, TEST_OK, "the queue answers%s",
			rc ? ", and has messages" : "; there is no message in it now");
	sqs_batch_fini(&batch);
	sqs_close(sqs);
	return rc < 0 ? -1 : 0;
}

int try_bucket(const struct try_bucket *b, struct settings *settings, struct objects_test *t,
	struct err *err)
{
	struct s3_listing listing;
	struct s3 *s3 = s3_open(b->http, &b->place.place, b->provider, b->policy, err);
	s3_listing_init(&listing);
	say(t, TEST_PHASE, "bucket");
	int rc = s3 ? list_some(t, settings, &s3, b, &listing, err) : -1;
	if (rc == 0) {
		say(t, TEST_OK, "keys: %s", b->provider ? credentials_origin(b->provider) : "none");
		rc = look_at_listing(t, s3, &listing, err);
		if (rc == 0 && b->place.queue)
			rc = try_queue(t, b, err);
	} else if (s3 && s3_last(s3)->status == 403) {
		print_policy(t, &b->place);
	}
	if (rc < 0)
		say(t, TEST_FAILED, "%s", err->text);
	s3_listing_fini(&listing);
	s3_close(s3);
	return rc;
}

/* ---- folders --------------------------------------------------------------------------------- */

struct newest {
	const char *dir;
	char path[4096];
	int64_t mtime_us;
	unsigned n;
};

static int note_file(void *ctx, const char *name, struct err *err)
{
	struct newest *newest = ctx;
	struct io_info info;
	char path[4096];
	if (!object_is_wanted(slice_of(name)) ||
		(size_t)snprintf(path, sizeof(path), "%s/%s", newest->dir, name) >= sizeof(path) ||
		io_stat(path, &info, err) < 1 || !info.is_regular || info.size == 0)
		return 0;
	newest->n++;
	if (info.mtime_us >= newest->mtime_us) {
		newest->mtime_us = info.mtime_us;
		memcpy(newest->path, path, sizeof(path));
	}
	return 0;
}

static int look_into_file(struct objects_test *t, const char *path, struct err *err)
{
	char *data = xmalloc(HEAD_BYTES);
	int fd = io_open(path, O_RDONLY, 0, err);
	ssize_t n = fd < 0 ? -1 : io_read(fd, data, HEAD_BYTES, path, err);
	int rc = n < 0 ? -1 : look_into(t, path, (struct slice){data, (size_t)n}, err);
	io_close(fd);
	free(data);
	return rc;
}

int try_folder(const char *dir, struct objects_test *t, struct err *err)
{
	struct newest newest = {.dir = dir};
	say(t, TEST_PHASE, "folder");
	int rc = io_list(dir, note_file, &newest, err);
	if (rc == 0 && newest.n == 0) {
		t->empty = true;
		say(t, TEST_WARNING,
			"%s has no log files with events: is it log/audit of the product's home?",
			dir);
	} else if (rc == 0) {
		say(t, TEST_OK, "%u files", newest.n);
		rc = look_into_file(t, newest.path, err);
	}
	if (rc < 0)
		say(t, TEST_FAILED, "%s", err->text);
	return rc;
}
