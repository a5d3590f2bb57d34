/* SPDX-License-Identifier: Apache-2.0 */
/* detecting.h (private to cli/): rules beside other commands, and what they share of `detect`. */
#ifndef CLI_DETECTING_H
#define CLI_DETECTING_H

#include "answer/answer.h"
#include "cli/private.h"
#include "pipeline/detect_live.h"

/* What the command line says of threads and memory. */
struct detect_options detect_options_of(const struct command_line *line);
/* Detection as the command line says; detect_live_free it. */
struct detect_live *detect_live_start(const struct command_line *line);
/* The same for one run, with a progress line. */
struct detect_live *detect_once_start(const struct command_line *line);
/* Looks at what is new. */
void detect_once(struct detect_live *live, struct store *store, struct detect_result *result);
/* "3 new alerts: pugmark alerts" where there are any. */
void print_new_alerts(const struct detect_result *result);

/* Tells what is wrong with rules on standard error. */
void print_rule_problems(const struct rules *rules);
/* The rules of the data folder; problems are told on standard error. */
int detect_load(const struct command_line *line, struct rules **rules, struct err *err);
/* Marks the rules that --rule names (all words of it); only[] has rules->n of them. ERR_USAGE where there is no such rule. */
int detect_only(const struct rules *rules, const char *words, bool *only, struct err *err);
/* The verbs of pugmark detect. */
int detect_new(const struct command_line *line);
int detect_run(const struct command_line *line);
int detect_list(const struct command_line *line);
int detect_explain(const struct command_line *line);
int detect_enable(const struct command_line *line);
int detect_disable(const struct command_line *line);
int detect_tune(const struct command_line *line);

#endif
