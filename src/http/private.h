/* SPDX-License-Identifier: Apache-2.0 */
/* private.h (http/): a request from its head to its answer, and what the parts of the room share. */
#ifndef HTTP_PRIVATE_H
#define HTTP_PRIVATE_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>

#include "http/http.h"
#include "http/route.h"
#include "ioc/list.h"
#include "pipeline/pipeline.h"
#include "query/search.h"
#include "store/access.h"
#include "store/users.h"

enum {
	HTTP_CONNECTIONS = 4096, /* at once; more wait to be accepted */
	HTTP_HEAD = 32 << 10,    /* bytes of a request's line and headers: MHD answers 431 or 414 */
	HTTP_ARGS = 32,          /* of a query string */
	HTTP_WORKERS = 4,
	HTTP_LONG = 2,     /* of them at most are at SQL and exports */
	HTTP_WAITING = 64, /* requests that no worker has yet; more are 503 */
	HTTP_HASHING = 16, /* of those, that wait for a password to be hashed: one is at a time */
	HTTP_PER_ADDRESS = 256,     /* connections of one address, where that is not this machine */
	HTTP_HEAD_S = 30,           /* for a whole head, and between two requests */
	HTTP_BODY_S = 30,           /* for a body, and a second more for each */
	HTTP_BODY_RATE = 256 << 10, /* bytes of it */
	HTTP_ANSWER_S = 900,        /* for an answer to be taken */
	HTTP_PENDING = 1 << 20,     /* bytes of an answer that wait for a slow reader */
	HTTP_STALL_S = 5, /* that a reader may take nothing while others wait for a worker */
	HTTP_BODY_SMALL = 64 << 10,   /* of what people do */
	HTTP_BODY_HOOK = 4 << 20,     /* of what other products send */
	HTTP_BODY_LARGE = 64 << 20,   /* of a list of indicators */
	HTTP_BODY_PASSED = 1 << 20,   /* of one that is too long, before it is cut off */
	HTTP_BODIES_MOST = 256 << 20, /* of all requests together */
	HTTP_SECONDS = 60,            /* of a search */
	HTTP_WHO = 80,
};

struct http_arg {
	const char *name, *value; /* in the request's arena */
};

struct server;

enum reply_form { REPLY_NONE, REPLY_WHOLE, REPLY_STREAM };

struct request {
	struct server *server;
	struct MHD_Connection *connection;
	bool chunked; /* its body comes in chunks */
	const struct route *route;
	const struct page_file *page; /* of the web page; there is no route then */
	struct arena mem;
	bool head;                 /* HEAD: the answer has no body */
	bool local;                /* the Host is localhost */
	const char *method, *path; /* as they came, the path cut where it is very long */
	char id[ROUTE_ID];         /* what stands for {id} in the path */
	struct http_arg args[HTTP_ARGS];
	unsigned nargs;
	struct buf body;
	size_t accounted; /* bytes of the body that count against HTTP_BODIES_MOST */
	size_t passed;    /* bytes of the body that were too many */
	const char *accept;
	const char *signature, *bearer; /* of a delivery to a hook; NULL = none */
	char who[HTTP_WHO];             /* a user's name, or "token NAME" */
	enum access_role role;
	char session[SESSION_TEXT]; /* what the cookie holds, good or not; "" = none */
	const char *outcome;        /* of an act, for the audit log; NULL = done */
	bool signed_in;             /* `session` is good, and who it is of asks */
	bool must_change;           /* the user's password is for one sign-in */
	int64_t session_ends;       /* by itself */
	const char *cookie;         /* of the answer: a whole Set-Cookie; NULL = none */
	char from[64];              /* the client's address */
	uint8_t network[16];        /* which limits count: address_network */
	int fd;
	struct request *next; /* of those that wait for a worker */

