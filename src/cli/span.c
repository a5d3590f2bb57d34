/* SPDX-License-Identifier: Apache-2.0 */
/* span.c: lengths of time as people read them. */
#include <inttypes.h>

#include "cli/private.h"

const char *span_text(int64_t us, char out[32])
{
	static const struct {
		int64_t us;
		const char *name;
	} units[] = {{INT64_C(86400000000), "day"}, {INT64_C(3600000000), "hour"},
		{INT64_C(60000000), "minute"}, {INT64_C(1000000), "second"}};
	size_t i = 0;
	while (i < 3 && us < 2 * units[i].us)
		i++;
	int64_t n = us / units[i].us;
	snprintf(out, 32, "%" PRId64 " %s%s", n, units[i].name, n == 1 ? "" : "s");
	return out;
}
