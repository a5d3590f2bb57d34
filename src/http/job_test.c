/* SPDX-License-Identifier: Apache-2.0 */
/* job_test.c: what a job's process says, in pieces and of any kind, and what the job is then. */
#include "http/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/test.h"
#include "json/json.h"

static struct job *a_job(void)
{
	struct job *job = xcalloc(1, sizeof(*job));
	job->kind = "test";
	job->target = xstrdup("it");
	snprintf(job->id, sizeof(job->id), "0123456789abcdef");
	buf_init(&job->steps, JOB_STEPS);
	buf_init(&job->line, JOB_LINE);
	buf_init(&job->result, JOB_RESULT);
	buf_init(&job->tail, JOB_LINE);
	buf_init(&job->asked, 1000);
	return job;
}

/* A member of the job as JSON, as it stands there. */
static const char *shown(const struct job *job, const char *name)
{
	static char text[4000];
	struct buf out;
	buf_init(&out, 4 << 20);
	job_json(job, true, &out);
	assert_int_equal(json_validate(buf_view(&out), NULL), 0);
	struct slice value = json_find(buf_view(&out), name);
	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(value));
	buf_fini(&out);
	return text;
}

static void end(struct job *job, int status)
{
	job->status = status;
	job_settle(job);
	job->state = job->outcome;
}

static void lines_come_in_any_pieces(void **state)
{
	static const char text[] =
		"{\"step\":{\"name\":\"a\",\"state\":\"running\",\"text\":\"\"}}\n"
		"{\"step\":{\"name\":\"a\",\"state\":\"ok\",\"text\":\"it is\",\"advice\":null}}\n"
		"{\"progress\":{\"done\":3,\"total\":null,\"unit\":\"rows\",\"text\":\"x\"}}\n"
		"{\"time\":\"t\",\"level\":\"info\",\"text\":\"of the log\"}\nplain\n"
		"{\"step\":{\"name\":\"b\",\"state\":\"running\",\"text\":\"\"}}\n{\"error\":\"it "
		"broke\"}";
	(void)state;
	for (size_t piece = 1; piece < sizeof(text); piece += 7) {
		struct job *job = a_job();
		for (size_t at = 0; at < sizeof(text) - 1; at += piece) {
			size_t left = sizeof(text) - 1 - at;
			job_heard(job, (struct slice){text + at, left < piece ? left : piece});
		}
		end(job, 1 << 8);
		assert_string_equal(shown(job, "steps"),
			"[{\"name\":\"a\",\"state\":\"ok\",\"text\":\"it is\",\"advice\":null}]");
		assert_string_equal(shown(job, "progress"),
			"{\"done\":3,\"total\":null,\"unit\":\"rows\",\"text\":\"x\"}");
		assert_string_equal(shown(job, "log"), "[\"of the log\",\"plain\"]");
		assert_string_equal(shown(job, "error"), "\"it broke\"");
		assert_string_equal(shown(job, "state"), "\"failed\"");
		assert_string_equal(shown(job, "result"), "null");
		job_free(job);
	}
}

static void what_is_hostile_is_bounded(void **state)
{
	static const char *const lines[] = {"{\"step\":7}",
		"{\"step\":{\"name\":[1],\"state\":{}}}", "{\"progress\":\"x\"}",
		"{\"progress\":{\"done\":-5,\"total\":1e99}}", "{\"error\":{}}",
		"{\"error\":\"\\ud800\"}", "\x1b[31m\xff\xe2\x80\xae", "", "{", "[]", "{\"step\":"};
	struct job *job = a_job();
	struct buf much;
	(void)state;
	buf_init(&much, 1 << 20);
	for (size_t i = 0; i < 300000; i++)
		buf_push(&much, 'x');
	for (unsigned round = 0; round < 300; round++) {
		for (size_t i = 0; i < COUNT(lines); i++) {
			job_heard(job, slice_of(lines[i]));
			job_heard(job, SLICE("\n"));
		}
		if (round % 100 == 0)
			job_heard(job, buf_view(&much));
		job_heard(job, SLICE("\n{\"step\":{\"name\":\"n\",\"state\":\"ok\",\"text\":\""));
		job_heard(job, (struct slice){much.ptr, 5000});
		job_heard(job, SLICE("\"}}\n"));
	}
	assert_true(job->steps.len <= JOB_STEPS && !job->steps.full);
	assert_int_equal(job->nlog, JOB_LOG);
	assert_true(strlen(shown(job, "progress")) > 0);
	end(job, 9);
	assert_string_equal(shown(job, "state"), "\"failed\"");
	buf_fini(&much);
	job_free(job);
}

