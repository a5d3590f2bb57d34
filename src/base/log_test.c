/* SPDX-License-Identifier: Apache-2.0 */
/* log_test.c: forms, levels, and that hostile text stays on its line. */
#include "base/test.h"

#include "base/log.h"

/* What `write` puts on stderr, in `text`. */
static void capture(void (*write)(void), char *text, size_t size)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	int saved = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	write();
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	ssize_t got = read(ends[0], text, size - 1);
	close(ends[0]);
	assert_true(got >= 0);
	text[got] = '\0';
}

static void write_text(void)
{
	log_setup(LOG_INFO, LOG_TEXT);
	log_debug("not shown");
	log_info("shown %d", 1);
	log_error("two\nlines \x1b[31m \xe2\x80\xae \xff");
}

static void text_is_escaped(void **state)
{
	char text[1000];
	(void)state;
	capture(write_text, text, sizeof(text));
	assert_string_equal(text, "pugmark: info: shown 1\n"
				  "pugmark: error: two\\nlines \\x1b[31m \\u{202e} \\xff\n");
}

static void write_json(void)
{
	setenv("PUGMARK_NOW", "1661412506867000", 1);
	log_setup(LOG_WARN, LOG_AUTO); /* a pipe is no terminal */
	log_info("not shown");
	log_warn("say \"%s\"\n", "\x1b");
	unsetenv("PUGMARK_NOW");
}

static void json_is_one_object_a_line(void **state)
{
	char text[1000];
	(void)state;
	capture(write_json, text, sizeof(text));
	assert_string_equal(text, "{\"time\":\"2022-08-25T07:28:26.867000Z\",\"level\":\"warning\","
				  "\"text\":\"say \\\"\\u001b\\\"\\n\"}\n");
}

static void write_long(void)
{
	log_setup(LOG_WARN, LOG_TEXT);
	log_warn("%0*d", 9000, 7);
}

static void long_texts_are_cut(void **state)
{
	char text[20000];
	(void)state;
	capture(write_long, text, sizeof(text));
	assert_int_equal(strlen(text), strlen("pugmark: warning: ") + 3999 + 1);
	assert_int_equal(text[strlen(text) - 1], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_escaped),
		cmocka_unit_test(json_is_one_object_a_line),
		cmocka_unit_test(long_texts_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
