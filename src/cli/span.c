/* SPDX-License-Identifier: Apache-2.0 */
/* span.c: lengths of time as people write and read them. */
#include <inttypes.h>

#include "cli/private.h"

int parse_span(const char *text, uint32_t *seconds)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	size_t n = strlen(text);
	uint32_t factor = 1;
	int64_t value;
	for (size_t i = 0; n > 1 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[n - 1] == units[i].unit) {
			factor = units[i].seconds;
			n--;
			break;
		}
	}
	if (text_parse_int((struct slice){text, n}, &value) < 0 || value < 0 ||
		value > UINT32_MAX / factor)
		return -1;
	*seconds = (uint32_t)value * factor;
	return 0;
}

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
