/* SPDX-License-Identifier: Apache-2.0 */
/* run.c: the course of the work: look at the folder, upload what is due, note it, wait. */
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "ship/private.h"

#define SOON_US   (SHIP_SECOND / 5)   /* between two looks at the folder, at the least */
#define SLOW_US   (15 * SHIP_SECOND)  /* and at the most: not every file system tells of changes */
#define BUSY_US   SHIP_SECOND         /* while bytes are waiting for their time */
#define AGAIN_US  (600 * SHIP_SECOND) /* a trouble that goes on is said again */
#define LONGEST_S 60                  /* between tries of an upload */

struct ship_time ship_now(void)
{
	return (struct ship_time){clock_mono_us(), clock_now_us()};
}

static bool stopped(const struct session *s)
{
	return s->hooks.stop && *s->hooks.stop;
}

/* Says a trouble, and says it again only where it goes on for long. */
static void say(struct trouble *said, const struct err *err, const char *what)
{
	int64_t now = clock_mono_us();
	if (strcmp(said->text, err->text) == 0 && now - said->at_us < AGAIN_US)
		return;
	log_error("%s: %s", err->text, what);
	snprintf(said->text, sizeof(said->text), "%s", err->text);
	said->at_us = now;
}

/* The pause before the next try: longer each time, what the server asks for, and not all at once. */
static void back_off(struct session *s, const struct ship_time *now)
{
	int64_t pause = SHIP_SECOND << (s->failures < 6 ? s->failures : 6);
	int64_t asked = s->target.asked_us ? s->target.asked_us(s->target.ctx) : -1;
	if (pause > LONGEST_S * SHIP_SECOND)
		pause = LONGEST_S * SHIP_SECOND;
	pause = pause / 2 +
		(int64_t)(hash_bytes(&now->mono_us, sizeof(now->mono_us)) % (uint64_t)(pause / 2));
	if (asked > AGAIN_US)
		asked = AGAIN_US;
	if (asked > pause)
		pause = asked;
	if (s->failures++ == 0)
		s->failing_us = now->mono_us;
	s->next_try_us = clock_mono_us() + pause;
}

static void recovered(struct session *s)
{
	if (s->failures)
		log_info("uploading again after %lld s",
			(long long)((clock_mono_us() - s->failing_us) / SHIP_SECOND));
	s->failures = 0;
	s->next_try_us = 0;
	s->upload_trouble.text[0] = 0;
}

/* A failed upload of a follower. -1 where it was the first thing, and waiting does not mend it. */
static int failed(
	struct session *s, enum send_end end, const struct ship_time *now, const struct err *err)
{
	if (end == SEND_STOPPED)
		return 0;
	if (end == SEND_WRONG && !s->checked)
		return -1;
	back_off(s, now);
	say(&s->upload_trouble, err, "nothing is lost, it is tried again");
	return 0;
}

/* The state cannot be written: what is uploaded is known as long as the process lives. */
static void save(struct session *s)
{
	struct err err;
	if (session_save(s, &err) == 0) {
		if (s->unsaved)
			log_info("the state is written again");
		s->unsaved = false;
	} else if (!s->unsaved) {
		log_error("%s: until the state can be written, a restart uploads again what it "
			  "does not know of",
			err.text);
		s->unsaved = true;
	}
}

static int64_t poll_us(const struct session *s)
{
	int64_t us = s->follow.every_us / 4;
	return us < SLOW_US ? us : SLOW_US;
}

