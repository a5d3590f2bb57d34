/* SPDX-License-Identifier: Apache-2.0 */
/* s3_object.c: whole objects and ranges of them. What comes is checked against what was asked for
 * before the caller sees a byte of it. */
#include <strings.h>

#include "base/base.h"
#include "net/s3_private.h"

enum { RESUMES = 200 }; /* of one read; each must have brought bytes */

bool s3_is_cold(struct slice class)
{
	return slice_eq(class, SLICE("GLACIER")) || slice_eq(class, SLICE("DEEP_ARCHIVE"));
}

int64_t s3_time(struct slice text)
{
	int64_t begin, end;
	if (text.len >= 19 && text.ptr[4] == '-')
		return clock_parse(text, 0, &begin, &end) == 0 ? begin : 0;
	return retry_date(text, 0);
}

void s3_read_facts(const struct http_reply *reply, struct s3_facts *facts)
{
	struct slice etag = http_header(reply, "etag", 0);
	int64_t size;
	if (text_parse_int(http_header(reply, "content-length", 0), &size) == 0 && size >= 0)
		facts->size = (uint64_t)size;
	facts->modified_us = s3_time(http_header(reply, "last-modified", 0));
	facts->cold = s3_is_cold(http_header(reply, "x-amz-storage-class", 0)) &&
		      !http_header(reply, "x-amz-restore", 0).ptr;
	facts->etag[0] = 0;
	if (etag.len < sizeof(facts->etag) && etag.len > 0) {
		memcpy(facts->etag, etag.ptr, etag.len);
		facts->etag[etag.len] = 0;
	}
}

int s3_head(struct s3 *s3, struct slice key, struct s3_facts *facts, struct err *err)
{
	struct s3_call call = {.doing = S3_READING, .method = "HEAD", .key = key};
	memset(facts, 0, sizeof(*facts));
	if (s3_send(s3, &call, err) < 0)
		return -1;
	if (s3->reply.status == 404)
		return 0;
	if (s3->reply.status != 200)
		return s3_explain(s3, &call, err);
	s3_read_facts(&s3->reply, facts);
	return 1;
}

/* A read that may take several requests. */
struct reading {
	const struct s3_get *what;
	struct s3_facts *facts;
	uint64_t asked_from; /* of the request that runs */
	bool checked;        /* its reply is the range that was asked for */
	bool other;          /* its reply is another object than the one asked for */
	bool enough;         /* it was broken off, since it goes on beyond the range */
};

/* The tag itself: without quotes, and without W/, which gateways that pack replies put in front. */
static struct slice bare(struct slice etag)
{
	if (etag.len > 2 && etag.ptr[0] == 'W' && etag.ptr[1] == '/')
		etag = (struct slice){etag.ptr + 2, etag.len - 2};
	if (etag.len > 1 && etag.ptr[0] == '"' && etag.ptr[etag.len - 1] == '"')
		etag = (struct slice){etag.ptr + 1, etag.len - 2};
	return etag;
}

static bool same_etag(const char *a, const char *b)
{
	return slice_eq(bare(slice_of(a)), bare(slice_of(b)));
}

/* As If-Match has it: in quotes. */
static const char *write_match(const char *etag, char out[S3_ETAG + 4])
{
	struct slice tag = bare(slice_of(etag));
	if (strcmp(etag, "*") == 0)
		return "*";
	snprintf(out, S3_ETAG + 4, "\"%.*s\"", SLICE_ARG(tag));
	return out;
}

/* "bytes 5-9/100": the first byte and the whole size; "bytes * /100" has none. */
static bool read_range(struct slice value, uint64_t *from, uint64_t *total)
{
	int64_t first, last, all;
	const char *slash = value.ptr ? memchr(value.ptr, '/', value.len) : NULL;
	if (!value.ptr || !slash || value.len < 8 || strncasecmp(value.ptr, "bytes ", 6) != 0)
		return false;
	struct slice span = {value.ptr + 6, (size_t)(slash - value.ptr) - 6};
	struct slice whole = {slash + 1, value.len - (size_t)(slash + 1 - value.ptr)};
	if (text_parse_int(whole, &all) < 0 || all < 0)
		return false;
	*total = (uint64_t)all;
	if (slice_eq(span, SLICE("*")))
		return true;
	const char *dash = memchr(span.ptr, '-', span.len);
	if (!dash ||
		text_parse_int((struct slice){span.ptr, (size_t)(dash - span.ptr)}, &first) < 0 ||
		text_parse_int((struct slice){dash + 1, span.len - (size_t)(dash + 1 - span.ptr)},
			&last) < 0 ||
		first < 0 || last < first || last >= all)
		return false;
	*from = (uint64_t)first;
	return true;
}

