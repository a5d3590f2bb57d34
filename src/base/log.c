/* SPDX-License-Identifier: Apache-2.0 */
/* log.c: one write(2) per line, so that lines of several threads do not mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

static enum log_level lowest_level = LOG_WARN;
static enum log_form chosen_form = LOG_AUTO;

static const char *const level_names[] = {"debug", "info", "warning", "error"};

void log_setup(enum log_level lowest, enum log_form form)
{
	lowest_level = lowest;
	chosen_form = form;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	if (level < lowest_level)
		return;
	char text[4000];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	bool json = chosen_form == LOG_JSON || (chosen_form == LOG_AUTO && !isatty(STDERR_FILENO));
	struct buf line;
	buf_init(&line, 1 << 16);
	if (json) {
		char when[CLOCK_TEXT];
		buf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"text\":",
			clock_text(clock_now_us(), when), level_names[level]);
		text_json_string(&line, slice_of(text));
		buf_puts(&line, "}\n");
	} else {
		/* A line of progress may stand there. */
		if (isatty(STDERR_FILENO))
			buf_puts(&line, "\r\033[K");
		buf_printf(&line, "pugmark: %s: ", level_names[level]);
		text_escape(&line, slice_of(text));
		buf_push(&line, '\n');
	}
	ssize_t unused = write(STDERR_FILENO, line.ptr, line.len);
	(void)unused;
	buf_fini(&line);
}
