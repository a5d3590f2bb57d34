/* SPDX-License-Identifier: Apache-2.0 */
/* merkle_suite.c: verifies proofs that others made. Reads lines `inclusion INDEX SIZE ENTRY ROOT PATH…` and `consistency OLD SIZE OLD_ROOT
 * ROOT PATH…`, hashes in base64 (`-` = of no length); writes `good` or `bad` for each. Driven by merkle_suite.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "proof/merkle.h"
#include "proof/note.h"

/* Hashes of another length are never good: merkle.h takes none. */
static bool read_hash(const char *text, uint8_t hash[MERKLE_HASH])
{
	return text && note_unbase64(slice_of(text), hash, MERKLE_HASH) == MERKLE_HASH;
}

static bool judge(char *line)
{
	static struct merkle_path path;
	uint8_t first[MERKLE_HASH], second[MERKLE_HASH];
	char *state, *what = strtok_r(line, " \n", &state);
	char *a = strtok_r(NULL, " \n", &state), *b = strtok_r(NULL, " \n", &state);
	if (!what || !a || !b || !read_hash(strtok_r(NULL, " \n", &state), first) ||
		!read_hash(strtok_r(NULL, " \n", &state), second))
		return false;
	path.n = 0;
	for (char *word; (word = strtok_r(NULL, " \n", &state));) {
		if (path.n == MERKLE_PATH || !read_hash(word, path.hash[path.n++]))
			return false;
	}
	uint64_t m = strtoull(a, NULL, 10), n = strtoull(b, NULL, 10);
	return strcmp(what, "inclusion") == 0 ? merkle_included(first, m, n, &path, second)
					      : merkle_consistent(m, first, n, second, &path);
}

int main(void)
{
	static char line[1 << 16];
	while (fgets(line, sizeof(line), stdin))
		puts(judge(line) ? "good" : "bad");
	return 0;
}
