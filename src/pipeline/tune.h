/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tune.h: which rules run, and how: rules/settings.yml of the data folder changed, other lines and comments left as they are. The changed text is
 * read as settings, and the rules with it, before it takes the file's place. Two who change it at once take turns.
 */
#ifndef PIPELINE_TUNE_H
#define PIPELINE_TUNE_H

#include "detect/rule.h"

struct tuning;
/* Takes the settings of a data folder to change them; waits where somebody else does. 0 with *t (tuning_free), or -1: ERR_NOT_FOUND where there is
 * no data folder. */
int tuning_begin(const char *data, struct tuning **t, struct err *err);
/* Accepts NULL; what was not committed is given up. */
void tuning_free(struct tuning *t);
/* A rule, by id, name or title, is to run or not. 0 or -1: ERR_NOT_FOUND. */
int tuning_switch(struct tuning *t, const char *word, bool on, struct err *err);
/* Its threshold is to be `value` (a number as text; NULL = the rule's own). 0 or -1. */
int tuning_threshold(struct tuning *t, const char *word, const char *value, struct err *err);

/* What became of a change. Texts borrowed for the call. */
struct tuned {
	const struct rule *rule;  /* as it was */
	const struct rule *after; /* as it is now; NULL = it is not there any more */
	const char *change; /* "enabled", "disabled already", "still disabled", "threshold" … */
	const char *detail; /* "5, was 3"; "" = none */
};
/* Checks all that was changed and keeps it; `each` is called for each change. *changed: whether the file is another one now. 0, or -1:
 * nothing was changed. */
int tuning_commit(struct tuning *t, void (*each)(void *ctx, const struct tuned *tuned), void *ctx,
	bool *changed, struct err *err);

#endif
