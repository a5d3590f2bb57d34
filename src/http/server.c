/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.c: libmicrohttpd's side: sockets, heads, bodies, answers. What a head must be is looked at before a byte of the body is kept:
 * framing, host, route, method, origin, who asks, role, type, arguments, in this order.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "http/head.h"
#include "http/job.h"
#include "http/page.h"
#include "http/private.h"
#include "http/server.h"
#include "http/tls.h"
#include "json/json.h"

struct server {
	const struct http_options *options;
	struct hosts hosts;
	struct gate *gate;
	struct limits *limits;
	struct notes *notes;
	struct work *work;
	struct jobs *jobs;
	struct tls *tls; /* NULL = none */
	struct peers peers;
};

static _Atomic size_t bodies; /* bytes of all of them at hand */

const struct http_options *request_options(const struct request *r)
{
	return r->server->options;
}

struct jobs *request_jobs(const struct request *r)
{
	return r->server->jobs;
}

void request_stays(struct request *r)
{
	peers_stay(&r->server->peers, r->fd);
}

struct gate *request_gate(const struct request *r)
{
	return r->server->gate;
}

struct limits *request_limits(const struct request *r)
{
	return r->server->limits;
}

struct notes *request_notes(const struct request *r)
{
	return r->server->notes;
}

bool accepts_lines(const struct request *r)
{
	return accepts(r->accept, "application/x-ndjson");
}

/* ---- requests -------------------------------------------------------------------------------- */

static struct request *request_new(struct server *server, struct MHD_Connection *connection)
{
	struct request *r = xcalloc(1, sizeof(*r));
	r->server = server;
	r->connection = connection;
	r->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->room, NULL);
	buf_init(&r->out, (size_t)1 << 30);
	return r;
}

static bool is_object(const struct request *r)
{
	return r->route->body == BODY_JSON || r->route->body == BODY_PASSWORD;
}

