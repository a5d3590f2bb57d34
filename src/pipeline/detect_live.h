/* SPDX-License-Identifier: Apache-2.0 */
/* detect_live.h: detection beside importing and collecting: rules kept loaded, read anew where their files change, run over
 * what was just committed. A failure is logged and harms nothing: what was not looked at stays pending. */
#ifndef PIPELINE_DETECT_LIVE_H
#define PIPELINE_DETECT_LIVE_H

#include "pipeline/detect.h"

struct detect_live;
/* `options` without rules is copied. Never fails: where rules cannot be read, runs say so in the log. */
struct detect_live *detect_live_new(const char *data_dir, const struct detect_options *options);
void detect_live_free(struct detect_live *live);
/* Where an import or a collector is to have its hits caught, so that a run after it reads less; NULL where rules cannot be read. Borrowed
 * until the next run. */
struct detect_catch *detect_live_catch(struct detect_live *live, struct store *store);
/* Looks at what is pending. `busy`: more comes at once, so it is put off where the last time was a moment ago. Adds to
 * *result (may be NULL). */
void detect_live_run(
	struct detect_live *live, struct store *store, bool busy, struct detect_result *result);

#endif
