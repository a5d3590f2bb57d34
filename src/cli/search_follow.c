/* SPDX-License-Identifier: Apache-2.0 */
/* search_follow.c (cli/): pugmark search --follow: the newest matches, then new ones as they are committed.
 * Compaction, retention and rebuilds write segments that hold old events. So an event is new where it was received
 * since following began, or with a segment that was new when it was listed; and none is shown twice. */
#include <time.h>
#include <unistd.h>

#include "cli/search.h"

enum { FOLLOW_MOST = 1000 };

struct following {
	struct searching *s;
	struct rows *rows;
	uint64_t newest;        /* segment that has been looked at */
	char since[CLOCK_TEXT]; /* received_at from which on any event is new */
	bool began;             /* the rows that were there have been shown */
	struct map fresh;       /* received_at of new segments that are no rewritten ones */
	struct map seen;        /* ids that were shown */
	struct buf received;
};

/* 1: was there before, or was shown. */
static int is_old(void *ctx, const struct search_row *row)
{
	struct following *f = ctx;
	bool is_new;
	buf_clear(&f->received);
	if (f->began && search_cell(row, "received_at", &f->received) &&
		slice_cmp(buf_view(&f->received), slice_of(f->since)) < 0 &&
		!map_get(&f->fresh, buf_view(&f->received)))
		return 1;
	map_put(&f->seen, (struct slice){(const char *)row->cursor.id, 16}, &is_new);
	return !is_new;
}

struct listing {
	struct following *f;
	uint64_t newest;
};

static int look_at_segment(void *ctx, const struct segment_info *info, struct err *err)
{
	struct listing *listing = ctx;
	char text[CLOCK_TEXT];
	(void)err;
	if (info->id <= listing->f->newest)
		return 0;
	if (!info->compacted)
		map_put(&listing->f->fresh, slice_of(clock_text(info->received_at, text)), NULL);
	if (info->id > listing->newest)
		listing->newest = info->id;
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
	problems_print(search_result(search));
	return status;
}

/* New matches of the segments after f->newest, oldest first. */
static int show_new(struct following *f, struct err *err)
{
	struct search_request request = f->s->request;
	struct search_cursor last;
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
		status = show(f, search, &last, err);
		request.after = &last;
		search_free(search);
	}
	return status;
}

/* What is committed between the listing and the search is looked at again in the next round. */
static int look_again(struct following *f, struct err *err)
{
	struct listing listing = {.f = f, .newest = f->newest};
	if (store_segments(f->s->store, NULL, look_at_segment, &listing, err) < 0)
		return -1;
	int status = listing.newest > f->newest ? show_new(f, err) : 0;
	f->newest = listing.newest;
	return status;
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
	map_init(&f.fresh);
	map_init(&f.seen);
	buf_init(&f.received, 1 << 10);
	f.rows = rows_begin(s, &err);
	if (f.rows)
		rows_filter(f.rows, is_old, &f);
	int status = f.rows ? first_rows(&f, &err) : -1;
	f.began = true;
	if (status == 0)
		fputs("waiting for new events; Ctrl-C ends\n", stderr);
	while (status == 0 && !stop_requested) {
		struct timespec second = {.tv_sec = 1};
		nanosleep(&second, NULL);
		if (!stop_requested)
			status = look_again(&f, &err);
	}
	rows_free(f.rows);
	map_fini(&f.fresh);
	map_fini(&f.seen);
	buf_fini(&f.received);
	if (status < 0 && err.kind != ERR_INTERRUPTED)
		return fail(&err);
	return EXIT_STOPPED;
}
