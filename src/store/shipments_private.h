/* SPDX-License-Identifier: Apache-2.0 */
/* shipments_private.h (private to store/): what rewriting segments does to shipments. All of it within the caller's transaction. */
#ifndef STORE_SHIPMENTS_PRIVATE_H
#define STORE_SHIPMENTS_PRIVATE_H

#include "store/private.h"
#include "store/rewrite.h"
#include "store/shipments.h"

/* SQL: the enum shipping of segment s. */
#define SEGMENT_SHIPPING                                                                           \
	"coalesce((SELECT CASE WHEN h.sent_at = 0 THEN 2 ELSE 1 END FROM cluster_segments x"       \
	" LEFT JOIN cluster_shipments h ON h.id = x.shipment_id WHERE x.segment_id = s.id), 0)"

/* ERR_BUSY where they cannot become one: one is on its way, or some are sent and some are not. */
int shipments_can_merge(
	struct store *store, const struct old_segment *const *old, uint32_t n, struct err *err);
/* `fresh` (0 = no row is left) takes the place of `old`, which are still there. */
int shipments_follow(struct store *store, const struct old_segment *const *old, uint32_t n,
	int64_t fresh, struct err *err);
/* Withdraws all that was sent of a table: it is made anew. To be called while its old segments are still there. */
int shipments_replace(struct store *store, int64_t table_id, struct err *err);

#endif
