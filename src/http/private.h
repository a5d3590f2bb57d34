/* SPDX-License-Identifier: Apache-2.0 */
/* private.h (http/): a request from its head to its answer, and what the parts of the room share. */
#ifndef HTTP_PRIVATE_H
#define HTTP_PRIVATE_H

#include <microhttpd.h>
#include <pthread.h>

#include "http/http.h"
#include "http/route.h"
#include "store/access.h"

enum {
	HTTP_CONNECTIONS = 4096, /* at once; more wait to be accepted */
	HTTP_HEAD = 32 << 10,    /* bytes of a request's line and headers: MHD answers 431 or 414 */
	HTTP_ARGS = 32,          /* of a query string */
	HTTP_WORKERS = 4,
	HTTP_WAITING = 64,            /* requests that no worker has yet; more are 503 */
	HTTP_HEAD_S = 30,             /* for a whole head, and between two requests */
	HTTP_BODY_S = 30,             /* for a body, and a second more for each */
	HTTP_BODY_RATE = 256 << 10,   /* bytes of it */
	HTTP_ANSWER_S = 900,          /* for an answer to be taken */
	HTTP_PENDING = 1 << 20,       /* bytes of an answer that wait for a slow reader */
	HTTP_BODY_SMALL = 64 << 10,   /* of what people do */
	HTTP_BODY_LARGE = 64 << 20,   /* of a list of indicators */
	HTTP_BODY_PASSED = 1 << 20,   /* of one that is too long, before it is cut off */
	HTTP_BODIES_MOST = 256 << 20, /* of all requests together */
	HTTP_SECONDS = 60,            /* of a search */
};

struct http_arg {
	const char *name, *value; /* in the request's arena */
};

struct server;

enum reply_form { REPLY_NONE, REPLY_WHOLE, REPLY_STREAM };

struct request {
	struct server *server;
	struct MHD_Connection *connection;
	const struct route *route;
	struct arena mem;
	bool head;   /* HEAD: the answer has no body */
	char id[64]; /* what stands for {id} in the path */
	struct http_arg args[HTTP_ARGS];
	unsigned nargs;
	struct buf body;
	size_t accounted; /* bytes of the body that count against HTTP_BODIES_MOST */
	size_t passed;    /* bytes of the body that were too many */
	const char *accept;
	char who[64]; /* the token's name */
	enum access_role role;
	char from[64]; /* the client's address */
	int fd;
	struct request *next; /* of those that wait for a worker */

	/* Shared by the worker and the server's thread, under `lock`. */
	pthread_mutex_t lock;
	pthread_cond_t room;
	struct buf out; /* pending bytes; all of them where the answer is whole */
	size_t taken;   /* of `out` */
	unsigned status;
	const char *type;
	unsigned retry_after; /* seconds; 0 = not said */
	enum reply_form form;
	bool parked;   /* the connection is suspended */
	bool ended;    /* the worker has no more */
	bool broken;   /* the answer breaks off: the client is to see that */
	bool queued;   /* with the workers, or running */
	bool finished; /* the server has done with it: the worker may free it */
	volatile int stop;
};

/* ---- what handlers use (reply.c, arguments.c) --------------------------------------------------- */

/* The whole answer: r->out, of `type`, with a status. */
void reply_done(struct request *r, unsigned status, const char *type);
/* problem+json (RFC 9457): `detail` says what happened and what to do. `more`: members to add, `,"name":…`; NULL = none. */
void reply_problem(struct request *r, unsigned status, const char *detail, const char *more);
/* The problem that an error stands for. */
void reply_error(struct request *r, const struct err *err);
/* An answer that comes in parts: 200, of `type`. */
void stream_begin(struct request *r, const char *type);
/* The next bytes; waits while the client is slow. 0, or -1 (ERR_INTERRUPTED) where it has gone or the server ends. */
int stream_write(struct request *r, struct slice bytes, struct err *err);
/* The end; `broken` where something failed on the way, so that the client does not take it for all. */
void stream_end(struct request *r, bool broken);
/* The connection goes on where it was suspended; under r->lock. */
void request_wake(struct request *r);
/* "Bad Request" … */
const char *status_title(unsigned status);

/* The value of an argument of the query string; NULL = not given. */
const char *arg(const struct request *r, const char *name);
/* An argument that is a time or a number, where given. 0, or -1 (ERR_USAGE). */
int arg_time(const struct request *r, const char *name, int64_t *us, struct err *err);
int arg_number(
	const struct request *r, const char *name, uint64_t most, uint64_t *n, struct err *err);
/* "1", "true", "" are true; "0", "false" false. 0 or -1. */
int arg_flag(const struct request *r, const char *name, bool *flag, struct err *err);
/* A member of the JSON object in the body that is a string, in the request's arena; NULL = none. -1 where it is no string. */
int body_text(struct request *r, const char *name, const char **text, struct err *err);

/* Whether the client wants a line per row rather than one object. */
bool accepts_lines(const struct request *r);
/* The data folder, for this request alone. */
int request_store(
	const struct request *r, enum store_mode mode, struct store **store, struct err *err);
const struct http_options *request_options(const struct request *r);

/* ---- handlers: each answers, or returns -1 with err ---------------------------------------------- */

int handle_health(struct request *r, struct err *err);
int handle_ready(struct request *r, struct err *err);
int handle_metrics(struct request *r, struct err *err);
int handle_status(struct request *r, struct err *err);
int handle_sources(struct request *r, struct err *err);
int handle_rules(struct request *r, struct err *err);
int handle_watchlists(struct request *r, struct err *err);
int handle_search(struct request *r, struct err *err);
int handle_event(struct request *r, struct err *err);
int handle_ioc_search(struct request *r, struct err *err);
int handle_alerts(struct request *r, struct err *err);
int handle_alert(struct request *r, struct err *err);
int handle_alert_ack(struct request *r, struct err *err);
int handle_alert_close(struct request *r, struct err *err);
int handle_alert_reopen(struct request *r, struct err *err);
int handle_alert_comment(struct request *r, struct err *err);
int handle_audit(struct request *r, struct err *err);

/* ---- who may (gate.c) ------------------------------------------------------------------------- */

/* Tokens as the catalog had them a moment ago. For the server's thread alone. */
struct gate;
struct gate *gate_new(const char *data);
void gate_free(struct gate *gate);
/* The role of the token in an Authorization header, and its name; ROLE_NONE where it is none, or has expired. A token that was removed
 * is refused a second later at most, a new one is known a tenth of a second later. */
enum access_role gate_ask(struct gate *gate, const char *authorization, char name[64]);

/* ---- requests at work (work.c) ------------------------------------------------------------------ */

struct work;
/* Starts the workers. */
struct work *work_new(void);
/* Hands a request over and suspends its connection. False where too many wait: nothing is done then. */
bool work_add(struct work *work, struct request *r);
/* The server has done with a request; frees it, now or when its worker ends. */
void work_forget(struct work *work, struct request *r);
/* Stops those whose client has gone. */
void work_watch(struct work *work);
/* Stops all and waits for the workers; no more are taken. */
void work_end(struct work *work);
void work_free(struct work *work);
void request_free(struct request *r);

/* ---- counters (metrics.c) ----------------------------------------------------------------------- */

/* An answer of a route (NULL = none matched) with a status. */
void metrics_count(const struct route *route, unsigned status);
/* A connection was opened (1) or closed (-1). */
void metrics_connection(int change);

#endif
