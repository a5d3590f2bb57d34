/* SPDX-License-Identifier: Apache-2.0 */
/* progress.c: one line on stderr: how far, how fast, how long to go, on a terminal only; or lines of JSON, where a program reads them. */
#include <inttypes.h>
#include <unistd.h>

#include "cli/private.h"

enum { BAR = 24, REDRAW_US = 100000, LINE_US = 250000 };

static bool drawn, lines;
static int64_t began, last;

static bool visible(void)
{
	static int known = -1;
	if (known < 0)
		known = isatty(STDERR_FILENO);
	return known;
}

/* "1:05" or "2:03:05". */
static void format_left(double seconds, char text[16])
{
	if (seconds > 359999)
		seconds = 359999;
	unsigned s = (unsigned)seconds;
	if (s >= 3600)
		snprintf(text, 16, "%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
	else
		snprintf(text, 16, "%u:%02u", s / 60, s % 60);
}

static void draw_bar(uint64_t done, uint64_t total)
{
	unsigned full = (unsigned)((double)done / (double)total * BAR);
	fputc('[', stderr);
	for (unsigned i = 0; i < BAR; i++)
		fputs(i < full ? "█" : "·", stderr);
	fprintf(stderr, "] %3u%% ", (unsigned)((double)done / (double)total * 100));
}

/* ---- lines of JSON ----------------------------------------------------------------------------- */

void progress_as_lines(void)
{
	lines = true;
}

/* In one piece, so that lines of the log do not stand within it. */
static void put_line(struct buf *line)
{
	buf_puts(line, "}\n");
	ssize_t unused = write(STDERR_FILENO, line->ptr, line->len);
	(void)unused;
	buf_fini(line);
}

static void draw_line(const char *what, uint64_t done, uint64_t total, const char *unit)
{
	struct buf line;
	int64_t now = clock_mono_us();
	if (last && now - last < LINE_US)
		return;
	last = now;
	buf_init(&line, 1 << 16);
	buf_printf(&line, "{\"progress\":{\"done\":%" PRIu64 ",\"total\":", done);
	if (total)
		buf_printf(&line, "%" PRIu64, total);
	else
		buf_puts(&line, "null");
	text_json_member(&line, "unit", unit);
	text_json_member(&line, "text", what);
	buf_push(&line, '}');
	put_line(&line);
}

void progress_tell_step(const char *name, const char *state, const char *text, const char *advice)
{
	struct buf line;
	if (!lines)
		return;
	buf_init(&line, 1 << 16);
	buf_puts(&line, "{\"step\":{\"name\":");
	text_json_string(&line, slice_of(name));
	text_json_member(&line, "state", state);
	text_json_member(&line, "text", text);
	text_json_member(&line, "advice", advice);
	buf_push(&line, '}');
	put_line(&line);
}

bool progress_tell_error(const char *text)
{
	struct buf line;
	if (!lines)
		return false;
	buf_init(&line, 1 << 16);
	buf_puts(&line, "{\"error\":");
	text_json_string(&line, slice_of(text));
	put_line(&line);
	return true;
}

/* ---- on a terminal ----------------------------------------------------------------------------- */

void progress_draw(
	const char *what, uint64_t done, uint64_t total, const char *unit, uint64_t events)
{
	if (lines) {
		draw_line(what, done, total, unit);
		return;
	}
	if (!visible())
		return;
	int64_t now = clock_mono_us();
	if (!drawn)
		began = now;
	else if (now - last < REDRAW_US)
		return;
	last = now;
	drawn = true;
	double seconds = (double)(now - began) / 1e6;
	char text[32], left[16];
	fputs("\r\033[K", stderr);
	if (total && done <= total)
		draw_bar(done, total);
	struct buf name;
	buf_init(&name, 200);
	text_escape(&name, slice_of(what));
	fprintf(stderr, "%.*s  ", SLICE_ARG(buf_view(&name)));
	buf_fini(&name);
	fputs(strcmp(unit, "bytes") == 0 ? text_bytes(done, text) : text_count(done, text), stderr);
	if (strcmp(unit, "bytes") != 0)
		fprintf(stderr, " %s", unit);
	if (events && seconds > 0.5)
		fprintf(stderr, "  %s events/s",
			text_count((uint64_t)((double)events / seconds), text));
	if (total && done && done <= total && seconds > 0.5) {
		format_left(seconds * (double)(total - done) / (double)done, left);
		fprintf(stderr, "  %s left", left);
	}
	(void)fflush(stderr);
}

void progress_clear(void)
{
	if (drawn)
		fputs("\r\033[K", stderr);
	drawn = false;
}

static void draw_walk(void *ctx, uint64_t done, uint64_t total, const char *what)
{
	const char *const *unit = ctx;
	progress_draw(what, done, total, *unit, 0);
}

struct progress progress_of_walk(enum walk_unit unit)
{
	static const char *units[] = {"", "bytes", "events"};
	return (struct progress){.step = draw_walk, .ctx = &units[unit], .stop = &stop_requested};
}
