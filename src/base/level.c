/* SPDX-License-Identifier: Apache-2.0 */
/* level.c: the names of levels. */
#include "base/level.h"

#include <string.h>

const char *const level_names[RULE_LEVELS] = {"informational", "low", "medium", "high", "critical"};

const char *level_name(unsigned level)
{
	return level < RULE_LEVELS ? level_names[level] : "?";
}

int level_named(const char *name)
{
	for (int level = 0; level < RULE_LEVELS; level++)
		if (strcmp(level_names[level], name) == 0)
			return level;
	return -1;
}
