/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.c: libmicrohttpd's side: sockets, heads, bodies, answers. What a head must be is looked at before a byte of the body is kept:
 * framing, host, route, method, origin, token, role, type, arguments, in this order.
 */
#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include "http/head.h"
#include "http/private.h"
#include "http/server.h"
#include "json/json.h"

struct server {
	const struct http_options *options;
	struct hosts hosts;
	struct gate *gate;
	struct work *work;
	struct peers peers;
};

static _Atomic size_t bodies; /* bytes of all of them at hand */

const struct http_options *request_options(const struct request *r)
{
	return r->server->options;
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

void request_free(struct request *r)
{
	bodies -= r->accounted;
	buf_fini(&r->body);
	buf_fini(&r->out);
	arena_fini(&r->mem);
	pthread_cond_destroy(&r->room);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static const char *header(const struct request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

static void note_address(struct request *r)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info->client_addr;
	snprintf(r->from, sizeof(r->from), "unknown");
	if (address->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr,
			r->from, sizeof(r->from));
	else if (address->sa_family == AF_INET6)
		inet_ntop(AF_INET6,
			&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, r->from,
			sizeof(r->from));
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
	MHD_add_response_header(response, "Content-Type", r->type);
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
	metrics_count(r->route, status);
	enum MHD_Result rc = MHD_queue_response(r->connection, status, response);
	MHD_destroy_response(response);
	return rc;
}

static enum MHD_Result refuse(struct request *r, unsigned status, const char *why)
{
	r->retry_after = status == 503 ? 1 : 0;
	reply_problem(r, status, why, NULL);
	return answer_with(r, NULL);
}

/* ---- the head -------------------------------------------------------------------------------- */

/* RFC 9110, section 5.6.2. */
#define NAME_CHARACTERS                                                                            \
	"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

struct framing {
	unsigned hosts, lengths, codings, tokens;
	bool strange; /* a coding that is not chunked */
	bool no_name; /* "Content-Length : 4" is another header to some, and this one to others */
};

static enum MHD_Result note_header(
	void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct framing *f = ctx;
	(void)kind;
	f->no_name |= !name[0] || name[strspn(name, NAME_CHARACTERS)] != '\0';
	f->hosts += strcasecmp(name, "Host") == 0;
	f->lengths += strcasecmp(name, "Content-Length") == 0;
	f->tokens += strcasecmp(name, "Authorization") == 0;
	if (strcasecmp(name, "Transfer-Encoding") == 0) {
		f->codings++;
		f->strange |= !value || strcasecmp(value, "chunked") != 0;
	}
	return MHD_YES;
}

/* One reading of where a request ends, or none: what two programs could read differently is refused. */
static const char *check_framing(const struct request *r)
{
	struct framing f = {0};
	MHD_get_connection_values(r->connection, MHD_HEADER_KIND, note_header, &f);
	if (f.lengths + f.codings > 1)
		return "more than one of Content-Length and Transfer-Encoding";
	if (f.no_name)
		return "a header's name has characters that none has";
	if (f.strange)
		return "the only Transfer-Encoding that is taken is chunked";
	if (f.hosts > 1 || f.tokens > 1)
		return "a header that may stand there once stands there twice";
	return NULL;
}

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

/* 0, or the status of a refusal with *why. */
static unsigned check_who(struct request *r, const char **why)
{
	const char *origin = header(r, "Origin"), *site = header(r, "Sec-Fetch-Site");
	*why = "this request comes from a page of another site";
	if ((r->route->writes || origin) && !same_origin(header(r, "Host"), origin, site))
		return 403;
	if (r->route->role == ROLE_NONE)
		return 0;
	r->role = gate_ask(r->server->gate, header(r, "Authorization"), r->who);
	*why = "an API token is needed: pugmark token add NAME --role viewer makes one; send it as "
	       "Authorization: Bearer TOKEN";
	if (r->role == ROLE_NONE)
		return 401;
	*why = arena_printf(&r->mem, "the token %s has the role %s; this needs %s", r->who,
		access_role_name(r->role), access_role_name(r->route->role));
	return r->role < r->route->role ? 403 : 0;
}

static size_t body_most(const struct request *r)
{
	return r->route->body == BODY_LIST   ? HTTP_BODY_LARGE
	       : r->route->body == BODY_JSON ? HTTP_BODY_SMALL
					     : 0;
}

static unsigned check_body(struct request *r, const char **why)
{
	const char *length = header(r, "Content-Length");
	int64_t n = 0;
	*why = "the Content-Length is no number";
	if (length && (text_parse_int(slice_of(length), &n) < 0 || n < 0))
		return 400;
	*why = arena_printf(&r->mem, "the body is too long: %zu bytes at most", body_most(r));
	if ((uint64_t)n > body_most(r))
		return 413;
	*why = "the body must be application/json";
	if (r->route->body == BODY_JSON && !type_is(header(r, "Content-Type"), "application/json"))
		return 415;
	return 0;
}

/* Everything but the body. The answer to a refusal is queued; r->route is NULL then where no route was found. */
static enum MHD_Result check_head(
	struct request *r, const char *url, const char *method, bool *refused)
{
	char allowed[64];
	const char *why = check_framing(r);
	unsigned status;
	*refused = true;
	note_address(r);
	if (why)
		return refuse(r, 400, why);
	if (!hosts_have(&r->server->hosts, header(r, "Host")))
		return refuse(r, 403,
			"the Host of this request is not one of this server: pugmark serve --host "
			"NAME "
			"adds one");
	r->head = strcmp(method, "HEAD") == 0;
	r->route = route_find(method, url, r->id, allowed);
	if (!r->route && !*allowed)
		return refuse(r, 404, "there is no such path: docs/api.md has all of them");
	if (!r->route) {
		reply_problem(r, 405, "this path does not take this method", NULL);
		return answer_with(r, allowed);
	}
	if ((status = check_who(r, &why)) != 0 || (status = check_body(r, &why)) != 0)
		return refuse(r, status, why);
	struct arguments arguments = {.r = r};
	MHD_get_connection_values_n(
		r->connection, MHD_GET_ARGUMENT_KIND, note_argument, &arguments);
	if (arguments.wrong)
		return refuse(r, 400, arguments.wrong);
	r->accept = header(r, "Accept");
	r->accept = r->accept ? arena_strdup(&r->mem, slice_of(r->accept)) : NULL;
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
	if (r->route->body == BODY_JSON) {
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
	(void)version;
	if (!r) {
		*state = r = request_new(server, connection);
		enum MHD_Result rc = check_head(r, url, method, &refused);
		const char *length = header(r, "Content-Length");
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

static void on_log(void *ctx, const char *fmt, va_list args)
{
	char text[500];
	(void)ctx;
	vsnprintf(text, sizeof(text), fmt, args);
	log_debug("%s", text);
}

/* ---- the service ----------------------------------------------------------------------------- */

/* As many descriptors as connections may want. */
static unsigned connections_most(void)
{
	struct rlimit files;
	enum { OTHERS = 512 };
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return 256;
	if (files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max < 8192 ? files.rlim_max : 8192;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	rlim_t room = files.rlim_cur > 2 * OTHERS ? files.rlim_cur - OTHERS : files.rlim_cur / 2;
	return room < HTTP_CONNECTIONS ? (unsigned)room : HTTP_CONNECTIONS;
}

static int bind_to(const char *address, uint16_t *port, struct err *err)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(*port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(*port)};
	bool is_six = inet_pton(AF_INET, address, &four.sin_addr) != 1;
	if (is_six)
		inet_pton(AF_INET6, address, &six.sin6_addr);
	void *any = is_six ? (void *)&six : (void *)&four;
	socklen_t n = is_six ? sizeof(six) : sizeof(four);
	int yes = 1,
	    fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, "a socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, any, n) != 0 || listen(fd, 1024) != 0 || getsockname(fd, any, &n) != 0) {
		(void)err_errno(err, "listening on %s port %u", address, *port);
		close(fd);
		return -1;
	}
	*port = ntohs(is_six ? six.sin6_port : four.sin_port);
	return fd;
}

static struct MHD_Daemon *start(struct server *server, int fd)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
		NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, connections_most(),
		MHD_OPTION_CONNECTION_TIMEOUT, 2u * HTTP_HEAD_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)HTTP_HEAD, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

static void watch(struct server *server)
{
	enum { TICK_US = 100 * 1000 };
	for (unsigned tick = 0; !*server->options->stop; tick++) {
		usleep(TICK_US);
		work_watch(server->work);
		if (tick % 5 == 0)
			peers_expire(&server->peers);
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
	peers_init(&server->peers);
	server->gate = gate_new(server->options->data);
	server->work = work_new();
	struct MHD_Daemon *daemon = start(server, fd);
	if (daemon)
		watch(server);
	work_end(server->work);
	if (daemon)
		MHD_stop_daemon(daemon);
	else
		close(fd);
	work_free(server->work);
	gate_free(server->gate);
	peers_fini(&server->peers);
	return daemon ? 0 : err_set(err, ERR_IO, "the HTTP server does not start");
}

int http_run(const struct http_options *options, struct err *err)
{
	char address[64];
	uint16_t port;
	struct server *server;
	int fd;
	if (listen_parse(options->listen, address, &port, err) < 0 ||
		(fd = bind_to(address, &port, err)) < 0)
		return -1;
	server = xcalloc(1, sizeof(*server));
	server->options = options;
	int rc = names_of(server, address, port, err);
	if (rc == 0) {
		log_info("the API answers at http://%s/", server->hosts.names[0]);
		if (!is_loopback(address))
			log_warn("it can be reached from other machines, in the clear: put a proxy "
				 "with "
				 "TLS in front of it");
		rc = serve(server, fd, err);
	} else
		close(fd);
	free(server);
	return rc;
}
