/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.h (query/): the events of an alert that are not kept as copies, read where they are stored. */
#ifndef QUERY_EVIDENCE_H
#define QUERY_EVIDENCE_H

#include "store/alerts.h"

/* The event of a row as the evidence of an alert has it: {"table":…,members without nulls}. Appends. */
struct batch;
void evidence_json(const char *table, const struct batch *batch, uint32_t row, struct buf *out);

/* As alerts_get. Of an alert whose pass found many, few events were copied: the others are read here, texts in `mem`. What is not stored any
 * more, cannot be read or is longer than LIMIT_ALERT_EVENT stays without its text. */
int evidence_get(struct store *store, const char *id, struct arena *mem, struct alert_info *alert,
	struct err *err);

#endif
