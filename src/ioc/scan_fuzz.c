/* SPDX-License-Identifier: Apache-2.0 */
/* scan_fuzz.c: whatever the text: what is found stands in it in order and apart, its keys are keys, and without refanging what
 * stands there makes the key. */
#undef NDEBUG
#include <assert.h>

#include "base/base.h"
#include "ioc/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct check {
	struct slice text;
	size_t end;
	bool refang;
};

static void each(void *ctx, const struct ioc_found *found)
{
	struct check *check = ctx;
	struct buf shown, key;
	enum ioc_kind kind = found->kind;
	assert(found->at >= check->end && found->len > 0);
	check->end = found->at + found->len;
	assert(check->end <= check->text.len);
	assert(kind >= IOC_IPV4 && kind <= IOC_SHA256);
	assert(found->key.len > 0 && found->key.len <= IOC_KEY_MAX);
	buf_init(&shown, SIZE_MAX);
	buf_init(&key, SIZE_MAX);
	ioc_key_text(kind, found->key, &shown);
	assert(ioc_key(&kind, buf_view(&shown), &key));
	assert(kind == found->kind && slice_eq(buf_view(&key), found->key));
	if (!check->refang) {
		struct slice there = {check->text.ptr + found->at, found->len};
		buf_clear(&key);
		assert(ioc_key(&kind, there, &key));
		assert(kind == found->kind && slice_eq(buf_view(&key), found->key));
	}
	buf_fini(&shown);
	buf_fini(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int refang = 0; refang < 2; refang++) {
		struct check check = {.text = {(const char *)data, size}, .refang = refang};
		struct ioc_scan_options options = {.refang = refang};
		ioc_scan(check.text, &options, each, &check);
	}
	return 0;
}
