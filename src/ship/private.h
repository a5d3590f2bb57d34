/* SPDX-License-Identifier: Apache-2.0 */
/* private.h (ship/): logs and what is known of them, ranges and objects, and what the files of this room
 * do for one another. */
#ifndef SHIP_PRIVATE_H
#define SHIP_PRIVATE_H

#include <pthread.h>

#include "base/base.h"
#include "net/http.h"
#include "ship/ship.h"

enum {
	SHIP_HEX = 65,          /* a SHA-256 in hexadecimal with its NUL */
	SHIP_FP = 8,            /* digits of it that tell logs of one name apart in keys */
	SHIP_TAIL = 16,         /* digits of it that prove that a log was not replaced */
	SHIP_TAIL_BYTES = 4096, /* bytes before the offset that are proven so */
};
#define SHIP_SECOND INT64_C(1000000)
#define SHIP_NEVER  (INT64_MIN / 2)

/* --- What was done ------------------------------------------------------------------------------- */

struct ship_summary {
	uint64_t logs;           /* of which something was uploaded */
	uint64_t objects, bytes; /* uploaded; raw bytes */
	uint64_t packed;         /* the same bytes as they were sent */
	uint64_t left;           /* bytes of lines that have no end yet: they wait for it */
	uint64_t lost_logs;      /* that went before they were uploaded whole; */
	uint64_t lost_bytes;     /* theirs, as far as that is known */
	uint64_t unread;         /* logs that could not be read, which was said */
	uint64_t others;         /* files in the folder that are no audit logs */
	int64_t elapsed_us;
};

/* --- What is known of a log; the state file holds these ---------------------------------------- */

struct ship_record {
	uint64_t device, inode;
	char *node, *name;    /* owned; as they were when it was met first */
	unsigned generation;  /* 1; more where logs of this name began with the same line before */
	char fp[SHIP_FP + 1]; /* "" until its first line is known; */
	uint64_t fp_bytes;    /* so many bytes of it were hashed */
	uint64_t offset;      /* uploaded up to here */
	char tail[SHIP_TAIL + 1]; /* of the bytes before the offset */
	bool whole; /* another log followed it, it grows no more, and all of it is uploaded */
};

struct ship_log {
	struct ship_record is;
	char *path;        /* owned; where it is now, or was last; */
	const char *shown; /* its last part */
	int fd;            /* -1 = not open */
	bool met;          /* a scan of this process met it: its size is known */
	bool there;        /* the last scan met it */
	bool checked;      /* its content is that of the record, as far as hashes tell */
	const char *how;   /* it ended, where not by vanishing; static text */
	bool held;         /* gone from the folder, and read through `fd` */
	bool tried;        /* it was looked for among records of logs that have gone */
	bool counted;      /* something of it was uploaded by this process */
	unsigned missed;   /* scans in a row that did not meet it */
	char *before_name; /* owned; where it took the place of another log: that one's name */
	char before_fp[SHIP_FP + 1]; /* and fingerprint; its generation is one less */
	uint64_t size;
	uint64_t seen; /* the most bytes that it was seen with */
	int64_t mtime_us;
	int64_t grown_us; /* when growth was seen last; */
	int64_t since_us; /* no byte behind the offset is older than this (both monotonic) */
	uint64_t looked, complete; /* up to `looked`, the last line end is before `complete` */
	uint64_t planned; /* up to here it is uploaded or being packed; never before the offset */
	int64_t rest_us;  /* it could not be read: left alone until then; */
	int64_t said_us;  /* when that was said */
};

/* The bytes of an order: the day and number in its name, or the time of its last change. */
struct ship_order {
	int64_t day, number, mtime_us;
};

struct ship_time {
	int64_t mono_us, wall_us;
};

/* --- names.c ------------------------------------------------------------------------------------ */

/* Whether a file's name is that of an audit log. */
bool names_match(const char *name);
/* Where a log stands in time. */
struct ship_order names_order(const char *name, int64_t mtime_us);
/* Older first; equal ones by name. */
int names_compare(const struct ship_order *a, const char *name_a, const struct ship_order *b,
	const char *name_b);
/* Appends `text` percent-encoded, all but letters, digits, dot, hyphen and underscore; "." and ".." too. */
void names_encode(struct buf *out, struct slice text);
/* Appends the object's key for bytes [from, to) of a log. */
void names_key(struct buf *out, const char *prefix, const struct ship_record *log, uint64_t from,
	uint64_t to, bool gzip);