static void wait_for_more(struct session *s, struct watch *watch, const struct ship_time *now)
{
	int64_t due = plan_due(&s->follow, now), until = now->mono_us + poll_us(s);
	bool waiting = due != INT64_MAX;
	if (s->next_try_us > due)
		due = s->next_try_us;
	if (due < until)
		until = due;
	if (waiting && until > now->mono_us + BUSY_US)
		until = now->mono_us + BUSY_US; /* a whole piece may be there before it is due */
	/* What was due already and did not go, or was missed, has its next turn soon, and not at once. */
	int64_t soon = clock_mono_us() + SOON_US;
	if (until <= soon - SOON_US || (s->follow.missing && until > soon))
		until = soon;
	if (!waiting)
		packer_rest(s->packer);
	watch_folder(watch, s->follow.path);
	watch_wait(watch, until, !waiting, s->hooks.stop);
	/* Woken by a change: not more often than so, however many there are. */
	soon = now->mono_us + SOON_US;
	if (clock_mono_us() < until && clock_mono_us() < soon)
		watch_wait(watch, soon < until ? soon : until, false, s->hooks.stop);
}

static void say_round(const struct session *s, const struct ship_summary *before)
{
	uint64_t whole, partial;
	char bytes[32], packed[32], left[32];
	follow_left(&s->follow, &whole, &partial);
	log_debug("%s as %s in %d objects; %s wait for their time",
		text_bytes(s->summary.bytes - before->bytes, bytes),
		text_bytes(s->summary.packed - before->packed, packed),
		(int)(s->summary.objects - before->objects), text_bytes(whole + partial, left));
}

static enum send_end upload(
	struct session *s, bool scanned, const struct ship_time *now, struct err *err)
{
	const struct ship_summary before = s->summary;
	bool was_checked = s->checked;
	enum send_end end = session_check(s, err);
	if (end == SEND_DONE && scanned)
		end = session_round(s, PLAN_DUE, now, err);
	if (end == SEND_DONE && (!was_checked || s->summary.objects > before.objects))
		recovered(s);
	if (s->summary.objects > before.objects)
		say_round(s, &before);
	return end;
}

/* One turn of a follower. -1 where it cannot go on. */
static int turn(struct session *s, const struct ship_time *now, struct err *err)
{
	bool scanned = follow_scan(&s->follow, now, err) == 0;
	s->cut_short = false;
	if (scanned)
		s->folder_trouble.text[0] = 0;
	if (!scanned)
		say(&s->folder_trouble, err, "it is looked at again and again");
	else if (session_other_folder(s, err) < 0)
		return -1;
	if (now->mono_us >= s->next_try_us) {
		enum send_end end = upload(s, scanned, now, err);
		if (end != SEND_DONE && failed(s, end, now, err) < 0)
			return -1;
	}
	save(s);
	if (scanned)
		follow_warn(&s->follow, now);
	return 0;
}

static int follow_on(struct session *s, struct err *err)
{
	struct watch *watch = watch_open();
	int status = 0;
	while (status == 0 && !stopped(s)) {
		struct ship_time now = ship_now();
		status = turn(s, &now, err);
		if (status == 0 && !s->cut_short)
			wait_for_more(s, watch, &now);
	}
	watch_close(watch);
	return status;
}

/* What was there when it began. A log that a listing left out is looked for once more. */
static int once(struct session *s, struct err *err)
{
	struct ship_time now = ship_now();
	if (follow_scan(&s->follow, &now, err) < 0 || session_other_folder(s, err) < 0)
		return -1;
	for (int i = 0; i < 3 && s->follow.missing && !stopped(s); i++) {
		usleep(50000);
		now = ship_now();
		if (follow_scan(&s->follow, &now, err) < 0)
			return -1;
	}
	enum send_end end = session_check(s, err);
	if (end == SEND_DONE)
		end = session_round(s, PLAN_ALL, &now, err);
	struct ship_time then = ship_now();
	if (end == SEND_DONE) /* logs that are whole by now are marked so */
		follow_scan(&s->follow, &then, NULL);
	if (!s->options->dry_run) {
		struct err other;
		if (session_save(s, end == SEND_DONE ? err : &other) < 0 && end == SEND_DONE)
			return -1;
		follow_warn(&s->follow, &then);
	}
	return end == SEND_DONE ? 0 : -1;
}

/* --- Before it begins -------------------------------------------------------------------------------- */

static int no_name(void *ctx, const char *name, struct err *err)
{
	(void)ctx;
	(void)name;
	(void)err;
	return 1;
}

