/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c (http/): GET /api/v1/settings: the program, its data and its rules. */
#include <inttypes.h>

#include "answer/answer.h"
#include "http/private.h"
#include "pipeline/detect.h"

int handle_settings(struct request *r, struct err *err)
{
	const struct http_options *options = request_options(r);
	struct rules *rules = NULL;
	struct store *store = NULL;
	int rc = request_store(r, STORE_READ, &store, err);
	if (rc == 0)
		rc = detect_rules(options->data, &rules, err);
	if (rc == 0)
		rc = answer_settings(store, rules, &r->out, err);
	if (rc == 0) {
		buf_printf(&r->out, ",\"memory\":%" PRIu64 ",\"threads\":%u", options->memory,
			request_threads(r));
		text_json_member(&r->out, "listen", options->listen);
	}
	rules_free(rules);
	store_close(store);
	return reply_made(r, rc, "}", err);
}