static void results(void **state)
{
	static const struct {
		const char *said;
		int status;
		const char *state, *result;
	} rows[] = {
		{"{\"a\":1}\n", 0, "\"done\"", "{\"a\":1}"},
		{"{\"a\":1}\n{\"b\":2}\n\n", 0, "\"done\"", "[{\"a\":1},{\"b\":2}]"},
		{"{\"a\":1}\nno JSON\n", 3 << 8, "\"done\"", "[{\"a\":1}]"},
		{"", 0, "\"done\"", "null"},
		{"words", 0, "\"done\"", "null"},
		{"{\"damaged\":1}", 1 << 8, "\"done\"", "{\"damaged\":1}"},
		{"", 1 << 8, "\"failed\"", "null"},
		{"{\"a\":1}", 2 << 8, "\"failed\"", "null"},
		{"{\"a\":1}", 9, "\"failed\"", "null"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct job *job = a_job();
		job_said(job, slice_of(rows[i].said));
		end(job, rows[i].status);
		CHECK_ROW(i, strcmp(shown(job, "state"), rows[i].state) == 0);
		CHECK_ROW(i, strcmp(shown(job, "result"), rows[i].result) == 0);
		CHECK_ROW(i, strcmp(shown(job, "result_cut"), "false") == 0);
		job_free(job);
	}
}

/* Of many lines the first ones and the last one are there, and it is said that some are not. */
static void a_long_result_is_cut(void **state)
{
	struct job *job = a_job();
	(void)state;
	for (unsigned i = 0; i < 200000; i++)
		job_said(job, SLICE("{\"line\":1}\n"));
	job_said(job, SLICE("{\"sum\""));
	job_said(job, SLICE(":200000}\n"));
	end(job, 0);
	assert_true(job->result.len > JOB_RESULT / 2 && job->result.len < JOB_RESULT + 100);
	assert_non_null(memmem(job->result.ptr, job->result.len, ",{\"sum\":200000}]", 16));
	assert_string_equal(shown(job, "result_cut"), "true");
	job_free(job);
	job = a_job();
	job_said(job, SLICE("{\"x\":\""));
	for (unsigned i = 0; i < 200000; i++)
		job_said(job, SLICE("0123456789"));
	job_said(job, SLICE("\"}\n"));
	end(job, 0);
	assert_string_equal(shown(job, "result"), "null");
	assert_string_equal(shown(job, "result_cut"), "true");
	job_free(job);
}

/* ---- orders ---------------------------------------------------------------------------------- */

static const struct job_member members[] = {{"text", "text", MEMBER_TEXT},
	{"n", "n", MEMBER_NUMBER}, {"flag", "flag", MEMBER_FLAG},
	{"secret", "secret-file", MEMBER_SECRET}, {"own", NULL, MEMBER_OWN}, {0}};

static void bodies_become_words(void **state)
{
	static const struct {
		const char *body, *words, *asked; /* words NULL: refused */
	} rows[] = {
		{"{}", "", ""},
		{"{\"text\":\"a b\"}", "--text=a b;", "\"text\":\"a b\""},
		{"{\"text\":\"--flag\"}", "--text=--flag;", "\"text\":\"--flag\""},
		{"{\"te\\u0078t\":\"\\u202e\"}", "--text=\xe2\x80\xae;", "\"text\":\"\\u202e\""},
		{"{\"n\":-7,\"flag\":true}", "--n=-7;--flag;", "\"n\":-7,\"flag\":true"},
		{"{\"flag\":false,\"text\":null}", "", "\"flag\":false"},
		{"{\"secret\":\"s3cret\",\"own\":\"x\"}", "--secret-file=/dev/fd/3;",
			"\"own\":\"x\""},
		{"{\"text\":1}", NULL, NULL},
		{"{\"text\":\"a\\u0000b\"}", NULL, NULL},
		{"{\"text\":\"\\ud800\"}", NULL, NULL},
		{"{\"n\":\"1\"}", NULL, NULL},
		{"{\"n\":1.0}", NULL, NULL},
		{"{\"n\":1e3}", NULL, NULL},
		{"{\"flag\":1}", NULL, NULL},
		{"{\"flag\":\"true\"}", NULL, NULL},
		{"{\"secret\":7}", NULL, NULL},
		{"{\"other\":1}", NULL, NULL},
		{"{\"\":1}", NULL, NULL},
		{"{\"text\":\"a\",\"text\":\"b\"}", NULL, NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct job_order order;
		struct err err = {0};
		struct buf words;
		order_init(&order, "k", "t", ROLE_ADMIN);
		buf_init(&words, 4096);
		int rc = order_members(&order, members, slice_of(rows[i].body), &err);
		for (unsigned w = 0; w < order.nwords; w++)
			buf_printf(&words, "%s;", order.words[w]);
		CHECK_ROW(i, (rc == 0) == (rows[i].words != NULL));
		CHECK_ROW(i, rc < 0 ? err.kind == ERR_USAGE
				    : slice_eq(buf_view(&words), slice_of(rows[i].words)));
		CHECK_ROW(i, rc < 0 || slice_eq(buf_view(&order.asked), slice_of(rows[i].asked)));
		buf_fini(&words);
		order_fini(&order);
	}
}

static void a_secret_lies_in_its_pipe(void **state)
{
	struct job_order order;
	struct err err;
	char data[100] = "";
	(void)state;
	order_init(&order, "k", "t", ROLE_ADMIN);
	assert_int_equal(order_members(&order, members, SLICE("{\"secret\":\"s3cret\"}"), &err), 0);
	assert_int_equal(order.nsecrets, 1);
	assert_int_equal(io_read(order.secrets[0], data, sizeof(data) - 1, "pipe", &err), 6);
	assert_string_equal(data, "s3cret");
	assert_int_equal(io_read(order.secrets[0], data, 1, "pipe", &err), 0);
	order_fini(&order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_in_any_pieces),
		cmocka_unit_test(what_is_hostile_is_bounded),
		cmocka_unit_test(results),
		cmocka_unit_test(a_long_result_is_cut),
		cmocka_unit_test(bodies_become_words),
		cmocka_unit_test(a_secret_lies_in_its_pipe),
	};
	return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
