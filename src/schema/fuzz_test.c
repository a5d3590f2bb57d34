/* SPDX-License-Identifier: Apache-2.0 */
/* Replays schema_fuzz.c over seeds of our own, cut and changed at random (a fixed seed, or
 * PUGMARK_SEED; PUGMARK_ROUNDS changes the number). */
#include "base/test.h"
#include "schema/schema_fuzz.c"

static const char *const seeds[] = {
	"table: t\nproduct: p\nversion: \"1\"\ntime: [when, a.t]\ncolumns:\n  a: x.y\n  b: {paths: "
	"[c, d], type: int}\n  l:\n    list: l\n    fields:\n      e: e\n      f: {paths: f, "
	"observable: ip}\n  m: {list: m, of: string}\ncommon:\n  actor: [a]\ntargets:\n  - {name: "
	"l.e, type: l.f}\ntarget_order: [x, y]\nid: b\ninstance: a\nidentity: [event_time, [a, "
	"b]]\n"
	"marks:\n  - {path: x, prefix: y, weight: 3}\n",
	"extend: jira_audit_logs\nrename: {method: m}\ntime: w\ncolumns:\n  m: how\n  "
	"changed_values: {fields: {why: why}}\nonly: [m, actor, affected_objects]\n",
	"{\"t\":\"2026-01-02T03:04:05Z\",\"a\":[{\"b\":1,\"c\":[1.5,null,true]}],\"d\":{\"e\":\"x@"
	"y."
	"zz\",\"f\\u00e4\":\"10.0.0.1\"}}\n{\"t\":1661412506867,\"g\":[\"h\",\"i\"]}\n",
	"{\"id\":7,\"summary\":\"s\",\"created\":\"2022-08-03:00:00.000+0000\",\"eventSource\":"
	"\"\","
	"\"objectItem\":{\"typeName\":\"USER\",\"new\":1},\"changedValues\":[{\"x\":\"y\"}]}\n",
};

static uint64_t seed_of(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);
	return text ? strtoull(text, NULL, 10) : fallback;
}

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static size_t mutate(char *text, size_t len, uint64_t *random)
{
	static const char bytes[] = "{}[]:,-#&*!|>'\"%@`?~ \n\t\\.a0\xff\x00\xc3";
	for (uint64_t n = 1 + next(random) % 4; n > 0 && len > 2; n--) {
		size_t at = next(random) % len, other = next(random) % len;
		switch (next(random) % 5) {
		case 0:
			text[at] = bytes[next(random) % (sizeof(bytes) - 1)];
			break;
		case 1:
			memmove(text + at, text + at + 1, --len - at);
			break;
		case 2:
			len = at + 1;
			break;
		case 3:
			text[at] = text[other];
			break;
		default: {
			size_t run = len - (at > other ? at : other);
			memmove(text + at, text + other, run < 24 ? run : 24);
		}
		}
	}
	return len;
}

static void test_replay(void **state)
{
	(void)state;
	uint64_t random = seed_of("PUGMARK_SEED", 20260801) | 1;
	uint64_t rounds = seed_of("PUGMARK_ROUNDS", 3000);
	char text[2048];
	for (size_t s = 0; s < COUNT(seeds); s++)
		LLVMFuzzerTestOneInput((const uint8_t *)seeds[s], strlen(seeds[s]));
	for (uint64_t i = 0; i < rounds; i++) {
		const char *seed = seeds[next(&random) % COUNT(seeds)];
		size_t len = strlen(seed);
		memcpy(text, seed, len);
		len = mutate(text, len, &random);
		LLVMFuzzerTestOneInput((const uint8_t *)text, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_replay)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