/* Appends the key of the empty object by which it is checked that the bucket takes objects. */
void names_check_key(struct buf *out, const char *prefix, const char *node);
/* Appends a log's name as metadata have it: encoded, with its generation. */
void names_log(struct buf *out, const struct ship_record *log);

/* --- content.c: what a log's bytes say ----------------------------------------------------------- */

/* SHA-256 of bytes [from, to). ERR_DAMAGED where the file ends before `to`. */
int content_hash(
	int fd, uint64_t from, uint64_t to, const char *path, char hex[SHIP_HEX], struct err *err);
/* The hash of the bytes before `offset`, cut to SHIP_TAIL digits. */
int content_tail(
	int fd, uint64_t offset, const char *path, char tail[SHIP_TAIL + 1], struct err *err);
/* The offset after the last line end in [from, to), or `from` where there is none. */
int content_line_end(
	int fd, uint64_t from, uint64_t to, const char *path, uint64_t *end, struct err *err);
/* The length of the first line without its end. 1 where it has one (or is as long as a piece may be), 0
 * where the file ends before (*len is its size). */
int content_first_line(int fd, uint64_t size, const char *path, uint64_t *len, struct err *err);
/* The member "node" of a first line of `len` bytes, into `out`. 1 = there is one, 0 = there is none. */
int content_node(int fd, uint64_t len, const char *path, struct buf *out, struct err *err);

/* --- follow.c: the folder as logs, oldest first -------------------------------------------------- */

struct follow {
	const char *path;
	bool all;
	unsigned max_files;
	int64_t every_us;
	const char *node; /* NULL = as the log says, else */
	const char *host;
	struct ship_log **logs; /* oldest first */
	size_t count, cap;
	int64_t scanned_us; /* when the last scan began; SHIP_NEVER = there was none */
	size_t open;        /* logs that are */
	bool missing;       /* a log was missed for the first time: scan again soon */
	bool changed;       /* a record is not as it was saved */
	size_t files;       /* that count for the server's limit */
	uint64_t others;    /* regular files that are left out; */
	bool others_said;
	uint64_t links; /* symbolic links, which are not followed */
	uint64_t lost_logs, lost_bytes;
	uint64_t adopted;     /* records of the state that were found again */
	struct buf risk_said; /* the last warning that logs are at risk, */
	int64_t risk_us;      /* and when */
};

/* An empty one; the texts are borrowed. */
void follow_init(struct follow *f, const char *path);
/* Closes and frees all. */
void follow_fini(struct follow *f);
/* Takes a record of the state file, with what it owns. */
void follow_take(struct follow *f, const struct ship_record *record);
/* Looks at the folder: finds new logs and known ones under new names, sees growth, truncation and
 * replacement, keeps unfinished logs open, says what is lost. -1 where the folder cannot be listed. */
int follow_scan(struct follow *f, const struct ship_time *now, struct err *err);
/* Whether a log may grow no more: another one followed it and it has not grown for a while. */
bool follow_settled(
	const struct follow *f, const struct ship_log *log, const struct ship_time *now);
/* Warns of unfinished logs that the server deletes soon. */
void follow_warn(struct follow *f, const struct ship_time *now);
/* A range was uploaded. */
int follow_shipped(struct follow *f, struct ship_log *log, uint64_t to, struct err *err);
/* Drops what was planned and not uploaded. */
void follow_replan(struct follow *f);
/* Bytes that are there and not uploaded: of whole lines, and of lines without an end. */
void follow_left(const struct follow *f, uint64_t *whole, uint64_t *partial);

/* --- log.c, list.c, change.c: the parts of a scan -------------------------------------------------- */

/* A new log without a name; freed by follow_fini, or when it has gone. */
struct ship_log *follow_add_log(struct follow *f);
/* Frees it; it must not be in a list any more. */
void follow_free_log(struct ship_log *log);
/* Notes its name in the folder. */
void follow_name_log(const struct follow *f, struct ship_log *log, const char *name);
/* match_open, counted. */
int follow_open_log(struct follow *f, struct ship_log *log, struct err *err);
/* Closes a log that is done with, or where too many are open. */
void follow_spare_log(struct follow *f, struct ship_log *log);
/* A log cannot be read: says so, once in a while, and leaves it alone for some time. */
void follow_rest_log(struct ship_log *log, const struct ship_time *now, const struct err *err);

