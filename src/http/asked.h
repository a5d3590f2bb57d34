/* SPDX-License-Identifier: Apache-2.0 */
/* asked.h (private to http/): what a request asks of the events, for the routes that take a query. */
#ifndef HTTP_ASKED_H
#define HTTP_ASKED_H

#include "http/private.h"

struct asked {
	struct request *r;
	struct store *store;
	struct request_tables known;
	struct search_tables tables;
	struct search_request request;
	struct search_cursor after;
	const char **columns; /* of the argument; NULL = all */
	uint32_t ncolumns;
	uint64_t left; /* rows still wanted */
	bool whole;    /* all rows are wanted where no limit is given */
	bool lines, explain;
	struct buf text, row; /* not yet handed on; of one row */
	uint64_t shown;
	int64_t began;
	struct search_cursor last; /* of the rows that were given so far: the page's business */
};

/* Opens the store and reads the arguments. 0; 1 where a wrong query was answered with its place; -1. asked_fini after any. */
int asked_parse(struct asked *a, struct err *err);
/* One page after another until there are no more rows, or a->left of them were given. `page` gives its rows on and sets a->last; `last`: no
 * other one comes, and the search's result tells how it ended. 0 or -1. */
int asked_pages(struct asked *a,
	int (*page)(struct asked *a, struct search *search, bool last, struct err *err),
	struct err *err);
void asked_fini(struct asked *a);

#endif
