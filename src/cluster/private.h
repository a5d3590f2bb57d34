/* SPDX-License-Identifier: Apache-2.0 */
/* private.h (private to cluster/): the opened cluster. */
#ifndef CLUSTER_PRIVATE_H
#define CLUSTER_PRIVATE_H

#include "cluster/cluster.h"
#include "net/http.h"

enum { CLUSTER_URLS = 32, CLUSTER_LIMIT_BODY = 1 << 30 };

struct cluster {
	struct arena mem;
	struct cluster_settings settings; /* texts in mem */
	char *password;                   /* the same as in settings: wiped at the end */
	const char *urls[CLUSTER_URLS];
	unsigned nurls, now; /* now: the one that answered last */
	struct http_client *http;
	struct http_reply reply;
	int code;   /* of the last answer that was an error */
	bool met;   /* a server has answered as ClickHouse does */
	bool known; /* features are those of urls[now] */
	struct cluster_features features;
};

/* native_write.c: _null_lists. Per list of the table its number in a batch's shape, or -1: null in every row. */
enum { NATIVE_LISTS = 64 };
void native_match_lists(
	int lists[NATIVE_LISTS], const struct batch_shape *table, const struct batch_shape *shape);
/* What is written for a row. */
uint64_t native_null_lists(const int lists[NATIVE_LISTS], const struct batch *batch,
	const struct batch_shape *table, uint32_t row);

/* plain.c: _plain of one text, and of each row of a batch whose columns are loaded (the caller's, free). */
enum plainness plain_of(struct slice text);
uint8_t *plain_rows(const struct batch *batch);

/* feature.c: fills what a version can do from "18.16.1". -1: ERR_UNSUPPORTED. */
int feature_read(struct cluster_features *features, struct slice version, struct err *err);

#endif
