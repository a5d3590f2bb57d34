/* SPDX-License-Identifier: Apache-2.0 */
/* job.c: one job: what its process says, line by line, and the job as JSON. What the process says is not believed to be well-formed. */
#include "http/job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "answer/answer.h"
#include "json/json.h"

enum { TEXT_MOST = 2000 };

static const char *const states[] = {"running", "done", "failed", "cancelled"};

/* ---- lines of stderr --------------------------------------------------------------------------- */

static char *text_of(struct slice line, const char *name)
{
	struct buf text;
	char *copy = NULL;
	buf_init(&text, JOB_LINE);
	if (json_find_text(line, name, &text)) {
		if (text.len > TEXT_MOST)
			text.len = TEXT_MOST;
		buf_push(&text, '\0');
		copy = xstrdup(text.ptr);
	}
	buf_fini(&text);
	return copy;
}

static int64_t number_of(struct slice line, const char *name)
{
	struct slice value = json_find(line, name);
	int64_t n;
	return value.ptr && text_parse_int(value, &n) == 0 && n >= 0 ? n : -1;
}

static void note_progress(struct job *job, struct slice progress)
{
	free(job->unit);
	free(job->text);
	job->has_progress = true;
	job->done = number_of(progress, "done");
	job->total = number_of(progress, "total");
	job->unit = text_of(progress, "unit");
	job->text = text_of(progress, "text");
}

/* A step that runs is replaced by what comes of it. */
static void note_step(struct job *job, struct slice step)
{
	static const char *const members[] = {"name", "state", "text", "advice"};
	char *state = text_of(step, "state");
	if (job->step_runs)
		job->steps.len = job->step_at;
	job->step_at = job->steps.len;
	job->step_runs = state && strcmp(state, "running") == 0;
	free(state);
	if (job->steps.len > JOB_STEPS - 4 * 6 * TEXT_MOST)
		return;
	buf_puts(&job->steps, job->steps.len ? ",{" : "{");
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		char *text = text_of(step, members[i]);
		buf_printf(&job->steps, "%s\"%s\":", i ? "," : "", members[i]);
		if (text)
			text_json_string(&job->steps, slice_of(text));
		else
			buf_puts(&job->steps, "null");
		free(text);
	}
	buf_push(&job->steps, '}');
}

static void note_log(struct job *job, struct slice line)
{
	char *text = text_of(line, "text");
	if (!text && line.len) {
		struct buf plain;
		buf_init(&plain, JOB_LINE + 1);
		buf_append(&plain, line.ptr, line.len < TEXT_MOST ? line.len : TEXT_MOST);
		buf_push(&plain, '\0');
		text = xstrdup(plain.ptr);
		buf_fini(&plain);
	}
	if (!text)
		return;
	if (job->nlog == JOB_LOG) {
		free(job->log[0]);
		memmove(job->log, job->log + 1, (JOB_LOG - 1) * sizeof(*job->log));
		job->nlog--;
	}
	job->log[job->nlog++] = text;
}

static void note_line(struct job *job, struct slice line)
{
	struct slice member;
	job->version++;
	if ((member = json_find(line, "progress")).ptr)
		note_progress(job, member);
	else if ((member = json_find(line, "step")).ptr)
		note_step(job, member);
	else if (json_find(line, "error").ptr) {
		free(job->error);
		job->error = text_of(line, "error");
	} else
		note_log(job, line);
}

/* Of a line that is too long the beginning is taken. */
void job_heard(struct job *job, struct slice bytes)
{
	while (bytes.len > 0) {
		const char *end = memchr(bytes.ptr, '\n', bytes.len);
		size_t n = end ? (size_t)(end - bytes.ptr) : bytes.len;
		size_t room = JOB_LINE - job->line.len;
		buf_append(&job->line, bytes.ptr, n < room ? n : room);
		n += end != NULL;
		bytes.ptr += n;
		bytes.len -= n;
		if (!end)
			continue;
		note_line(job, buf_view(&job->line));
		buf_clear(&job->line);
	}
}

/* ---- its result -------------------------------------------------------------------------------- */

/* What does not fit is left out, but for the last line, which sums up. */
void job_said(struct job *job, struct slice bytes)
{
	size_t room = JOB_RESULT - job->result.len;
	if (!job->cut && bytes.len <= room) {
		buf_slice(&job->result, bytes);
		return;
	}
	if (!job->cut) {
		buf_append(&job->result, bytes.ptr, room);
		bytes.ptr += room;
		bytes.len -= room;
	}
	job->cut = true;
	while (bytes.len > 0) {
		const char *end = memchr(bytes.ptr, '\n', bytes.len);
		size_t n = end ? (size_t)(end - bytes.ptr) + 1 : bytes.len;
		if (job->tail.len && job->tail.ptr[job->tail.len - 1] == '\n')
			buf_clear(&job->tail);
		buf_append(&job->tail, bytes.ptr, n);
		bytes.ptr += n;
		bytes.len -= n;
	}
}

