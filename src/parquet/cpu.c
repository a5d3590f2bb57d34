/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.c: whether the processor has the instructions that the fast forms of loops are made of. */
#include <stdatomic.h>

#include "parquet/private.h"

static atomic_bool only_portable;

bool cpu_has_avx2(void)
{
#if defined(__x86_64__)
	return !atomic_load_explicit(&only_portable, memory_order_relaxed) &&
	       __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
#else
	return false;
#endif
}

void cpu_portable(bool portable)
{
	atomic_store(&only_portable, portable);
}
