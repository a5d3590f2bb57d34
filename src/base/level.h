/* SPDX-License-Identifier: Apache-2.0 */
/* level.h: how grave something is: Sigma's five levels, for rules, alerts and messages. */
#ifndef BASE_LEVEL_H
#define BASE_LEVEL_H

enum rule_level {
	LEVEL_INFORMATIONAL,
	LEVEL_LOW,
	LEVEL_MEDIUM,
	LEVEL_HIGH,
	LEVEL_CRITICAL,
	RULE_LEVELS
};

extern const char *const level_names[RULE_LEVELS];
/* "?" beyond them. */
const char *level_name(unsigned level);
/* Its number; -1 where none is called so. */
int level_named(const char *name);

#endif
