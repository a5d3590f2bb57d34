/* SPDX-License-Identifier: Apache-2.0 */
/* feature.c: what a version of ClickHouse can do: the one place where versions are told apart. */
#include <stdio.h>

#include "cluster/private.h"

enum { OLDEST = 18016 };

int feature_read(struct cluster_features *features, struct slice version, struct err *err)
{
	unsigned major = 0, minor = 0;
	char text[sizeof(features->version_text)];
	size_t n = version.len < sizeof(text) - 1 ? version.len : sizeof(text) - 1;
	memcpy(text, version.ptr, n);
	text[n] = '\0';
	/* NOLINTNEXTLINE(cert-err34-c): two small numbers, checked below */
	if (sscanf(text, "%4u.%4u", &major, &minor) != 2 || major > 999 || minor > 999)
		return err_set(
			err, ERR_FORMAT, "it says that its version is %s: is it ClickHouse?", text);
	unsigned v = major * 1000 + minor;
	if (v < OLDEST)
		return err_set(err, ERR_UNSUPPORTED,
			"its version is %s: pugmark needs ClickHouse 18.16 or later", text);
	*features = (struct cluster_features){
		.version = v,
		.datetime64 = v >= 20005, /* with fromUnixTimestamp64Micro */
		.low_cardinality = v >= 19017,
		.skip_index = v >= 20001,
		.ttl = v >= 19006,
		.codec = v >= 20001,
		.partition_limit = v >= 19007,
		.multi_search = v >= 19004,
	};
	memcpy(features->version_text, text, n + 1);
	return 0;
}
