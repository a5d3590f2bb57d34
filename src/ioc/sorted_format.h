/* SPDX-License-Identifier: Apache-2.0 */
/* sorted_format.h (private to sorted_*.c): the parts of a file that are written as they are in memory; sorted_file.h has the rest. */
#ifndef IOC_SORTED_FORMAT_H
#define IOC_SORTED_FORMAT_H

#include <stdint.h>

#include "base/varint.h"
#include "ioc/sorted_file.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are read as they are in memory");

#define SORTED_MAGIC "pugmark keys 1\n"
enum {
	SORTED_MAGIC_BYTES = 16,
	SORTED_BLOCK = 4096, /* a block is closed when it has that much */
	SORTED_RECORD_MOST = SORTED_KEY_MAX + SORTED_VALUE_MAX + 3 * VARINT_MAX,
	SORTED_BLOCK_MOST = SORTED_BLOCK + SORTED_RECORD_MOST,
};

struct sorted_fence {
	uint64_t at;    /* of the block in the file */
	uint32_t bytes; /* of the block */
	uint32_t crc;
	uint32_t text; /* of the fence, in the texts */
	uint16_t text_bytes, records;
};
_Static_assert(sizeof(struct sorted_fence) == 24, "part of the file format");

struct sorted_footer {
	uint64_t extra_at, fences_at, texts_at, entries;
	uint64_t tag;
	uint32_t extra_bytes, nfences, texts_bytes;
	uint32_t first[SORTED_KINDS + 1]; /* fences of kind k: first[k] to first[k + 1] */
	uint32_t extra_crc, fences_crc, texts_crc;
	uint32_t zero[2], crc; /* of all before */
};
_Static_assert(sizeof(struct sorted_footer) == 144, "part of the file format");

#endif