/* Lists the folder: its files are met as known logs or new ones. -1 where it cannot be listed: then no log
 * is missed. */
int list_folder(struct follow *f, const struct ship_time *now, struct err *err);
/* Looks into logs that may have changed, and finds new files to be known logs. */
void change_examine(struct follow *f, const struct ship_time *now);
/* Holds logs that have gone and are open, forgets the others, and says what is lost. */
void change_drop_gone(struct follow *f, const struct ship_time *now);

/* --- match.c: which file is which log -------------------------------------------------------------- */

/* Makes sure that a log is open for reading, in a way that holds nobody up. 0 or -1; ERR_BUSY where another
 * file has its name by now. */
int match_open(struct ship_log *log, struct err *err);
/* Whether an open log has the record's first line and the bytes before its offset. 1, 0 or -1. */
int match_record(const struct ship_log *log, const struct ship_record *record, struct err *err);
/* Gives a log that has none its fingerprint and node; `final`: its first line need not have an end.
 * 1 = done, 0 = its first line has no end yet. */
int match_identify(struct follow *f, struct ship_log *log, bool final, struct err *err);

/* --- plan.c -------------------------------------------------------------------------------------- */

enum plan_mode {
	PLAN_DUE, /* what is due by time or size, and all that is older */
	PLAN_ALL, /* all that is there */
};

struct ship_range {
	struct ship_log *log;
	uint64_t from, to;
};

/* The next range to upload, and notes it as planned. 1 = one, 0 = none. Logs that cannot be read are said
 * and left alone for a while. */
int plan_next(struct follow *f, enum plan_mode mode, const struct ship_time *now,
	struct ship_range *range);
/* When something is due next (monotonic), INT64_MAX where nothing is waiting. */
int64_t plan_due(const struct follow *f, const struct ship_time *now);

/* --- pack.c: ranges read, hashed and compressed by a thread ---------------------------------------- */

struct ship_piece {
	struct ship_range range;
	int fd; /* borrowed */
	char path[512];
	bool gzip;
	/* What came of it. */
	struct buf packed;
	char sha256[SHIP_HEX]; /* of the raw bytes */
	int status;
	struct err err;
};

struct packer;

/* Makes a packer; its thread is started with the first piece. */
struct packer *packer_open(void);
/* Ends it; accepts NULL. No piece may be under way. */
void packer_close(struct packer *packer);
/* Begins to pack a piece, which is borrowed until packer_wait. One at a time. */
void packer_submit(struct packer *packer, struct ship_piece *piece);
/* Waits for the piece. 0, or -1 with piece->err. */
int packer_wait(struct packer *packer);
/* Gives back the memory of compression until the next piece. Cheap where it was done already. */
void packer_rest(struct packer *packer);
/* Packs a piece in this thread, as the packer's would. `context` is its memory: NULL at first, to be
 * freed by piece_context_free. */
void piece_pack(struct ship_piece *piece, void **context);
void piece_context_free(void **context);

/* --- state.c --------------------------------------------------------------------------------------- */

struct ship_state {
	char *path, *lock_path;
	int lock_fd;
};

/* What a state is for: not to be mixed with another's. */
struct ship_scope {
	struct buf folder, to; /* where from; endpoint, bucket and prefix */
};

/* The path of the state file where none is named; owned by the caller. */
char *state_default(void);
/* Locks the state at `path`. ERR_BUSY where another process has it. */
int state_open(struct ship_state *state, const char *path, struct err *err);
void state_close(struct ship_state *state);
enum state_found {
	STATE_NONE,    /* there is no file */
	STATE_READ,    /* its records are taken */
	STATE_DAMAGED, /* `err` says how */
};
/* Reads the file at `path` and gives its records to `take`, with what they own. -1 where it cannot be
 * read, else an enum state_found; `scope` gets what it was written for. */
int state_read(const char *path, struct ship_scope *scope,
	void (*take)(void *ctx, const struct ship_record *record), void *ctx, struct err *err);
/* Writes all records that have a fingerprint, at once or not at all. */
int state_write(const char *path, const struct ship_scope *scope, struct ship_log *const *logs,
	size_t count, struct err *err);
/* Moves a damaged file aside; `aside` gets its new name. */
int state_set_aside(const char *path, struct buf *aside, struct err *err);

/* --- homes.c --------------------------------------------------------------------------------------- */

