/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bitmap_simd.h: the two forms of the loops over codes and numbers, as bitmap.h has them; chosen at
 * run time. The codes' `pass` has a 0 bit at ndistinct.
 */
#ifndef MATCH_BITMAP_SIMD_H
#define MATCH_BITMAP_SIMD_H

#include <stdint.h>

void codes_equal_portable(
	const uint32_t *codes, uint32_t n, uint32_t code, const uint64_t *among, uint64_t *out);
void codes_equal_avx2(
	const uint32_t *codes, uint32_t n, uint32_t code, const uint64_t *among, uint64_t *out);

void codes_look_up_portable(const uint32_t *codes, uint32_t n, const uint64_t *pass,
	uint32_t ndistinct, const uint64_t *among, uint64_t *out);
void codes_look_up_avx2(const uint32_t *codes, uint32_t n, const uint64_t *pass, uint32_t ndistinct,
	const uint64_t *among, uint64_t *out);

void values_between_portable(const int64_t *values, uint32_t n, int64_t low, int64_t high,
	const uint64_t *among, uint64_t *out);
void values_between_avx2(const int64_t *values, uint32_t n, int64_t low, int64_t high,
	const uint64_t *among, uint64_t *out);

#endif
