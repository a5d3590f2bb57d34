/* SPDX-License-Identifier: Apache-2.0 */
/* simd_test.c: both parsers give the same rows, keys and rejects on random and damaged records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/toy.h"

static uint64_t seed;

/* splitmix64 */
static uint32_t chance(uint32_t n)
{
	uint64_t z = (seed += 0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ (z >> 31)) % n);
}

static const char *const values[] = {"null", "true", "1", "-5", "1.5", "1e400", "\"a\"", "\"\"",
	"\"ann\"", "\"a longer text, longer than one vector of 32 bytes\"", "\"\\u00e9\\n\"",
	"\"J\xC3\xBCrgen\"", "\"\xFF\"", "\"\\ud800\"", "{}", "[]", "{\"a\":1}", "[1,\"x\"]",
	"\"2022-01-24T08:48:05.645+0000\"", "{\"epochSecond\":1644624007,\"nano\":19000000}",
	"\"10.0.0.1\"", "\"http://A/\"", "12", "\"12\"", "[{\"name\":\"x\"}]"};

static const char *const keys[] = {"time", "id", "name", "count", "small", "flag", "until", "any",
	"client", "site", "act", "when", "x", "n\\u0061me", "user", "things", "labels", "old"};

#define PICK(a) (a)[chance(sizeof(a) / sizeof((a)[0]))]

static void put_space(struct buf *out)
{
	if (chance(40) == 0)
		buf_puts(out, chance(2) ? " " : "\t ");
}

/* Things as machines write them: the same keys in the same order, values from a few. */
static void put_things(struct buf *out)
{
	uint32_t n = chance(4);
	buf_push(out, '[');
	for (uint32_t i = 0; i < n; i++) {
		buf_printf(out, "%s{\"id\":\"%u\",\"name\":\"thing-%u\",\"type\":\"%s\"",
			i ? "," : "", chance(20), chance(20), chance(2) ? "PROJECT" : "REPOSITORY");
		if (chance(8) == 0)
			buf_printf(out, ",\"owner\":{\"name\":%s}", PICK(values));
		if (chance(30) == 0)
			buf_printf(out, ",\"%s\":%s", PICK(keys), PICK(values));
		buf_push(out, '}');
	}
	buf_push(out, ']');
}

static void put_record(struct buf *out)
{
	buf_printf(out, "{\"time\":%u,\"name\":", chance(1000));
	put_space(out);
	buf_printf(out, chance(3) ? "\"user-%u\"" : "\"user-\\u0041%u\"", chance(300));
	if (chance(2))
		buf_printf(out, ",\"user\":{\"name\":\"user-%u\",\"id\":\"%u\"}", chance(50),
			chance(50));
	buf_puts(out, ",\"things\":");
	put_things(out);
	put_space(out);
	buf_printf(out, ",\"labels\":[\"l%u\",\"m\"]", chance(5));
	for (uint32_t n = chance(5) ? 0 : chance(4); n > 0; n--)
		buf_printf(out, ",\"%s\":%s", PICK(keys), PICK(values));
	buf_push(out, '}');
}

/* Some bytes of the text become others, or are gone, or stand twice. */
static void damage(char *text, size_t *len)
{
	static const char odd[] = "\"\\{}[]:, \x01\x7F\xC3\xA9\xFF\0n1";
	for (uint32_t n = chance(3); n > 0 && *len > 2; n--) {
		size_t at = chance((uint32_t)*len);
		switch (chance(3)) {
		case 0:
			text[at] = odd[chance(sizeof(odd) - 1)];
			break;
		case 1:
			memmove(text + at, text + at + 1, *len - at - 1);
			--*len;
			break;
		default:
			*len = chance(4) ? *len : at + 1;
		}
	}
}

static void put_file(struct buf *out, uint32_t records)
{
	struct buf record;
	buf_init(&record, 100000);
	for (uint32_t i = 0; i < records; i++) {
		buf_clear(&record);
		put_record(&record);
		if (chance(6) == 0)
			damage(record.ptr, &record.len);
		buf_slice(out, buf_view(&record));
		buf_push(out, '\n');
	}
	buf_fini(&record);
}

static void compare(struct schema *schema, struct slice text, uint32_t max_rows)
{
	struct buf out[2];
	for (int k = 0; k < 2; k++) {
		struct decode_options options = {.source = "test",
			.simd = k ? SIMD_AVX2 : SIMD_PORTABLE,
			.max_rows = max_rows};
		buf_init(&out[k], 64 << 20);
		toy_lines(schema, &options, text, text.len, true, &out[k]);
	}
	if (!slice_eq(buf_view(&out[0]), buf_view(&out[1]))) {
		size_t i = 0;
		while (out[0].ptr[i] == out[1].ptr[i])
			i++;
		size_t from = i > 300 ? i - 300 : 0;
		fail_msg("seed %llu: portable\n%.600s\n--- avx2\n%.600s", (unsigned long long)seed,
			out[0].ptr + from, out[1].ptr + from);
	}
	buf_fini(&out[0]);
	buf_fini(&out[1]);
}

static void random_files(void **state)
{
	(void)state;
	struct schema *schema = toy_schema(toy_yaml);
	for (uint64_t s = 1; s <= 20; s++) {
		struct buf text;
		seed = s;
		buf_init(&text, 64 << 20);
		put_file(&text, s == 1 ? 12000 : 400);
		compare(schema, buf_view(&text), s % 3 ? 0 : 50);
		buf_fini(&text);
	}
	schema_free(schema);
}

int main(void)
{
	if (!__builtin_cpu_supports("avx2"))
		print_message(
			"this machine has no AVX2: the portable parser is compared with itself\n");
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_files)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
