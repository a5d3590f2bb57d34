/* SPDX-License-Identifier: Apache-2.0 */
/* reply.c: answers: whole ones, problems (RFC 9457), and streams through a bounded buffer. */
#include "http/private.h"

const char *status_title(unsigned status)
{
	static const struct {
		unsigned status;
		const char *title;
	} titles[] = {{400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"},
		{404, "Not Found"}, {405, "Method Not Allowed"}, {409, "Conflict"},
		{413, "Content Too Large"}, {415, "Unsupported Media Type"},
		{422, "Unprocessable Content"}, {429, "Too Many Requests"},
		{500, "Internal Server Error"}, {501, "Not Implemented"},
		{503, "Service Unavailable"}, {507, "Insufficient Storage"}};
	for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++) {
		if (titles[i].status == status)
			return titles[i].title;
	}
	return "Error";
}

void reply_done(struct request *r, unsigned status, const char *type)
{
	r->status = status;
	r->type = type;
	r->form = REPLY_WHOLE;
}

int reply_made(struct request *r, int rc, const char *end, struct err *err)
{
	if (rc < 0)
		return -1;
	buf_puts(&r->out, end);
	buf_push(&r->out, '\n');
	if (r->out.full)
		return err_set(err, ERR_LIMIT, "the answer is too long");
	reply_done(r, 200, "application/json");
	return 0;
}

int reply_from_store(struct request *r,
	int (*make)(struct store *store, struct buf *out, struct err *err), struct err *err)
{
	struct store *store;
	if (request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	int rc = make(store, &r->out, err);
	store_close(store);
	return reply_made(r, rc, "", err);
}

int reply_removed(struct request *r, int rc)
{
	if (rc < 0)
		return -1;
	buf_clear(&r->out);
	buf_puts(&r->out, "{\"removed\":");
	text_json_string(&r->out, slice_of(r->id));
	buf_puts(&r->out, "}\n");
	reply_done(r, 200, "application/json");
	return 0;
}

void reply_problem(struct request *r, unsigned status, const char *detail, const char *more)
{
	buf_clear(&r->out);
	buf_printf(&r->out, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u",
		status_title(status), status);
	text_json_member(&r->out, "detail", detail);
	buf_puts(&r->out, more ? more : "");
	buf_puts(&r->out, "}\n");
	reply_done(r, status, "application/problem+json");
}

void reply_error(struct request *r, const struct err *err)
{
	static const struct {
		enum err_kind kind;
		unsigned status;
	} kinds[] = {{ERR_USAGE, 400}, {ERR_FORMAT, 400}, {ERR_NOT_FOUND, 404}, {ERR_LIMIT, 413},
		{ERR_BUSY, 503}, {ERR_INTERRUPTED, 503}, {ERR_NO_SPACE, 507},
		{ERR_UNSUPPORTED, 501}};
	unsigned status = 500;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		status = kinds[i].kind == err->kind ? kinds[i].status : status;
	if (r->late && err->kind == ERR_INTERRUPTED) {
		reply_problem(r, 422,
			"it took longer than it may, and was stopped: narrow it (since=, until=), "
			"or "
			"give it more time (timeout=)",
			NULL);
		return;
	}
	if (status == 500)
		log_error("%s %s: %s", r->route->method, r->route->path, err->text);
	r->retry_after = status == 503 ? 1 : 0;
	reply_problem(r, status, err->text, NULL);
}

void request_wake(struct request *r)
{
	if (r->parked) {
		r->parked = false;
		MHD_resume_connection(r->connection);
	}
}

void stream_begin(struct request *r, const char *type)
{
	pthread_mutex_lock(&r->lock);
	buf_clear(&r->out);
	r->taken = 0;
	r->status = 200;
	r->type = type;
	r->form = REPLY_STREAM;
	pthread_mutex_unlock(&r->lock);
}

/* One piece, of which all fits into an empty buffer. */
static int put(struct request *r, struct slice bytes, struct err *err)
{
	pthread_mutex_lock(&r->lock);
	while (!r->stop && r->out.len > 0 && r->out.len - r->taken + bytes.len > HTTP_PENDING) {
		r->stalled = clock_mono_us();
		pthread_cond_wait(&r->room, &r->lock);
	}
	r->stalled = 0;
	bool stopped = r->stop;
	if (!stopped) {
		if (r->taken == r->out.len) {
			buf_clear(&r->out);
			r->taken = 0;
		}
		buf_slice(&r->out, bytes);
		request_wake(r);
	}
	pthread_mutex_unlock(&r->lock);
	return stopped ? err_set(err, ERR_INTERRUPTED, "the client has gone") : 0;
}

int stream_write(struct request *r, struct slice bytes, struct err *err)
{
	if (r->head) /* its head is all that it wants */
		return r->stop ? err_set(err, ERR_INTERRUPTED, "the client has gone") : 0;
	while (bytes.len > 0) {
		struct slice part = {
			bytes.ptr, bytes.len < HTTP_PENDING ? bytes.len : HTTP_PENDING};
		if (put(r, part, err) < 0)
			return -1;
		bytes.ptr += part.len;
		bytes.len -= part.len;
	}
	return 0;
}

void stream_end(struct request *r, bool broken)
{
	pthread_mutex_lock(&r->lock);
	r->broken |= broken;
	r->ended = true;
	request_wake(r);
	pthread_mutex_unlock(&r->lock);
}