	/* Shared by the worker and the server's thread, under `lock`. */
	pthread_mutex_t lock;
	pthread_cond_t room;
	struct buf out; /* pending bytes; all of them where the answer is whole */
	size_t taken;   /* of `out` */
	int64_t stalled; /* since then the worker waits for room in `out`, clock_mono_us; 0 = it does not */
	unsigned status;
	const char *type;
	const char *disposition; /* a Content-Disposition; NULL = none */
	unsigned retry_after;    /* seconds; 0 = not said */
	enum reply_form form;
	bool parked;   /* the connection is suspended */
	bool ended;    /* the worker has no more */
	bool broken;   /* the answer breaks off: the client is to see that */
	bool queued;   /* with the workers, or running */
	bool finished; /* the server has done with it: the worker may free it */
	bool followed; /* its answer goes on after its handler: what comes of a job (job.h) */
	int64_t until; /* clock_mono_us; 0 = none: request_limit */
	bool late;     /* it took longer, and was stopped */
	volatile int stop;
};

/* ---- what handlers use (reply.c, arguments.c) --------------------------------------------------- */

/* framing.c: what is wrong with where a request's parts end; NULL = nothing. Notes whether its body is chunked. */
const char *framing_wrong(struct request *r, const char *method, const char *version);

/* The whole answer: r->out, of `type`, with a status. */
void reply_done(struct request *r, unsigned status, const char *type);
/* The whole answer: the JSON that stands in r->out, with `end` behind it; where rc is -1 it is returned, and nothing is answered. */
int reply_made(struct request *r, int rc, const char *end, struct err *err);
/* The same, of what `make` makes out of the store. 0 or -1. */
int reply_from_store(struct request *r,
	int (*make)(struct store *store, struct buf *out, struct err *err), struct err *err);
/* The same: {"removed":"ID"}. */
int reply_removed(struct request *r, int rc);
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
/* A file whose bytes are an answer in parts, for what writes to one (file.c). It begins with its first bytes, which come when there are many,
 * or at the end: what fails before that can still be answered otherwise. */
struct answer_file {
	struct request *r;
	const char *type;
	FILE *file;
	bool begun, dropped;
	struct err err;
};
int answer_file_open(struct answer_file *f, struct request *r, const char *type, struct err *err);
/* Closes it, and ends the answer where `rc` is 0 and all was written. 0, or -1. */
int answer_file_close(struct answer_file *f, int rc, struct err *err);
/* What takes long and much: a few at a time. 0 and it may begin, request_end_long then; -1 (ERR_BUSY). */
int request_begin_long(struct err *err);
void request_end_long(void);
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
/* One that is a whole number from 0 to `most`; *n stays as it is where there is none. 0 or -1. */
int body_number(struct request *r, const char *name, uint64_t most, uint64_t *n, struct err *err);
/* One that is a time as text; *us stays as it is where there is none. 0 or -1. */
int body_time(struct request *r, const char *name, int64_t *us, struct err *err);
/* One that is true or false: 1 or 0; -1 = none. -1 where it is neither. */
int body_bool(struct request *r, const char *name, int *value, struct err *err);

/* Reads a body that holds indicators, in any form of ioc/list.h or a JSON array of strings (list.c), as ioc_list_read. 0 or -1. */
int body_list(struct request *r, const struct ioc_list_options *options,
	int (*each)(void *ctx, const struct ioc_entry *entry, struct err *err), void *ctx,
	struct ioc_list_counts *counts, struct err *err);

/* An act that changes something, between the two halves of its row in the audit log: `act` does it with the store. The answer is the
 * caller's. 0 or -1. */
int audited(struct request *r, const char *what, const char *target,
	int (*act)(struct request *r, struct store *store, void *ctx, struct err *err), void *ctx,
	struct err *err);
/* What is to be done to alerts, from the body: `state` as in struct alert_act. 0 or -1. */
struct alert_act;
int alert_act_read(struct request *r, int state, struct alert_act *act, struct err *err);
/* Whether the client wants a line per row rather than one object. */
bool accepts_lines(const struct request *r);
/* The data folder, for this request alone. */
int request_store(
	const struct request *r, enum store_mode mode, struct store **store, struct err *err);
const struct http_options *request_options(const struct request *r);
struct jobs *request_jobs(const struct request *r);
/* The client takes what it is sent: it has a while more for the rest. */
void request_stays(struct request *r);
/* The tables that a request is about (tables.c): all, or the one that its argument `table` names. 0 or -1; request_tables_fini after
 * either. */
