/* SPDX-License-Identifier: Apache-2.0 */
/* act.c: what changes something: noted in the audit log before it is done, and what came of it after. */
#include <stdio.h>

#include "http/private.h"

int audited(struct request *r, const char *what, const char *target,
	int (*act)(struct request *r, struct store *store, void *ctx, struct err *err), void *ctx,
	struct err *err)
{
	const struct audit_act begun = {r->who, r->from, what, target};
	char result[1100];
	struct store *store;
	struct err later;
	int64_t row;
	if (request_store(r, STORE_WRITE, &store, err) < 0)
		return -1;
	int rc = audit_begin(store, &begun, &row, err);
	if (rc == 0) {
		rc = act(r, store, ctx, err);
		snprintf(result, sizeof(result), rc < 0 ? "refused: %s" : "%s",
			rc < 0       ? err->text
			: r->outcome ? r->outcome
				     : "done");
		if (audit_end(store, row, result, &later) < 0) {
			log_error("the audit log: %s", later.text);
			if (rc >= 0)
				rc = err_set(err, ERR_IO,
					"it was done, but the audit log could not be written: %s",
					later.text);
		}
	}
	store_close(store);
	return rc < 0 ? -1 : 0;
}
