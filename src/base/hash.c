/* SPDX-License-Identifier: Apache-2.0 */
/* hash.c: the process's hash key, drawn from the kernel before main(). */
#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

uint64_t hash_secret[4];

__attribute__((constructor)) static void draw_secret(void)
{
	if (getrandom(hash_secret, sizeof(hash_secret), 0) != sizeof(hash_secret)) {
		fputs("pugmark: the kernel gave no random bytes\n", stderr);
		abort();
	}
	/* A factor of zero would fold everything to zero. */
	for (int i = 0; i < 4; i++)
		hash_secret[i] |= 1;
}
