/* SPDX-License-Identifier: Apache-2.0 */
/* kind_fuzz.c: whatever the bytes and the kind: a key is short, its text makes the same key again, and an indicator's text makes the
 * same indicator again. */
#undef NDEBUG
#include <assert.h>

#include "base/base.h"
#include "ioc/indicator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_host(enum ioc_kind kind, struct slice key)
{
	struct buf host;
	enum ioc_kind host_kind = IOC_NONE;
	buf_init(&host, SIZE_MAX);
	bool has = ioc_key_host(kind, key, &host_kind, &host);
	assert(has == (host.len > 0));
	assert(!has || kind == IOC_URL || kind == IOC_EMAIL);
	assert(!has || (host_kind >= IOC_IPV4 && host_kind <= IOC_DOMAIN));
	buf_fini(&host);
}

static void check_key(enum ioc_kind kind, struct slice text)
{
	struct buf key, shown, again;
	buf_init(&key, SIZE_MAX);
	buf_init(&shown, SIZE_MAX);
	buf_init(&again, SIZE_MAX);
	bool ok = ioc_key(&kind, text, &key);
	assert(ok == (key.len > 0) && key.len <= IOC_KEY_MAX);
	if (ok) {
		enum ioc_kind same = kind;
		ioc_key_text(kind, buf_view(&key), &shown);
		assert(ioc_key(&same, buf_view(&shown), &again));
		assert(same == kind && slice_eq(buf_view(&key), buf_view(&again)));
		check_host(kind, buf_view(&key));
	}
	buf_fini(&key);
	buf_fini(&shown);
	buf_fini(&again);
}

static bool comes_back(const struct indicator *indicator)
{
	return indicator->kind >= IOC_IPV4 && indicator->kind <= IOC_SHA256 &&
	       indicator->kind != IOC_URL;
}

static void check_indicator(enum ioc_kind kind, struct slice text)
{
	struct arena mem;
	struct indicator indicator, again;
	struct err err = {0};
	struct buf shown;
	bool wide, still;
	arena_init(&mem);
	buf_init(&shown, SIZE_MAX);
	if (indicator_parse(text, kind, &mem, &indicator, &wide, &err) != 0) {
		assert(err.kind == ERR_USAGE && err.text[0]);
	} else {
		assert(indicator.key.len > 0 && indicator.key.len <= IOC_KEY_MAX);
		assert((indicator.form == IOC_RANGE || indicator.form == IOC_WORD) ==
			(indicator.last.len > 0));
		(void)indicator_caution(&indicator, &indicator.key, 1);
		indicator_text(&indicator, &shown);
		if (comes_back(&indicator)) {
			assert(indicator_parse(buf_view(&shown), indicator.kind, &mem, &again,
				       &still, &err) == 0);
			assert(again.form == indicator.form && again.kind == indicator.kind);
			assert(slice_eq(again.key, indicator.key) && still == wide);
			assert(slice_eq(again.last, indicator.last));
		}
	}
	buf_fini(&shown);
	arena_fini(&mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	for (int kind = IOC_NONE; kind < IOC_KINDS; kind++) {
		check_key((enum ioc_kind)kind, text);
		check_indicator((enum ioc_kind)kind, text);
	}
	return 0;
}
