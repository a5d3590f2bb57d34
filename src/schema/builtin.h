/* SPDX-License-Identifier: Apache-2.0 */
/* builtin.h (private to schema/): the texts of schemas/, embedded at build time in order of name. */
#ifndef SCHEMA_BUILTIN_H
#define SCHEMA_BUILTIN_H

#include <stddef.h>

struct builtin_file {
	const char *name; /* file name; NULL ends the list */
	const char *table, *product;
	const char *text;
	size_t len;
};

extern const struct builtin_file builtin_files[];

#endif
