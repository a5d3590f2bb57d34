/* SPDX-License-Identifier: Apache-2.0 */
/* list_fuzz.c: whatever is given as a list, in whatever steps: it is read or refused with a text, each entry is usable or has a
 * reason, and the counts are those of the entries. */
#undef NDEBUG
#include <assert.h>

#include "base/base.h"
#include "ioc/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct given {
	struct slice rest;
	size_t step;
	uint64_t usable, unusable;
};

static int64_t give(void *ctx, char *to, size_t n, struct err *err)
{
	struct given *given = ctx;
	(void)err;
	if (n > given->step)
		n = given->step;
	if (n > given->rest.len)
		n = given->rest.len;
	if (n)
		memcpy(to, given->rest.ptr, n);
	given->rest.ptr += n;
	given->rest.len -= n;
	return (int64_t)n;
}

/* Reads each byte, so that the sanitizer sees texts that are not there. */
static void touch(struct slice text)
{
	static volatile char sink;
	for (size_t i = 0; i < text.len; i++)
		sink = text.ptr[i];
	(void)sink;
}

static int each(void *ctx, const struct ioc_entry *entry, struct err *err)
{
	struct given *given = ctx;
	const struct slice texts[] = {entry->text, entry->id, entry->type, entry->description,
		entry->tags, entry->reference};
	(void)err;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		touch(texts[i]);
	assert(entry->confidence >= -1 && entry->confidence <= 100);
	if (entry->usable) {
		assert(entry->indicator.key.len > 0);
		touch(entry->indicator.key);
		touch(entry->indicator.last);
		given->usable++;
	} else {
		assert(entry->reason && entry->reason[0]);
		given->unusable++;
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t steps[] = {1 << 20, 1, 7, 4096};
	static const char *const columns[] = {NULL, "2", "value"};
	if (size == 0)
		return 0;
	/* The first byte chooses what is asked for. */
	struct ioc_list_options options = {.format = data[0] % IOC_LIST_FORMATS,
		.column = columns[data[0] / IOC_LIST_FORMATS % 3],
		.name = "list"};
	struct given given = {.rest = {(const char *)data + 1, size - 1},
		.step = steps[data[0] / (3 * IOC_LIST_FORMATS) % 4]};
	struct ioc_list_counts counts = {0};
	struct err err = {0};
	int status = ioc_list_read(&options, give, &given, each, &given, &counts, &err);
	assert(status == 0 || (status == -1 && err.kind != ERR_NONE && err.text[0]));
	for (const char *p = err.text; *p; p++)
		assert((unsigned char)*p >= 0x20 && *p != 0x7f);
	assert(counts.usable == given.usable && counts.unusable == given.unusable);
	return 0;
}