struct request_tables {
	struct schema_set schemas;
	struct search_tables tables;
};
int request_tables(struct request *r, struct request_tables *t, struct err *err);
void request_tables_fini(struct request_tables *t);
/* How many threads it may take. */
unsigned request_threads(const struct request *r);
/* The handler ends in so many seconds at the latest: r->stop is set then, and r->late. */
void request_limit(struct request *r, unsigned seconds);
/* A header of the request; NULL = not there. For the server's thread, before a worker has the request. */
const char *request_header(const struct request *r, const char *name);
/* What a request needs of its server, by name. */
struct gate *request_gate(const struct request *r);
struct limits *request_limits(const struct request *r);
struct notes *request_notes(const struct request *r);

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
int handle_proof(struct request *r, struct err *err);
int handle_evidence(struct request *r, struct err *err);
int handle_checkpoint(struct request *r, struct err *err);
int handle_bundle(struct request *r, struct err *err);
int handle_ioc_search(struct request *r, struct err *err);
int handle_alerts(struct request *r, struct err *err);
int handle_alert(struct request *r, struct err *err);
int handle_alert_ack(struct request *r, struct err *err);
int handle_alert_close(struct request *r, struct err *err);
int handle_alert_reopen(struct request *r, struct err *err);
int handle_alert_comment(struct request *r, struct err *err);
int handle_alerts_ack(struct request *r, struct err *err);
int handle_alerts_close(struct request *r, struct err *err);
int handle_alerts_reopen(struct request *r, struct err *err);
int handle_alerts_comment(struct request *r, struct err *err);
int handle_source_refetch(struct request *r, struct err *err);
int handle_feed_add(struct request *r, struct err *err);
int handle_cluster_load(struct request *r, struct err *err);
int handle_cluster_status(struct request *r, struct err *err);
int handle_compact(struct request *r, struct err *err);
int handle_rejects(struct request *r, struct err *err);
int handle_schema(struct request *r, struct err *err);
int handle_rule_file_save(struct request *r, struct err *err);
int handle_rule_file_remove(struct request *r, struct err *err);
int handle_audit(struct request *r, struct err *err);
int handle_jobs(struct request *r, struct err *err);
int handle_job(struct request *r, struct err *err);
int handle_job_events(struct request *r, struct err *err);
int handle_job_cancel(struct request *r, struct err *err);
int handle_source(struct request *r, struct err *err);
int handle_source_ledger(struct request *r, struct err *err);
int handle_source_gaps(struct request *r, struct err *err);
int handle_source_pause(struct request *r, struct err *err);
int handle_source_resume(struct request *r, struct err *err);
int handle_source_remove(struct request *r, struct err *err);
int handle_source_try(struct request *r, struct err *err);
int handle_source_add(struct request *r, struct err *err);
int handle_source_test(struct request *r, struct err *err);
int handle_source_backfill(struct request *r, struct err *err);
int handle_rules_run(struct request *r, struct err *err);
int handle_rebuild(struct request *r, struct err *err);
int handle_rejects_retry(struct request *r, struct err *err);
int handle_verify(struct request *r, struct err *err);
int handle_checkpoint_make(struct request *r, struct err *err);
int handle_feed_update(struct request *r, struct err *err);
int handle_notifier_add(struct request *r, struct err *err);
int handle_notifier_test(struct request *r, struct err *err);
int handle_hook(struct request *r, struct err *err);
int handle_hooks(struct request *r, struct err *err);
int handle_hook_add(struct request *r, struct err *err);
int handle_hook_remove(struct request *r, struct err *err);
int handle_fields(struct request *r, struct err *err);
int handle_values(struct request *r, struct err *err);
int handle_overview(struct request *r, struct err *err);
int handle_feeds(struct request *r, struct err *err);
int handle_watchlist(struct request *r, struct err *err);
int handle_watchlist_fill(struct request *r, struct err *err);
int handle_watchlist_pause(struct request *r, struct err *err);
int handle_watchlist_resume(struct request *r, struct err *err);
int handle_watchlist_remove(struct request *r, struct err *err);
int handle_notifiers(struct request *r, struct err *err);
int handle_notifier_pause(struct request *r, struct err *err);
int handle_notifier_resume(struct request *r, struct err *err);
int handle_notifier_remove(struct request *r, struct err *err);
int handle_settings(struct request *r, struct err *err);
int handle_rule(struct request *r, struct err *err);
int handle_rule_enable(struct request *r, struct err *err);
int handle_rule_disable(struct request *r, struct err *err);
int handle_rule_tune(struct request *r, struct err *err);
int handle_rule_try(struct request *r, struct err *err);
int handle_export(struct request *r, struct err *err);
int handle_sql(struct request *r, struct err *err);
int handle_entity(struct request *r, struct err *err);
int handle_searches(struct request *r, struct err *err);
int handle_search_save(struct request *r, struct err *err);
int handle_search_forget(struct request *r, struct err *err);
int handle_session(struct request *r, struct err *err);
int handle_session_begin(struct request *r, struct err *err);
int handle_session_end(struct request *r, struct err *err);
int handle_session_password(struct request *r, struct err *err);
int handle_users(struct request *r, struct err *err);
int handle_user_add(struct request *r, struct err *err);
int handle_user_change(struct request *r, struct err *err);
int handle_user_remove(struct request *r, struct err *err);
int handle_tokens(struct request *r, struct err *err);
int handle_token_add(struct request *r, struct err *err);
int handle_token_remove(struct request *r, struct err *err);

