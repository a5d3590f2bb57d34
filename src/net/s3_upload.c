/* SPDX-License-Identifier: Apache-2.0 */
/* s3_upload.c: objects written in parts. */
#include <stdlib.h>

#include "base/base.h"
#include "net/s3_private.h"

struct answer {
	const char *path; /* of the element that is wanted */
	char *to;
	size_t size;
	bool found, refused; /* an Error came with status 200 */
};

static int take_element(void *ctx, const char *path, struct slice text, struct err *err)
{
	struct answer *answer = ctx;
	(void)err;
	if (strcmp(path, "Error") == 0)
		answer->refused = true;
	if (strcmp(path, answer->path) == 0 && text.len > 0 && text.len < answer->size) {
		memcpy(answer->to, text.ptr, text.len);
		answer->to[text.len] = 0;
		answer->found = true;
	}
	return 0;
}

static void upload_fini(struct s3_upload *upload)
{
	free(upload->etags);
	arena_fini(&upload->mem);
	memset(upload, 0, sizeof(*upload));
}

int s3_upload_begin(struct s3 *s3, struct slice key, const struct http_header *headers,
	size_t header_count, struct s3_upload *upload, struct err *err)
{
	struct s3_call call = {.doing = S3_WRITING,
		.method = "POST",
		.key = key,
		.query = SLICE("uploads="),
		.headers = headers,
		.header_count = header_count,
		.body = SLICE(""),
		.repeatable = true};
	struct answer answer = {"InitiateMultipartUploadResult/UploadId", upload->id,
		sizeof(upload->id), false, false};
	memset(upload, 0, sizeof(*upload));
	if (s3_do(s3, &call, err) < 0)
		return -1;
	if (net_xml_read(buf_view(&s3->reply.body), take_element, &answer, err) < 0)
		return err_context(err, "bucket %s", s3->bucket);
	if (!answer.found)
		return err_set(
			err, ERR_FORMAT, "bucket %s: the upload was given no id", s3->bucket);
	upload->key = (struct slice){arena_strdup(&upload->mem, key), key.len};
	return 0;
}

/* "partNumber=2&uploadId=…" */
static void write_query(struct buf *query, const struct s3_upload *upload, unsigned number)
{
	buf_init(query, URL_MOST / 2);
	if (number)
		buf_printf(query, "partNumber=%u&", number);
	buf_puts(query, "uploadId=");
	http_escape(query, slice_of(upload->id), false);
}

static void make_room(struct s3_upload *upload, unsigned number)
{
	if (number <= upload->cap)
		return;
	unsigned cap = number > 2 * upload->cap ? number + 8 : 2 * upload->cap;
	upload->etags = xrealloc(upload->etags, cap * sizeof(*upload->etags));
	memset(upload->etags + upload->cap, 0, (cap - upload->cap) * sizeof(*upload->etags));
	upload->cap = cap;
}

int s3_upload_part(struct s3 *s3, struct s3_upload *upload, unsigned number, struct slice body,
	struct err *err)
{
	struct s3_facts facts = {0};
	struct buf query;
	if (number < 1 || number > S3_PARTS_MOST)
		return err_set(err, ERR_LIMIT, "an object has at most 10,000 parts");
	write_query(&query, upload, number);
	struct s3_call call = {.doing = S3_WRITING,
		.method = "PUT",
		.key = upload->key,
		.query = buf_view(&query),
		.body = {body.ptr ? body.ptr : "", body.len}};
	int status = s3_do(s3, &call, err);
	buf_fini(&query);
	if (status < 0)
		return -1;
	s3_read_facts(&s3->reply, &facts);
	if (!facts.etag[0])
		return err_set(err, ERR_FORMAT, "bucket %s: part %u was given no ETag", s3->bucket,
			number);
	make_room(upload, number);
	memcpy(upload->etags[number - 1], facts.etag, sizeof(facts.etag));
	if (number > upload->parts)
		upload->parts = number;
	return 0;
}

/* ETags are the server's text: they go back as XML. */
static void write_text(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			buf_puts(out, "&amp;");
		else if (*text == '<')
			buf_puts(out, "&lt;");
		else if (*text == '"')
			buf_puts(out, "&quot;");
		else
			buf_push(out, *text);
	}
}

static int complete(
	struct s3 *s3, const struct s3_upload *upload, struct slice body, struct err *err)
{
	char etag[S3_ETAG];
	struct buf query;
	struct answer answer = {
		"CompleteMultipartUploadResult/ETag", etag, sizeof(etag), false, false};
	write_query(&query, upload, 0);
	/* Sent twice it is answered with NoSuchUpload, though all is well: asked once only. */
	struct s3_call call = {.doing = S3_WRITING,
		.method = "POST",
		.key = upload->key,
		.query = buf_view(&query),
		.body = body};
	int status = s3_do(s3, &call, err);
	buf_fini(&query);
	if (status < 0)
		return -1;
	if (net_xml_read(buf_view(&s3->reply.body), take_element, &answer, err) < 0)
		return err_context(err, "bucket %s", s3->bucket);
	/* The server begins its reply before it knows: status 200 may carry a refusal. */
	if (answer.refused)
		return s3_explain(s3, &call, err);
	if (!answer.found)
		return err_set(err, ERR_FORMAT,
			"bucket %s: it is not said whether the object was made", s3->bucket);
	return 0;
}

int s3_upload_end(struct s3 *s3, struct s3_upload *upload, struct err *err)
{
	struct buf body;
	struct err unheard;
	int status = 0;
	buf_init(&body, (size_t)S3_PARTS_MOST * (S3_ETAG * 6 + 64) + 64);
	buf_puts(&body, "<CompleteMultipartUpload>");
	for (unsigned i = 0; i < upload->parts && status == 0; i++) {
		if (!upload->etags[i][0])
			status = err_set(err, ERR_USAGE, "part %u was not sent", i + 1);
		buf_printf(&body, "<Part><PartNumber>%u</PartNumber><ETag>", i + 1);
		write_text(&body, upload->etags[i]);
		buf_puts(&body, "</ETag></Part>");
	}
	buf_puts(&body, "</CompleteMultipartUpload>");
	if (upload->parts == 0)
		status = err_set(err, ERR_USAGE, "no part was sent");
	if (status == 0)
		status = complete(s3, upload, buf_view(&body), err);
	buf_fini(&body);
	if (status < 0)
		return s3_upload_abort(s3, upload, &unheard), -1;
	upload_fini(upload);
	return 0;
}

int s3_upload_abort(struct s3 *s3, struct s3_upload *upload, struct err *err)
{
	struct buf query;
	write_query(&query, upload, 0);
	struct s3_call call = {.doing = S3_WRITING,
		.method = "DELETE",
		.key = upload->key,
		.query = buf_view(&query)};
	struct s3_end before = s3->end;
	int status = s3_send(s3, &call, err);
	if (status == 0 && s3->reply.status / 100 != 2 && s3->reply.status != 404)
		status = s3_explain(s3, &call, err);
	else
		s3->end = before; /* why it was aborted is of more interest */
	buf_fini(&query);
	upload_fini(upload);
	return status;
}