void request_free(struct request *r)
{
	if (r->followed)
		jobs_leave(r->server->jobs, r);
	bodies -= r->accounted;
	if (r->body.ptr && r->route && is_object(r))
		explicit_bzero(r->body.ptr, r->body.cap); /* it may hold a secret */
	buf_fini(&r->body);
	buf_fini(&r->out);
	arena_fini(&r->mem);
	pthread_cond_destroy(&r->room);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

const char *request_header(const struct request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

static void note_address(struct request *r)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	address_text(info->client_addr, r->from);
	address_network(info->client_addr, r->network);
}

/* ---- answers --------------------------------------------------------------------------------- */

static ssize_t read_stream(void *ctx, uint64_t at, char *to, size_t most)
{
	struct request *r = ctx;
	ssize_t n = 0;
	(void)at;
	pthread_mutex_lock(&r->lock);
	size_t left = r->out.len - r->taken;
	if (left > 0) {
		n = (ssize_t)(left < most ? left : most);
		memcpy(to, r->out.ptr + r->taken, (size_t)n);
		r->taken += (size_t)n;
		pthread_cond_signal(&r->room);
	} else if (r->ended) {
		n = r->broken ? MHD_CONTENT_READER_END_WITH_ERROR
			      : MHD_CONTENT_READER_END_OF_STREAM;
	} else {
		r->parked = true;
		MHD_suspend_connection(r->connection);
	}
	pthread_mutex_unlock(&r->lock);
	return n;
}

static void add_headers(struct MHD_Response *response, const struct request *r)
{
	static const char *const always[][2] = {{"X-Content-Type-Options", "nosniff"},
		{"Cache-Control", "no-store"},
		{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Resource-Policy", "same-origin"}};
	char text[16];
	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		MHD_add_response_header(response, always[i][0], always[i][1]);
	if (r->type)
		MHD_add_response_header(response, "Content-Type", r->type);
	if (r->disposition && r->status == 200)
		MHD_add_response_header(response, "Content-Disposition", r->disposition);
	if (r->cookie)
		MHD_add_response_header(response, "Set-Cookie", r->cookie);
	if (r->server->tls && !r->local) /* "localhost" is the name of other servers too */
		MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
	if (r->status == 401)
		MHD_add_response_header(response, "WWW-Authenticate", "Bearer realm=\"pugmark\"");
	if (r->retry_after) {
		snprintf(text, sizeof(text), "%u", r->retry_after);
		MHD_add_response_header(response, "Retry-After", text);
	}
}

static enum MHD_Result answer_with(struct request *r, const char *allow)
{
	struct MHD_Response *response;
	unsigned status = r->status;
	if (r->form == REPLY_STREAM)
		response = MHD_create_response_from_callback(
			MHD_SIZE_UNKNOWN, 64 << 10, read_stream, r, NULL);
	else
		response = MHD_create_response_from_buffer(
			r->out.len, r->out.ptr, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	add_headers(response, r);
	if (allow)
		MHD_add_response_header(response, "Allow", allow);
	/* libmicrohttpd takes an LF alone for the end of a chunk's line, where others may see none: nothing behind is answered. */
	if (r->chunked)
		MHD_add_response_header(response, "Connection", "close");
	metrics_count(r->route, status);
	enum MHD_Result rc = MHD_queue_response(r->connection, status, response);
	MHD_destroy_response(response);
	return rc;
}

static enum MHD_Result refuse_with(
	struct request *r, unsigned status, const char *why, const char *more)
{
	r->retry_after = status == 503 ? 1 : 0;
	if (status == 403)
		notes_refused(r->server->notes, r, r->who, why);
	reply_problem(r, status, why, more);
	return answer_with(r, NULL);
}

static enum MHD_Result refuse(struct request *r, unsigned status, const char *why)
{
	return refuse_with(r, status, why, NULL);
}

/* ---- the head -------------------------------------------------------------------------------- */

struct arguments {
	struct request *r;
	const char *wrong;
};

static enum MHD_Result note_argument(void *ctx, enum MHD_ValueKind kind, const char *name,
	size_t nname, const char *value, size_t nvalue)
{
	struct arguments *a = ctx;
	struct request *r = a->r;
	(void)kind;
	value = value ? value : "";
	if (r->nargs == HTTP_ARGS || memchr(name, '\0', nname) || memchr(value, '\0', nvalue) ||
		!text_utf8_valid((struct slice){value, nvalue})) {
		a->wrong = "the query string has too many arguments, or characters that are none";
		return MHD_NO;
	}
	name = arena_strdup(&r->mem, (struct slice){name, nname});
	if (!route_takes(r->route, name) || arg(r, name)) {
		a->wrong = arena_printf(&r->mem,
			arg(r, name) ? "the argument %.40s stands there twice"
				     : "there is no argument %.40s here: docs/api.md has them",
			name);
		return MHD_NO;
	}
	r->args[r->nargs++] =
		(struct http_arg){name, arena_strdup(&r->mem, (struct slice){value, nvalue})};
	return MHD_YES;
}

static size_t body_most(const struct request *r)
{
	return r->route->body == BODY_LIST   ? HTTP_BODY_LARGE
	       : r->route->body == BODY_HOOK ? HTTP_BODY_HOOK
	       : is_object(r)                ? HTTP_BODY_SMALL
					     : 0;
}

/* What a delivery to a hook proves itself with; false where there is nothing of the kind: its body is not even read. */
static bool take_proof(struct request *r)
{
	const char *signature = request_header(r, "X-Hub-Signature-256"),
		   *bearer = request_header(r, "Authorization");
	if (signature)
		r->signature = arena_strdup(&r->mem, slice_of(signature));
	else if (bearer && strncasecmp(bearer, "Bearer ", 7) == 0)
		r->bearer = arena_strdup(&r->mem, slice_of(bearer + 7 + strspn(bearer + 7, " ")));
	return r->signature || r->bearer;
}

static unsigned check_body(struct request *r, const char **why)
{
	const char *length = request_header(r, "Content-Length");
	int64_t n = 0;
	*why = "the Content-Length is no number";
	if (length && (text_parse_int(slice_of(length), &n) < 0 || n < 0))
		return 400;
	*why = arena_printf(&r->mem, "the body is too long: %zu bytes at most", body_most(r));
	if ((uint64_t)n > body_most(r))
		return 413;
	*why = "the body must be application/json";
	if (is_object(r) && !type_is(request_header(r, "Content-Type"), "application/json"))
		return 415;
	return 0;
}

/* Everything but the body. The answer to a refusal is queued; r->route is NULL then where no route was found. */
static enum MHD_Result check_head(
	struct request *r, const char *url, const char *method, const char *version, bool *refused)
{
	char allowed[ROUTE_ALLOWED];
	const char *why = framing_wrong(r, method, version), *more = NULL,
		   *host = request_header(r, "Host");
	unsigned status;
	*refused = true;
	note_address(r);
	r->method = arena_strdup(&r->mem, slice_of(method));
	r->path = arena_printf(&r->mem, "%.200s", url);
	r->local = host && strncasecmp(host, "localhost", 9) == 0;
	if (why)
		return refuse(r, 400, why);
	if (!hosts_have(&r->server->hosts, host))
		return refuse(r, 403,
			"the Host of this request is not one of this server: pugmark serve --host "
			"NAME "
			"adds one");
	r->head = strcmp(method, "HEAD") == 0;
	r->page = r->head || strcmp(method, "GET") == 0 ? page_find(url) : NULL;
	if (r->page) {
		const char *length = request_header(r, "Content-Length");
		if (r->chunked || (length && strcmp(length, "0") != 0))
			return refuse(r, 413, "no body is taken here");
		buf_init(&r->body, 0);
		*refused = false;
		return MHD_YES;
	}
	r->route = route_find(method, url, r->id, allowed);
	if (!r->route && !*allowed)
		return refuse(r, 404, "there is no such path: docs/api.md has all of them");
	if (!r->route) {
		reply_problem(r, 405, "this path does not take this method", NULL);
		return answer_with(r, allowed);
	}
	if ((status = who_check(r, &why, &more)) != 0 || (status = check_body(r, &why)) != 0)
		return refuse_with(r, status, why, more);
	struct arguments arguments = {.r = r};
	MHD_get_connection_values_n(
		r->connection, MHD_GET_ARGUMENT_KIND, note_argument, &arguments);
	if (arguments.wrong)
		return refuse(r, 400, arguments.wrong);
	r->accept = request_header(r, "Accept");
	r->accept = r->accept ? arena_strdup(&r->mem, slice_of(r->accept)) : NULL;
	if (r->route->body == BODY_HOOK && !take_proof(r))
		return refuse(r, 401,
			"a hook takes what is signed with its secret: X-Hub-Signature-256: "
			"sha256=…, or Authorization: Bearer SECRET");
	buf_init(&r->body, body_most(r));
	*refused = false;
	return MHD_YES;
}

/* ---- the body -------------------------------------------------------------------------------- */

/* A body that is too long although it did not say so is read past, so that its sender hears why; but not far. */
static enum MHD_Result take_body(struct request *r, const char *data, size_t n)
{
	if (r->passed > 0 || bodies + n > HTTP_BODIES_MOST || buf_append(&r->body, data, n) < 0) {
		r->passed += n;
		return r->passed > HTTP_BODY_PASSED ? MHD_NO : MHD_YES;
	}
	r->accounted += n;
	bodies += n;
	return MHD_YES;
}

/* All is there: to a worker, or answered here where that needs no waiting. */
static enum MHD_Result hand_over(struct request *r)
{
	if (r->passed > 0)
		return refuse(r, 413, "the body is too long, or too many long ones come at once");
	if (r->page) {
		unsigned status = page_answer(r->connection, r->page, r->server->tls && !r->local);
		metrics_count(NULL, status);
		return status ? MHD_YES : MHD_NO;
	}
	if (is_object(r)) {
		struct slice body = buf_view(&r->body);
		size_t at = json_blanks(body, 0);
		if (json_validate(body, NULL) < 0 || at >= body.len || body.ptr[at] != '{')
			return refuse(r, 400, "the body is no JSON object");
	}
	if (r->route->handle == handle_health) {
		(void)handle_health(r, NULL);
		return answer_with(r, NULL);
	}
	if (work_add(r->server->work, r))
		return MHD_YES;
	return refuse(r, 503, "too many requests wait: try again in a moment");
}

/* ---- libmicrohttpd's calls --------------------------------------------------------------------- */

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *n, void **state)
{
	struct server *server = ctx;
	struct request *r = *state;
	bool refused;
	if (!r) {
		*state = r = request_new(server, connection);
		enum MHD_Result rc = check_head(r, url, method, version, &refused);
		const char *length = request_header(r, "Content-Length");
		peers_phase(&server->peers, connection, PEER_BODY,
			length ? strtoull(length, NULL, 10) : 0);
		return rc;
	}
	if (*n > 0) {
		enum MHD_Result rc = take_body(r, data, *n);
		*n = 0;
		return rc;
	}
	if (r->form != REPLY_NONE)
		return answer_with(r, NULL);
	peers_phase(&server->peers, connection, PEER_ANSWER, 0);
	return hand_over(r);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode why)
{
	struct server *server = ctx;
	(void)why;
	peers_phase(&server->peers, connection, PEER_HEAD, 0);
	if (*state)
		work_forget(server->work, *state);
	*state = NULL;
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_ctx,
	enum MHD_ConnectionNotificationCode code)
{
	struct server *server = ctx;
	bool opened = code == MHD_CONNECTION_NOTIFY_STARTED;
	metrics_connection(opened ? 1 : -1);
	if (opened)
		*socket_ctx = peers_add(&server->peers, connection);
	else
		peers_remove(&server->peers, *socket_ctx);
}

static enum MHD_Result on_accept(void *ctx, const struct sockaddr *address, socklen_t n)
{
	struct server *server = ctx;
	(void)n;
	return peers_room(&server->peers, address) ? MHD_YES : MHD_NO;
}

static void on_log(void *ctx, const char *fmt, va_list args)
{
	char text[500];
	(void)ctx;
	vsnprintf(text, sizeof(text), fmt, args);
	log_debug("%s", text);
}

/* ---- the service ----------------------------------------------------------------------------- */

static struct MHD_Daemon *start(struct server *server, int fd)
{
	struct MHD_OptionItem tls[TLS_OPTIONS];
	unsigned flags =
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	tls_options(server->tls, tls);
	return MHD_start_daemon(flags | (server->tls ? MHD_USE_TLS : 0), 0, on_accept, server,
		on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, connections_most(),
		MHD_OPTION_CONNECTION_TIMEOUT, 2u * HTTP_HEAD_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)HTTP_HEAD, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK,
		layout_note, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

static void watch(struct server *server)
{
	enum { TICK_US = 100 * 1000 };
	for (unsigned tick = 0; !*server->options->stop; tick++) {
		usleep(TICK_US);
		work_watch(server->work);
		if (tick % 5 == 0)
			peers_expire(&server->peers);
		if (tick % 20 == 0)
			tls_refresh(server->tls);
	}
}

static int names_of(struct server *server, const char *address, uint16_t port, struct err *err)
{
	hosts_of(&server->hosts, address, port);
	for (const char *const *host = server->options->hosts; host && *host; host++) {
		if (hosts_add(&server->hosts, *host, port, err) < 0)
			return -1;
	}
	return 0;
}

static int serve(struct server *server, int fd, struct err *err)
{
	peers_init(&server->peers, server->options->per_address);
	server->limits = limits_new();
	server->notes = notes_new(server->options->data);
	server->gate = gate_new(server->options->data);
	server->work = work_new();
	server->jobs = jobs_new(server->options->data, server->options->job_args);
	struct MHD_Daemon *daemon = start(server, fd);
	if (daemon)
		watch(server);
	work_end(server->work);
	jobs_end(server->jobs);
	if (daemon)
		MHD_stop_daemon(daemon);
	else
		close(fd);
	work_free(server->work);
	jobs_free(server->jobs);
	notes_free(server->notes);
	limits_free(server->limits);
	gate_free(server->gate);
	peers_fini(&server->peers);
	return daemon ? 0 : err_set(err, ERR_IO, "the HTTP server does not start");
}

/* The URL that people open: a name rather than an address that stands for any. */
static void url_of(const struct server *server, const char *address, uint16_t port, char url[400])
{
	const char *scheme = server->tls ? "https" : "http";
	bool any = strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
	const char *const *hosts = server->options->hosts;
	if (any && hosts && *hosts)
		snprintf(url, 400, "%s://%s:%u/", scheme, *hosts, port);
	else
		snprintf(url, 400, "%s://%s/", scheme, server->hosts.names[0]);
}

int http_check(const struct http_options *options, struct err *err)
{
	char address[64];
	uint16_t port;
	if (listen_parse(options->listen, address, &port, err) < 0)
		return -1;
	if (!options->tls_cert != !options->tls_key)
		return err_set(err, ERR_USAGE, "--tls-cert and --tls-key go together");
	if (!options->tls_cert && !options->insecure && !is_loopback(address))
		return err_set(err, ERR_USAGE,
			"--listen %s is reached from other machines, where passwords and tokens "
			"would travel in the clear: give --tls-cert and --tls-key, put a proxy "
			"with TLS on this machine in front of 127.0.0.1, or say --insecure",
			options->listen);
	return tls_check(options->tls_cert, options->tls_key, err);
}

static int run_at(
	struct server *server, const char *address, uint16_t port, int fd, struct err *err)
{
	char url[400];
	if (names_of(server, address, port, err) < 0 ||
		tls_open(server->options->tls_cert, server->options->tls_key, &server->tls, err) <
			0) {
		close(fd);
		return -1;
	}
	url_of(server, address, port, url);
	log_info("the API answers at %s", url);
	if (!server->tls && !is_loopback(address))
		log_warn("it can be reached from other machines, in the clear, as --insecure says");
	first_user(server->options->data, url);
	int rc = serve(server, fd, err);
	tls_close(server->tls);
	return rc;
}

int http_run(const struct http_options *options, struct err *err)
{
	char address[64];
	uint16_t port;
	int fd;
	if (http_check(options, err) < 0 ||
		listen_parse(options->listen, address, &port, err) < 0 ||
		(fd = bind_to(address, &port, err)) < 0)
		return -1;
	struct server *server = xcalloc(1, sizeof(*server));
	server->options = options;
	int rc = run_at(server, address, port, fd, err);
	free(server);
	return rc;
}
