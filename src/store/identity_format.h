/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity_format.h (private to identity*.c): the outer parts of a run file. See identity_run.h.
 */
#ifndef STORE_IDENTITY_FORMAT_H
#define STORE_IDENTITY_FORMAT_H

#include <stdint.h>

#define RUN_MAGIC       "pugmark ids run\n"
#define RUN_MAGIC_BYTES 16
#define RUN_VERSION     1

struct file_section {
	int32_t day;
	uint32_t nblocks;
	uint64_t count; /* cells */
	uint64_t at;    /* of the first */
	uint32_t nlines;
	uint32_t crc; /* of summaries and filter */
};
_Static_assert(sizeof(struct file_section) == 32, "part of the file format");

struct file_footer {
	uint64_t sections, entries;
	uint32_t version, table_crc;
	char zero[16];
	uint32_t also_zero;
	uint32_t crc; /* of everything before it */
};
_Static_assert(sizeof(struct file_footer) == 48, "part of the file format");

#endif