static int check_range(struct reading *r, const struct http_reply *reply, struct err *err)
{
	struct s3_facts now = {0};
	uint64_t from = 0;
	s3_read_facts(reply, &now);
	if (reply->status == 206 &&
		!read_range(http_header(reply, "content-range", 0), &from, &now.size))
		return err_set(err, ERR_FORMAT, "the server does not say which bytes it sends");
	if (from != r->asked_from)
		return err_set(err, ERR_UNSUPPORTED,
			"the server sends other bytes than were asked for: it does not know "
			"ranges");
	const char *match = r->what->if_match;
	/* Not every server knows If-Match. */
	r->other = match && strcmp(match, "*") != 0 && now.etag[0] && !same_etag(now.etag, match);
	if (r->other)
		return err_set(err, ERR_BUSY, "the object was changed since it was listed");
	if (r->facts->bytes > 0 &&
		(now.size != r->facts->size || !same_etag(now.etag, r->facts->etag)))
		return err_set(err, ERR_BUSY, "the object was changed while it was read");
	uint64_t bytes = r->facts->bytes;
	*r->facts = now;
	r->facts->bytes = bytes;
	r->checked = true;
	return 0;
}

static int take_data(void *ctx, const struct http_reply *reply, struct slice data, struct err *err)
{
	struct reading *r = ctx;
	if (!r->checked && check_range(r, reply, err) < 0)
		return -1;
	uint64_t left = r->what->count ? r->what->count - r->facts->bytes : UINT64_MAX;
	r->enough = data.len > left; /* a whole object in answer to a range from 0 */
	if (r->enough)
		data.len = (size_t)left;
	if (data.len && r->what->on_data(r->what->ctx, data, err) < 0)
		return r->enough = false, -1;
	r->facts->bytes += data.len;
	return r->enough ? -1 : 0;
}

/* Whether all that was asked for has been given. */
static bool is_whole(const struct reading *r)
{
	uint64_t there = r->facts->size > r->what->from ? r->facts->size - r->what->from : 0;
	uint64_t want = r->what->count && r->what->count < there ? r->what->count : there;
	return r->facts->bytes == want;
}

struct actual {
	uint64_t size;
	bool found;
};

static int take_actual(void *ctx, const char *path, struct slice text, struct err *err)
{
	struct actual *actual = ctx;
	int64_t size;
	(void)err;
	if (strcmp(path, "Error/ActualObjectSize") == 0 && text_parse_int(text, &size) == 0 &&
		size >= 0)
		*actual = (struct actual){(uint64_t)size, true};
	return 0;
}

/* The object's size in a refusal of a range: most say it in a header, AWS in the body. */
static bool read_actual(const struct http_reply *reply, uint64_t *size)
{
	struct actual actual = {0};
	struct err unheard;
	uint64_t none;
	if (read_range(http_header(reply, "content-range", 0), &none, size))
		return true;
	if (reply->body.len == 0 ||
		net_xml_read(buf_view(&reply->body), take_actual, &actual, &unheard) < 0)
		return false;
	*size = actual.size;
	return actual.found;
}

/* A range that the server has nothing in: 0 where reading ends there, which is no error. */
static int end_of_range(
	struct s3 *s3, const struct s3_call *call, struct reading *r, struct err *err)
{
	struct s3_facts there;
	uint64_t size = 0;
	bool known = read_actual(&s3->reply, &size);
	if (!known && r->asked_from > 0) { /* Swift says nothing: it is asked */
		int found = s3_head(s3, call->key, &there, err);
		if (found < 0)
			return -1;
		if (found == 0)
			return err_set(err, ERR_NOT_FOUND, "bucket %s: there is no such object",
				s3->bucket);
		if (r->what->if_match && !same_etag(there.etag, r->what->if_match))
			return err_set(err, ERR_BUSY,
				"bucket %s: the object was changed since it was listed",
				s3->bucket);
		size = there.size;
		s3->reply.status = 416;
	}
	if (size != r->what->from && (known || r->asked_from > 0))
		return s3_explain(s3, call, err);
	r->facts->size = size;
	return 0;
}