/* The folder's full path; where it is not there yet, as it was given. Owned by the caller. */
static char *find_folder(const struct ship_options *o, struct err *err)
{
	struct io_info info;
	char *path = o->folder ? xstrdup(o->folder) : homes_find("", err);
	if (!path)
		return NULL;
	int there = io_stat(path, &info, err);
	if (there == 1 && !info.is_dir)
		there = err_set(err, ERR_USAGE, "%s is no folder: name the folder log/audit", path);
	if (there == 0 && (o->once || o->dry_run))
		there = err_set(err, ERR_NOT_FOUND, "%s: there is no such folder", path);
	else if (there == 0)
		log_warn("%s is not there yet: it is waited for", path);
	if (there == 1 && io_list(path, no_name, NULL, err) < 0)
		there = -1;
	char *full = there == 1 ? realpath(path, NULL) : NULL;
	if (full || there < 0) {
		free(path);
		path = full;
	}
	if (path && !o->folder)
		log_info("the folder is %s", path);
	return path;
}

/* Nothing of ours may lie among the logs. */
static int check_state_path(const char *folder, const char *state, struct err *err)
{
	struct io_info logs, ours;
	char *parent = xstrdup(state), *slash = strrchr(parent, '/');
	if (slash)
		*slash = '\0';
	const char *at = !slash ? "." : slash == parent ? "/" : parent;
	bool same = io_stat(folder, &logs, NULL) == 1 && io_stat(at, &ours, NULL) == 1 &&
		    logs.device == ours.device && logs.inode == ours.inode;
	free(parent);
	if (same)
		return err_set(err, ERR_USAGE,
			"the state %s would lie among the logs: name another place with --state",
			state);
	return 0;
}

static int with_state(struct session *s, const char *folder, struct err *err)
{
	char *path = s->options->state ? xstrdup(s->options->state) : state_default();
	int status = check_state_path(folder, path, err);
	if (status == 0 && !s->options->dry_run)
		status = state_open(&s->state, path, err);
	if (status == 0)
		status = session_load(s, path, err);
	free(path);
	return status;
}

static int with_bucket(struct session *s, struct err *err)
{
	struct sender *sender = NULL;
	if (!s->options->dry_run) {
		sender = sender_open(s->options, s->hooks.stop, err);
		if (!sender)
			return -1;
		s->target = sender_target(sender);
	}
	bool single = s->options->once || s->options->dry_run;
	int status = single ? once(s, err) : follow_on(s, err);
	sender_close(sender);
	return status;
}

static int work(struct session *s, struct err *err)
{
	char host[256] = "";
	int64_t began = clock_mono_us();
	if (gethostname(host, sizeof(host) - 1) != 0 || !host[0])
		snprintf(host, sizeof(host), "unknown-host");
	char *folder = find_folder(s->options, err);
	if (!folder)
		return -1;
	ship_session_init(s);
	session_ready(s, folder, host);
	int status = with_state(s, folder, err);
	if (status == 0)
		status = with_bucket(s, err);
	session_sum_up(s);
	s->summary.elapsed_us = clock_mono_us() - began;
	ship_session_fini(s);
	free(folder);
	return status;
}

enum ship_exit ship_run(
	const struct ship_options *options, const struct ship_hooks *hooks, struct err *err)
{
	struct session s = {.options = options, .hooks = *hooks};
	bool single = options->once || options->dry_run;
	log_setup(options->verbose ? LOG_DEBUG : LOG_INFO, LOG_AUTO);
	int status = work(&s, err);
	if (single && (status == 0 || s.summary.objects > 0))
		report_print(options, &s.summary);
	if (status < 0)
		return err->kind == ERR_INTERRUPTED ? SHIP_STOPPED
		       : err->kind == ERR_USAGE     ? SHIP_USAGE
						    : SHIP_FAILED;
	return single && (s.summary.lost_logs || s.summary.unread) ? SHIP_INCOMPLETE : SHIP_DONE;
}