/* Finds the one folder of audit logs among the usual places below `root` ("" but for tests); owned by the
 * caller. NULL with `err`, which says what was found and what to type. */
char *homes_find(const char *root, struct err *err);

/* --- send.c: where objects go ------------------------------------------------------------------------ */

struct ship_object {
	struct slice key, body;
	const struct ship_record *log;
	uint64_t from, to;
	const char *sha256; /* of the raw bytes */
};

/* How an upload ended, for what to do next. */
enum send_end {
	SEND_DONE,
	SEND_LATER, /* network or server: may be better later */
	SEND_WRONG, /* somebody must mend something: keys, policy, bucket, clock */
	SEND_STOPPED,
};

/* What takes objects: S3, or a test. */
struct ship_target {
	enum send_end (*check)(void *ctx, const char *node, struct err *err);
	enum send_end (*put)(void *ctx, const struct ship_object *object, struct err *err);
	int64_t (*asked_us)(void *ctx); /* to wait after the last call; -1 = not said */
	void *ctx;
};

enum { OBJECT_HEADERS = 7 };
/* The headers of an object; their values are borrowed from `values`. Returns how many. */
size_t object_headers(const struct ship_object *object, struct buf *values,
	struct http_header headers[OBJECT_HEADERS]);

struct sender;
/* Opens the bucket; nothing is sent. NULL with `err`. */
struct sender *sender_open(
	const struct ship_options *options, const volatile sig_atomic_t *stop, struct err *err);
void sender_close(struct sender *sender);
struct ship_target sender_target(struct sender *sender);

/* --- watch.c: waiting -------------------------------------------------------------------------------- */

struct watch;
/* Makes one; where inotify is not to be had, waits just end by time. */
struct watch *watch_open(void);
void watch_close(struct watch *watch);
/* Watches a folder (again where it is another one than before). */
void watch_folder(struct watch *watch, const char *path);
/* Waits until `until_us` (monotonic), a stop, or, where `listen`, a change in the folder. SIGINT and SIGTERM
 * that come before it sleeps are not missed. */
void watch_wait(
	struct watch *watch, int64_t until_us, bool listen, const volatile sig_atomic_t *stop);

/* --- session.c, run.c ------------------------------------------------------------------------------------------- */

/* What was said last, and when: the same is not said every second. */
struct trouble {
	char text[1000];
	int64_t at_us;
};

struct session {
	const struct ship_options *options;
	struct ship_hooks hooks;
	struct ship_summary summary;
	struct follow follow;
	struct ship_state state;
	struct ship_scope scope;
	struct ship_target target;
	struct packer *packer;
	struct ship_piece pieces[2]; /* one is uploaded while the other is packed */
	const char *check_node;
	bool checked;      /* the bucket has taken an object */
	unsigned failures; /* in a row */
	int64_t next_try_us, saved_us, failing_us;
	bool other_folder;    /* the state was written for another one */
	bool unsaved;         /* the state could not be written; it was said */
	bool cut_short;       /* the last round ended by its time: there may be more to do */
	uint64_t done, total; /* of this round, for progress */
	struct trouble upload_trouble, folder_trouble;
};

/* Readies a session; the parts that are not zero are borrowed. */
void ship_session_init(struct session *s);
void ship_session_fini(struct session *s);
/* Makes sure, once, that the bucket takes objects. As session_round. */
enum send_end session_check(struct session *s, struct err *err);
/* Uploads what plan_next gives; with PLAN_DUE for some seconds at most. SEND_DONE where it came to its end, else why it did not, with `err`. */
enum send_end session_round(
	struct session *s, enum plan_mode mode, const struct ship_time *now, struct err *err);
/* Sets out on a folder, as the options say; texts are borrowed. */
void session_ready(struct session *s, const char *folder, const char *host);
/* Reads the state at `path`. What is wrong with it is said; -1 where it cannot be read or set aside. */
int session_load(struct session *s, const char *path, struct err *err);
/* -1 where the state is of another folder and nothing of it was found in this one: to be asked after a
 * scan. */
int session_other_folder(struct session *s, struct err *err);
/* Writes the state where something changed. 0 or -1. */
int session_save(struct session *s, struct err *err);
/* Completes the summary. */
void session_sum_up(struct session *s);

/* Prints what a single run did. */
void report_print(const struct ship_options *options, const struct ship_summary *summary);
/* The time now. */
struct ship_time ship_now(void);

#endif
