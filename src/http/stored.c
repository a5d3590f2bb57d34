/* SPDX-License-Identifier: Apache-2.0 */
/* stored.c (http/): what could not be read as events, and what the tables are made of. */
#include "answer/answer.h"
#include "http/private.h"

int handle_rejects(struct request *r, struct err *err)
{
	uint64_t limit = 100;
	struct store *store;
	if (arg_number(r, "limit", 100000, &limit, err) < 0 ||
		request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	int rc = answer_rejects(store, limit, &r->out, err);
	store_close(store);
	return reply_made(r, rc, "", err);
}

int handle_schema(struct request *r, struct err *err)
{
	return reply_made(r, answer_schemas(request_options(r)->data, &r->out, err), "", err);
}
