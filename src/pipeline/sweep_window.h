/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_window.h (private to sweep*.c): one reading of the window in progress. */
#ifndef PIPELINE_SWEEP_WINDOW_H
#define PIPELINE_SWEEP_WINDOW_H

#include "pipeline/sweep.h"

struct window_read {
	unsigned pages_most; /* in: then it is cut */
	bool lenient;        /* in: rows that move are borne (nothing else was left to try) */
	/* out: */
	bool whole; /* all of [from, to) was read; else what is from down_to on */
	int64_t down_to;
	bool drifted; /* rows moved between pages: read it again */
	bool coarse;  /* the rows at the last cut did not come: the cut is to be moved */
};

/* Reads pages until the window is whole or cut, harvests them, and sets the cut's rows. Commits without ending
 * the window where enough is there. 0 or -1. */
int sweep_window(struct sweep *sweep, struct window_read *read, struct err *err);

#endif
