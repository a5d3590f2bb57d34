/* SPDX-License-Identifier: Apache-2.0 */
/* progress.c: one line on stderr: how far, how fast, how long to go. On a terminal only. */
#include <inttypes.h>
#include <unistd.h>

#include "cli/private.h"

enum { BAR = 24, REDRAW_US = 100000 };

static bool drawn;
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

void progress_draw(
	const char *what, uint64_t done, uint64_t total, const char *unit, uint64_t events)
{
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
	(void)ctx;
	progress_draw(what, done, total, "", 0);
}

struct progress progress_of_walk(void)
{
	return (struct progress){.step = draw_walk, .stop = &stop_requested};
}
