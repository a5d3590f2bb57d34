/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job.h (private to http/): work that takes long, or that reaches a server: a child process each, which is this program with the words of
 * one of its commands, --json and --progress json. What it prints is the job's steps, progress and result.
 *
 * One thread starts the children, reads them, and tells the pages that follow a job (server-sent events); it waits for nobody. Jobs are
 * kept in memory alone: the last JOBS_KEPT of them, and none outlives this process.
 */
#ifndef HTTP_JOB_H
#define HTTP_JOB_H

#include "base/base.h"
#include "store/access.h"

struct request;

enum {
	JOBS_RUNNING = 4,
	JOBS_KEPT = 64,
	JOBS_FOLLOWERS = 64,      /* connections that follow a job, all together */
	JOB_RESULT = 1 << 20,     /* bytes of what a command prints */
	JOB_STEPS = 64 << 10,     /* bytes of steps */
	JOB_LINE = 64 << 10,      /* bytes of a line of its stderr */
	JOB_LOG = 20,             /* lines of the log that are kept */
	JOB_WORDS = 64,           /* of its command */
	JOB_SECRETS = 6,          /* that it is given */
	JOB_KILL_S = 10,          /* from the wish to end to SIGKILL */
	JOB_TELL_US = 250 * 1000, /* between two events of one job */
	JOB_ALIVE_US = 15000000,  /* between two signs of life */
};

/* A job on its way from a request to its process: the words of its command and its secrets. */
struct job_order {
	const char *kind;      /* static: "source test" …; also what the audit log calls it */
	const char *target;    /* what it is about; "" = everything */
	enum access_role role; /* who may cancel it */
	char *words[JOB_WORDS + 1];
	unsigned nwords;
	int secrets
		[JOB_SECRETS]; /* reading ends of pipes that hold one each: /dev/fd/3, 4 … of the process */
	unsigned nsecrets;
	struct buf asked; /* JSON members: what was asked for, without secrets */
	bool too_many;
};
void order_init(
	struct job_order *order, const char *kind, const char *target, enum access_role role);
/* Frees what was not handed over. */
void order_fini(struct job_order *order);
/* A word of the command. */
void order_word(struct job_order *order, const char *word);
/* An option with its value: one word, so that no value is ever taken for an option. NULL: a switch. */
void order_option(struct job_order *order, const char *option, const char *value);
/* An option that names a file: the file is a pipe with the secret in it. The secret is the caller's to wipe. 0 or -1. */
int order_secret(struct job_order *order, const char *option, struct slice secret, struct err *err);

/* What a body may say. */
enum member_type {
	MEMBER_TEXT,
	MEMBER_NUMBER, /* a whole number */
	MEMBER_FLAG,   /* true: the option is given */
	MEMBER_SECRET, /* text that goes through a pipe and is never shown again */
	MEMBER_OWN,    /* text that the handler takes itself (body_text) */
};
struct job_member {
	const char *name, *option; /* the option without its hyphens */
	enum member_type type;
};
/* Makes options of the body's members; one that is not in the table, twice there or of another type is ERR_USAGE. 0 or -1. */
int order_members(struct job_order *order, const struct job_member *members, struct slice body,
	struct err *err);

struct jobs;
/* Starts the thread. `args`: words for each command (the data folder, the memory), NULL-ended, borrowed. */
struct jobs *jobs_new(const char *data, const char *const *args);
/* Ends all children and the thread; those that follow are sent away. */
void jobs_end(struct jobs *jobs);
void jobs_free(struct jobs *jobs);

/* Starts a job, notes the act in the audit log, and answers 202 with the job. Takes the order's contents. 0 or -1: ERR_BUSY. */
int jobs_start(struct request *r, struct job_order *order, struct err *err);
/* The request's answer is what comes of the job from now on: it does not end with its handler. 0 or -1. */
int jobs_follow(struct request *r, const char *id, struct err *err);
/* Something was stored by this process: rules and watchlists are to look at it, in a process of its own, one at a time. */
void jobs_detect(struct jobs *jobs);
/* It follows no more: about to be freed. */
void jobs_leave(struct jobs *jobs, struct request *r);
/* All jobs, the newest first, without results; one with it (1, 0 none, -1). */
void jobs_list(struct jobs *jobs, struct buf *out);
int jobs_get(struct jobs *jobs, const char *id, struct buf *out);
/* Asks it to end; nothing where it has. 1, 0 none, -1 it is not this role's to end. */
int jobs_cancel(struct jobs *jobs, const char *id, enum access_role role);

/* ---- private to job*.c ------------------------------------------------------------------------ */

enum job_state { JOB_RUNS, JOB_DONE, JOB_FAILED, JOB_CANCELLED };

struct job {
	struct job *next; /* an older one */
	char id[17];
	const char *kind;
	char *target;
	char who[64];
	enum access_role role;
	bool house;                    /* nobody asked for it: it is not shown, and not counted */
	enum job_state state, outcome; /* outcome: what the state will be when it is noted */
	int64_t started, ended, act;   /* act: its row in the audit log */
	struct job_order order;        /* until it was started */
	int pid, out, err;             /* 0, -1 = none */
	bool asked_to_end, exited;
	int status;
	int64_t kill_at;  /* monotonic; 0 = not */
	uint64_t version; /* of what there is to tell */
	int64_t told;     /* monotonic */

	bool has_progress;
	int64_t done, total;
	char *unit, *text;
	struct buf steps;
	bool step_runs; /* the last step is one that has not ended */
	size_t step_at; /* where it begins in `steps` */
	char *log[JOB_LOG];
	unsigned nlog;
	struct buf asked, line, result,
		tail; /* line: the unfinished one of stderr; tail: of what was too long, the last line */
	bool cut;
	char *error;
};

/* Starts the process of job->order. 0 or -1. */
int job_spawn(struct job *job, const char *const *args, struct err *err);
/* Bytes of its stderr. */
void job_heard(struct job *job, struct slice bytes);
/* Bytes of its stdout. */
void job_said(struct job *job, struct slice bytes);
/* The process has ended, and all that it wrote was read: outcome, result and error are settled. */
void job_settle(struct job *job);
/* The job as JSON; with its result or not. */
void job_json(const struct job *job, bool whole, struct buf *out);
void job_free(struct job *job);

#endif
