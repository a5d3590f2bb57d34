/* SPDX-License-Identifier: Apache-2.0 */
/* try_objects.h: buckets and folders tried out before they are connected, as source_try does with APIs. */
#ifndef PIPELINE_TRY_OBJECTS_H
#define PIPELINE_TRY_OBJECTS_H

#include "collect/objects.h"
#include "pipeline/collect.h"

struct objects_test {
	const struct schema *schema; /* that the events shall have */
	void (*step)(void *ctx, enum test_mark mark, const char *text);
	void (*begin)(void *ctx); /* before the first row */
	void (*row)(void *ctx, const struct preview_row *row);
	void *ctx;
	/* out: */
	char instance[800]; /* of the product, as the lines say; "" = they do not */
	bool empty;
	unsigned rows;
};

struct try_bucket {
	struct http_client *http;
	struct bucket_place place;
	struct credential_provider *provider;
	const struct retry_policy *policy;
};
/* Lists the bucket, reads the beginning of an object, decodes it. Puts the region into the settings where the
 * bucket says another one. 0, or -1 with the sentence; a refusal is followed by the policy to paste. */
int try_bucket(const struct try_bucket *bucket, struct settings *settings,
	struct objects_test *test, struct err *err);
/* The same of a folder of this machine. */
int try_folder(const char *dir, struct objects_test *test, struct err *err);

#endif
