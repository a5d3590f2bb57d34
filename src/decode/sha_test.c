/* SPDX-License-Identifier: Apache-2.0 */
/* sha_test.c: both ways of hashing give what libcrypto gives, for all lengths and pairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/evp.h>

#include "decode/sha.h"

enum { LONGEST = 300 };

static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
	0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static struct sha_job job_of(uint8_t *text, size_t len)
{
	struct sha_job job = {.blocks = text, .n = sha_blocks(len)};
	for (size_t i = 0; i < len; i++)
		text[i] = (uint8_t)(i * 7 + len);
	sha_pad(text, len, 0);
	memcpy(job.state, initial, sizeof(initial));
	return job;
}

static void check(const struct sha_job *job, size_t len)
{
	uint8_t want[32], got[32];
	EVP_Digest(job->blocks, len, want, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < 8; i++) {
		uint32_t word = __builtin_bswap32(job->state[i]);
		memcpy(got + 4 * i, &word, 4);
	}
	if (memcmp(got, want, 32) != 0)
		fail_msg("%zu bytes are hashed wrongly", len);
}

static void pairs(bool instructions)
{
	static uint8_t a[LONGEST + 128], b[LONGEST + 128];
	for (size_t len = 0; len < LONGEST; len++) {
		size_t other = len * 31 % LONGEST;
		struct sha_job x = job_of(a, len), y = job_of(b, other);
		sha_pair(&x, &y, instructions);
		check(&x, len);
		check(&y, other);
	}
}

static void by_libcrypto(void **state)
{
	(void)state;
	pairs(false);
}

static void by_instructions(void **state)
{
	(void)state;
	if (!sha_has_instructions())
		skip();
	pairs(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_libcrypto),
		cmocka_unit_test(by_instructions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
