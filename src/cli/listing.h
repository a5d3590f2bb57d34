/* SPDX-License-Identifier: Apache-2.0 */
/* listing.h (cli/): lists whose cells are all texts. */
#ifndef CLI_LISTING_H
#define CLI_LISTING_H

#include "query/output.h"
#include "store/store.h"

enum { LISTING_COLUMNS = 6 };

struct listing {
	bool json;
	unsigned n, columns;      /* n: rows so far */
	const char *const *names; /* of the columns */
	struct output output;
};

/* Begins {"WHAT":[, or a table. 0 or -1. */
int listing_begin(struct listing *l, const char *what, struct err *err);
/* A row; NULL = nothing. 0 or -1. */
int listing_row(struct listing *l, const char *const *texts, struct err *err);
/* Ends it; `none` is said where there was no row. `rc`, or -1. */
int listing_end(struct listing *l, int rc, const char *none, struct err *err);
/* Prints an answer of answer/ as it is. 0 or -1. */
int listing_answer(struct store *store,
	int (*make)(struct store *store, struct buf *out, struct err *err), struct err *err);

#endif
