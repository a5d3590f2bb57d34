/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crc32c.h: CRC-32C (Castagnoli, RFC 3720 appendix B.4), with the CPU's
 * instruction where there is one.
 */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of `n` bytes; `crc` is 0, or the result for the bytes before. */
uint32_t crc32c(uint32_t crc, const void *data, size_t n);
/* The same without the instruction; for machines without it, and for the test that compares. */
uint32_t crc32c_portable(uint32_t crc, const void *data, size_t n);

#endif