/* ---- the first user (session.c) ------------------------------------------------------------------ */

/* Where there is no admin, makes one, and says on stderr at which URL to sign in and with which password. A folder that cannot be written
 * to is warned of. */
void first_user(const char *data, const char *url);

/* ---- who may (gate.c, who.c) -------------------------------------------------------------------- */

/* Tokens and sessions as the catalog had them a moment ago. For the server's thread alone, but for gate_stale. */
struct gate;
struct gate *gate_new(const char *data);
void gate_free(struct gate *gate);
/* Whom an Authorization header stands for; ROLE_NONE where it is no token, or one that has expired. One that was removed is refused a second
 * later at most, a new one is known a tenth of a second later. */
enum access_role gate_token(struct gate *gate, const char *authorization, char who[HTTP_WHO]);
/* Whom a session's text stands for, as gate_token. `used` is set where the catalog is to be told that it is used. */
struct pass {
	enum access_role role;
	char who[HTTP_WHO];
	bool must_change, used;
	int64_t ends; /* by itself */
};
struct pass gate_session(struct gate *gate, const char *text);
/* Users or sessions have changed: all is read anew before the next answer. From any thread. */
void gate_stale(struct gate *gate);

/* Who asks, and whether he may. 0, or the status of a refusal, *why and members to add to it. */
unsigned who_check(struct request *r, const char **why, const char **more);
/* The Set-Cookie of a session; NULL = of none any more. In the request's arena. */
const char *who_cookie(struct request *r, const char *session);

/* ---- tries of passwords (limits.c) -------------------------------------------------------------- */

/* How often was tried, by a key: of a name, of an address. From any thread. */
struct limits;
struct limits *limits_new(void);
void limits_free(struct limits *limits);
/* What one key may do: `burst` tries at once, then one in `every` seconds. */
struct limit {
	unsigned burst, every;
};
/* Counts a try at `now` (clock_mono_us). 0, or the seconds until there may be one: it is not counted then. */
unsigned limits_take(struct limits *limits, uint64_t key, struct limit limit, int64_t now);
/* A try was good: it does not count (`all`: nor do those before it). */
void limits_give(struct limits *limits, uint64_t key, struct limit limit, bool all);

/* ---- what is noted beside a request (notes.c) ---------------------------------------------------- */

/* A thread that writes refusals into the audit log, so many at most, and when sessions are used: what nobody is to wait for. */
struct notes;
struct notes *notes_new(const char *data);
/* Writes what there is, and ends. Accepts NULL. */
void notes_free(struct notes *notes);
/* A request that was refused. From any thread. */
void notes_refused(struct notes *notes, const struct request *r, const char *who, const char *why);
/* A session is used now. */
void notes_used(struct notes *notes, const char *session);

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
