/* SPDX-License-Identifier: Apache-2.0 */
/* search_follow.c (cli/): pugmark search --follow: the newest matches, then new ones as they are committed. A
 * segment that compaction, retention or a rebuild wrote holds old events: of such a one only what was
 * received since, and not shown yet, is new. */
#include <time.h>
#include <unistd.h>

#include "cli/search.h"

enum { FOLLOW_MOST = 1000 };

struct following {
	struct searching *s;
	struct rows *rows;
	uint64_t newest;        /* segment */
	char since[CLOCK_TEXT]; /* received_at from which on an event is new */
	bool rewritten;         /* among the segments of this round */
	struct map seen;        /* ids that were shown since */
	struct buf received;
};

/* 1: was there before, or was shown. */
static int is_old(void *ctx, const struct search_row *row)
{
	struct following *f = ctx;
	bool is_new;
	map_put(&f->seen, (struct slice){(const char *)row->cursor.id, 16}, &is_new);
	if (!is_new)
		return 1;
	if (!f->rewritten)
		return 0;
	buf_clear(&f->received);
	bool known = search_cell(row, "received_at", &f->received);
	return known && slice_cmp(buf_view(&f->received), slice_of(f->since)) < 0;
}

struct listing {
	uint64_t after;
	bool any, rewritten;
};

static int look_at_segment(void *ctx, const struct segment_info *info, struct err *err)
{
	struct listing *listing = ctx;
	(void)err;
	if (info->id > listing->after) {
		listing->any = true;
		listing->rewritten |= info->compacted;
	}
	return 0;
}

/* Shows the page, and sends it on at once. */
static int show(
	struct following *f, struct search *search, struct search_cursor *last, struct err *err)
{
	uint64_t before = rows_shown(f->rows);
	int status = last ? rows_page(f->rows, search, last, err)
			  : rows_page_backwards(f->rows, search, err);
	if (status == 0 && rows_shown(f->rows) > before)
		status = rows_end(f->rows, err);
	return status;
}

/* New matches of the segments after f->newest, oldest first. */
static int show_new(struct following *f, struct err *err)
{
	struct search_request request = f->s->request;
	struct search_cursor last;
	uint64_t newest = f->newest;
	bool more = true;
	int status = 0;
	request.order = SEARCH_OLDEST;
	request.only_after_segment = f->newest;
	request.limit = SEARCH_PAGE;
	request.now = clock_now_us();
	while (status == 0 && more && !stop_requested) {
		struct search *search;
		if (search_run(f->s->store, &request, &search, err) < 0)
			return -1;
		const struct search_result *result = search_result(search);
		more = result->more && result->nrows;
		newest = result->newest_segment > newest ? result->newest_segment : newest;
		status = show(f, search, &last, err);
		request.after = &last;
		search_free(search);
	}
	f->newest = newest;
	return status;
}

static int look_again(struct following *f, struct err *err)
{
	struct listing listing = {.after = f->newest};
	if (store_segments(f->s->store, NULL, look_at_segment, &listing, err) < 0)
		return -1;
	f->rewritten = listing.rewritten;
	return listing.any ? show_new(f, err) : 0;
}

static int first_rows(struct following *f, struct err *err)
{
	struct searching *s = f->s;
	struct search_request request = s->request;
	struct search *search;
	request.order = SEARCH_NEWEST;
	request.limit = s->limit < FOLLOW_MOST ? s->limit : FOLLOW_MOST;
	if (search_run(s->store, &request, &search, err) < 0)
		return -1;
	f->newest = search_result(search)->newest_segment;
	int status = show(f, search, NULL, err);
	search_free(search);
	return status;
}

int search_follow(struct searching *s)
{
	struct err err = {0};
	struct following f = {.s = s};
	clock_text(clock_now_us(), f.since);
	map_init(&f.seen);
	buf_init(&f.received, 1 << 10);
	f.rows = rows_begin(s, &err);
	if (f.rows)
		rows_filter(f.rows, is_old, &f);
	int status = f.rows ? first_rows(&f, &err) : -1;
	if (status == 0)
		fputs("waiting for new events; Ctrl-C ends\n", stderr);
	while (status == 0 && !stop_requested) {
		struct timespec second = {.tv_sec = 1};
		nanosleep(&second, NULL);
		if (!stop_requested)
			status = look_again(&f, &err);
	}
	rows_free(f.rows);
	map_fini(&f.seen);
	buf_fini(&f.received);
	if (status < 0 && err.kind != ERR_INTERRUPTED)
		return fail(&err);
	return EXIT_STOPPED;
}