static int read_once(struct s3 *s3, struct slice key, struct reading *r, struct err *err)
{
	const struct s3_get *what = r->what;
	struct http_header headers[2];
	struct s3_call call = {.doing = S3_READING,
		.method = "GET",
		.key = key,
		.headers = headers,
		.on_body = take_data,
		.ctx = r};
	char range[64], match[S3_ETAG + 4];
	const char *etag = what->if_match                         ? what->if_match
			   : r->facts->bytes && r->facts->etag[0] ? r->facts->etag
								  : NULL;
	r->asked_from = what->from + r->facts->bytes;
	r->checked = r->enough = false;
	if (what->count)
		snprintf(range, sizeof(range), "bytes=%llu-%llu", (unsigned long long)r->asked_from,
			(unsigned long long)(what->from + what->count - 1));
	else
		snprintf(range, sizeof(range), "bytes=%llu-", (unsigned long long)r->asked_from);
	if (what->count || r->asked_from)
		headers[call.header_count++] = (struct http_header){"Range", range};
	if (etag)
		headers[call.header_count++] =
			(struct http_header){"If-Match", write_match(etag, match)};
	if (s3_send(s3, &call, err) < 0) {
		if (r->enough)
			return 0;
		if (r->other)
			snprintf(s3->end.code, sizeof(s3->end.code), "PreconditionFailed");
		return -1;
	}
	if (s3->reply.status == 200 || s3->reply.status == 206)
		return r->checked ? 0 : check_range(r, &s3->reply, err); /* it was empty */
	if (s3->reply.status == 416)
		return end_of_range(s3, &call, r, err);
	return s3_explain(s3, &call, err);
}

int s3_get(struct s3 *s3, struct slice key, const struct s3_get *what, struct s3_facts *facts,
	struct err *err)
{
	struct reading r = {.what = what, .facts = facts};
	memset(facts, 0, sizeof(*facts));
	if (what->count && what->from > UINT64_MAX - what->count)
		return err_set(err, ERR_USAGE, "a range ends beyond 2^64");
	for (int i = 0;; i++) {
		uint64_t before = facts->bytes;
		if (read_once(s3, key, &r, err) == 0)
			break;
		bool broke = s3->end.failure == HTTP_CUT || s3->end.failure == HTTP_TIMEOUT;
		if (!broke || facts->bytes == before || i == RESUMES || !facts->etag[0])
			return -1;
		if (is_whole(&r))
			return 0;
	}
	if (!s3->reply.end_known && !is_whole(&r))
		return err_set(
			err, ERR_IO, "the object ended early: the server does not mark its end");
	if (!is_whole(&r))
		return err_set(err, ERR_IO, "the object ended early: %llu of its bytes came",
			(unsigned long long)facts->bytes);
	return 0;
}

int s3_put(struct s3 *s3, struct slice key, struct slice body, const struct http_header *headers,
	size_t header_count, struct err *err)
{
	struct s3_call call = {.doing = S3_WRITING,
		.method = "PUT",
		.key = key,
		.headers = headers,
		.header_count = header_count,
		.body = {body.ptr ? body.ptr : "", body.len}};
	struct s3_facts facts = {0};
	if (s3_do(s3, &call, err) < 0)
		return -1;
	s3_read_facts(&s3->reply, &facts);
	if (facts.etag[0])
		return 0;
	/* A login page says 200 to everything. */
	return err_set(err, ERR_FORMAT,
		"bucket %s: what answered did not say that it keeps the object: is this an S3 "
		"endpoint?",
		s3->bucket);
}

int s3_delete(struct s3 *s3, struct slice key, struct err *err)
{
	struct s3_call call = {.doing = S3_DELETING, .method = "DELETE", .key = key};
	if (s3_send(s3, &call, err) < 0)
		return -1;
	if (s3->reply.status == 404 || s3->reply.status / 100 == 2)
		return 0;
	return s3_explain(s3, &call, err);
}
