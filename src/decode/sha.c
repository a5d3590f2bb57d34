/* SPDX-License-Identifier: Apache-2.0 */
/* sha.c: two SHA-256 computations side by side. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <string.h>

#include "decode/sha.h"

void sha_pad(uint8_t *text, uint64_t len, uint64_t before)
{
	uint64_t size = 64ull * sha_blocks(len);
	uint64_t bits = __builtin_bswap64((before + len) * 8);
	text[len] = 0x80;
	memset(text + len + 1, 0, size - len - 9);
	memcpy(text + size - 8, &bits, 8);
}

static void run_plain(struct sha_job *job)
{
	SHA256_CTX ctx;
	memset(&ctx, 0, sizeof(ctx));
	memcpy(ctx.h, job->state, sizeof(job->state));
	for (uint32_t i = 0; i < job->n; i++)
		SHA256_Transform(&ctx, job->blocks + 64ul * i);
	memcpy(job->state, ctx.h, sizeof(job->state));
}

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define HOT __attribute__((target("sha,sse4.1")))

static const uint32_t constants[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b,
	0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6,
	0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
	0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585,
	0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa,
	0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* The state as the instructions want it: words a b e f and c d g h. */
struct lane {
	__m128i abef, cdgh;
};

static inline HOT struct lane lane_load(const uint32_t *state)
{
	__m128i low = _mm_loadu_si128((const void *)state);
	__m128i high = _mm_loadu_si128((const void *)(state + 4));
	low = _mm_shuffle_epi32(low, 0xb1);
	high = _mm_shuffle_epi32(high, 0x1b);
	return (struct lane){_mm_alignr_epi8(low, high, 8), _mm_blend_epi16(high, low, 0xf0)};
}

static inline HOT void lane_store(struct lane lane, uint32_t *state)
{
	__m128i low = _mm_shuffle_epi32(lane.abef, 0x1b);
	__m128i high = _mm_shuffle_epi32(lane.cdgh, 0xb1);
	_mm_storeu_si128((void *)state, _mm_blend_epi16(low, high, 0xf0));
	_mm_storeu_si128((void *)(state + 4), _mm_alignr_epi8(high, low, 8));
}

static inline HOT void load_block(const uint8_t *block, __m128i w[4])
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	for (int i = 0; i < 4; i++)
		w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const void *)(block + 16 * i)), swap);
}

/* Four rounds, and the message words that are needed twelve rounds later. */
static inline HOT void four_rounds(struct lane *lane, __m128i w[4], int group)
{
	__m128i k = _mm_loadu_si128((const void *)(constants + 4 * group));
	__m128i now = w[group & 3], sum = _mm_add_epi32(now, k);
	lane->cdgh = _mm_sha256rnds2_epu32(lane->cdgh, lane->abef, sum);
	lane->abef = _mm_sha256rnds2_epu32(lane->abef, lane->cdgh, _mm_shuffle_epi32(sum, 0x0e));
	if (group >= 12)
		return;
	__m128i third = w[(group + 2) & 3], last = w[(group + 3) & 3];
	__m128i next = _mm_sha256msg1_epu32(now, w[(group + 1) & 3]);
	next = _mm_add_epi32(next, _mm_alignr_epi8(last, third, 4));
	w[group & 3] = _mm_sha256msg2_epu32(next, last);
}

static HOT void run_two(struct lane *a, struct lane *b, const uint8_t *p, const uint8_t *q)
{
	struct lane x = *a, y = *b;
	__m128i v[4], w[4];
	load_block(p, v);
	load_block(q, w);
#pragma GCC unroll 16
	for (int group = 0; group < 16; group++) {
		four_rounds(&x, v, group);
		four_rounds(&y, w, group);
	}
	a->abef = _mm_add_epi32(a->abef, x.abef);
	a->cdgh = _mm_add_epi32(a->cdgh, x.cdgh);
	b->abef = _mm_add_epi32(b->abef, y.abef);
	b->cdgh = _mm_add_epi32(b->cdgh, y.cdgh);
}

static HOT void run_one(struct lane *a, const uint8_t *p)
{
	struct lane x = *a;
	__m128i v[4];
	load_block(p, v);
#pragma GCC unroll 16
	for (int group = 0; group < 16; group++)
		four_rounds(&x, v, group);
	a->abef = _mm_add_epi32(a->abef, x.abef);
	a->cdgh = _mm_add_epi32(a->cdgh, x.cdgh);
}

static HOT void run_pair(struct sha_job *a, struct sha_job *b)
{
	struct lane x = lane_load(a->state), y = lane_load(b->state);
	uint32_t both = a->n < b->n ? a->n : b->n;
	for (uint32_t i = 0; i < both; i++)
		run_two(&x, &y, a->blocks + 64ul * i, b->blocks + 64ul * i);
	for (uint32_t i = both; i < a->n; i++)
		run_one(&x, a->blocks + 64ul * i);
	for (uint32_t i = both; i < b->n; i++)
		run_one(&y, b->blocks + 64ul * i);
	lane_store(x, a->state);
	lane_store(y, b->state);
}

bool sha_has_instructions(void)
{
	unsigned a, b, c, d;
	if (!__builtin_cpu_supports("sse4.1") || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
		return false;
	return b >> 29 & 1;
}
#else
static void run_pair(struct sha_job *a, struct sha_job *b)
{
	run_plain(a);
	run_plain(b);
}

bool sha_has_instructions(void)
{
	return false;
}
#endif

void sha_pair(struct sha_job *a, struct sha_job *b, bool instructions)
{
	if (instructions) {
		run_pair(a, b);
		return;
	}
	run_plain(a);
	run_plain(b);
}