static void add_lines(struct slice text, unsigned *n, struct buf *out)
{
	while (text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		struct slice line = {text.ptr, end ? (size_t)(end - text.ptr) : text.len};
		size_t step = line.len + (end != NULL);
		if (line.len && json_validate(line, NULL) == 0) {
			buf_puts(out, (*n)++ ? "," : "");
			buf_slice(out, line);
		}
		text.ptr += step;
		text.len -= step;
	}
}

/* One value is the result; several lines are an array of them. */
static void settle_result(struct job *job)
{
	struct buf out;
	unsigned n = 0;
	buf_init(&out, 2 * JOB_RESULT);
	if (!job->cut && job->result.len && json_validate(buf_view(&job->result), NULL) == 0) {
		while (job->result.len && strchr("\n ", job->result.ptr[job->result.len - 1]))
			job->result.len--;
		return;
	}
	buf_push(&out, '[');
	add_lines(buf_view(&job->result), &n, &out);
	add_lines(buf_view(&job->tail), &n, &out);
	buf_push(&out, ']');
	if (n == 0 || out.full)
		buf_clear(&out);
	buf_fini(&job->result);
	job->result = out;
}

void job_settle(struct job *job)
{
	int status = WIFEXITED(job->status) ? WEXITSTATUS(job->status) : -1;
	enum { REJECTED = 3 };
	if (job->line.len)
		note_line(job, buf_view(&job->line));
	buf_fini(&job->line);
	settle_result(job);
	buf_fini(&job->tail);
	/* Status 1 without a sentence is an answer: something is damaged. */
	bool done = status == 0 || status == REJECTED ||
		    (status == 1 && !job->error && job->result.len);
	job->outcome = job->asked_to_end ? JOB_CANCELLED : done ? JOB_DONE : JOB_FAILED;
	if (job->outcome == JOB_FAILED && !job->error) {
		char text[200];
		if (WIFSIGNALED(job->status))
			snprintf(text, sizeof(text), "its process was ended by signal %d",
				WTERMSIG(job->status));
		else
			snprintf(text, sizeof(text), "its process ended with status %d", status);
		job->error = xstrdup(job->nlog ? job->log[job->nlog - 1] : text);
	}
	if (job->outcome == JOB_CANCELLED) {
		free(job->error);
		job->error = xstrdup("it was cancelled");
	}
	if (job->step_runs) /* what it was at when it ended */
		job->steps.len = job->step_at;
	job->step_runs = false;
	if (job->outcome == JOB_FAILED)
		buf_clear(&job->result);
	job->ended = clock_now_us();
	job->version++;
}

/* ---- as JSON --------------------------------------------------------------------------------- */

static void progress_json(const struct job *job, struct buf *out)
{
	if (!job->has_progress) {
		buf_puts(out, ",\"progress\":null");
		return;
	}
	buf_printf(out,
		",\"progress\":{\"done\":%" PRId64 ",\"total\":", job->done < 0 ? 0 : job->done);
	if (job->total >= 0)
		buf_printf(out, "%" PRId64, job->total);
	else
		buf_puts(out, "null");
	text_json_member(out, "unit", job->unit);
	text_json_member(out, "text", job->text);
	buf_push(out, '}');
}

void job_json(const struct job *job, bool whole, struct buf *out)
{
	char title[200];
	snprintf(title, sizeof(title), "%s%s%s", job->kind, *job->target ? " " : "", job->target);
	buf_printf(out, "{\"id\":\"%s\"", job->id);
	text_json_member(out, "kind", job->kind);
	text_json_member(out, "title", title);
	text_json_member(out, "target", job->target);
	text_json_member(out, "state", states[job->state]);
	text_json_member(out, "who", job->who);
	answer_time(out, "started", job->started, true);
	answer_time(out, "ended", job->ended, job->ended != 0);
	progress_json(job, out);
	buf_printf(out, ",\"steps\":[%.*s]", SLICE_ARG(buf_view(&job->steps)));
	text_json_member(out, "error", job->error);
	buf_printf(out, ",\"asked\":{%.*s}", SLICE_ARG(buf_view(&job->asked)));
	buf_puts(out, ",\"log\":[");
	for (unsigned i = 0; i < job->nlog; i++) {
		buf_puts(out, i ? "," : "");
		text_json_string(out, slice_of(job->log[i]));
	}
	buf_puts(out, "]");
	if (whole && job->state != JOB_RUNS) {
		buf_puts(out, ",\"result\":");
		if (job->result.len)
			buf_slice(out, buf_view(&job->result));
		else
			buf_puts(out, "null");
		buf_printf(out, ",\"result_cut\":%s", job->cut ? "true" : "false");
	}
	buf_push(out, '}');
}

void job_free(struct job *job)
{
	for (unsigned i = 0; i < job->nlog; i++)
		free(job->log[i]);
	order_fini(&job->order);
	buf_fini(&job->asked);
	buf_fini(&job->steps);
	buf_fini(&job->line);
	buf_fini(&job->result);
	buf_fini(&job->tail);
	free(job->target);
	free(job->unit);
	free(job->text);
	free(job->error);
	free(job);
}
