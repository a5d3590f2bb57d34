/* SPDX-License-Identifier: Apache-2.0 */
/* scan.c: one pass over a text. 64 bytes at a time become a mask of candidates: dots, colons, at signs, and every 32nd byte
 * where it is a hexadecimal digit (a hash has one of those). Each candidate is looked at with what stands around it, which is
 * bounded, or is passed over by the cursor afterwards; so the time is linear in the text whatever it holds. */
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <utf8proc.h>

#include "base/text.h"
#include "ioc/scan_private.h"

enum { BLOCK = 64, SAMPLE = 32 };

static size_t place(const struct scan *scan, size_t at)
{
	return scan->refanged ? refang_place(scan->refanged, at) : at;
}

bool scan_emit(struct scan *scan, enum ioc_kind kind, size_t begin, size_t end)
{
	struct slice text = {scan->text.ptr + begin, end - begin};
	buf_clear(&scan->key);
	if (!ioc_key(&kind, text, &scan->key))
		return false;
	size_t at = place(scan, begin);
	struct ioc_found found = {.kind = kind,
		.key = buf_view(&scan->key),
		.at = at,
		.len = (end > begin ? place(scan, end - 1) + 1 : at) - at};
	scan->found = end;
	if (scan->cursor < end)
		scan->cursor = end;
	scan->each(scan->ctx, &found);
	return true;
}

static bool is_letter(uint32_t code)
{
	utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
	return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

size_t scan_letter(const struct scan *scan, size_t at)
{
	uint32_t code;
	size_t n = text_utf8_step(scan->text.ptr + at, scan->text.len - at, &code);
	return n > 1 && is_letter(code) ? n : 0;
}

size_t scan_letter_before(const struct scan *scan, size_t at)
{
	size_t begin = at;
	while (begin > scan->found && at - begin < 4) {
		begin--;
		if (((unsigned char)scan->text.ptr[begin] & 0xc0) != 0x80)
			break;
	}
	return scan_letter(scan, begin) == at - begin ? at - begin : 0;
}

#ifdef __SSE2__
static uint64_t marks16(const char *p)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i dot = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('.'));
	__m128i colon = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(':'));
	__m128i at = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('@'));
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(dot, colon), at));
}

static uint64_t marks(const char *p)
{
	return marks16(p) | marks16(p + 16) << 16 | marks16(p + 32) << 32 | marks16(p + 48) << 48;
}
#else
static uint64_t marks(const char *p)
{
	uint64_t mask = 0;
	for (unsigned i = 0; i < BLOCK; i++)
		mask |= (uint64_t)(p[i] == '.' || p[i] == ':' || p[i] == '@') << i;
	return mask;
}
#endif

static uint64_t candidates(const char *p)
{
	uint64_t mask = marks(p);
	for (unsigned i = SAMPLE - 1; i < BLOCK; i += SAMPLE)
		mask |= (uint64_t)byte_is(p[i], BYTE_HEX) << i;
	return mask;
}

static void look_at_dot(struct scan *scan, size_t at)
{
	struct slice text = scan->text;
	char before = at > scan->found ? text.ptr[at - 1] : ' ';
	char after = at + 1 < text.len ? text.ptr[at + 1] : ' ';
	if ((byte_is(before, BYTE_HOST) || (unsigned char)before >= 0x80) &&
		(byte_is(after, BYTE_HOST) || (unsigned char)after >= 0x80))
		scan_name(scan, at);
}

static void look_at_colon(struct scan *scan, size_t at)
{
	struct slice text = scan->text;
	char after = at + 1 < text.len ? text.ptr[at + 1] : ' ';
	if (after == ':' || byte_is(after, BYTE_HEX))
		scan_six(scan, at);
	else if (after == '/' && at + 2 < text.len && text.ptr[at + 2] == '/')
		scan_url(scan, at);
}

static void look_at(struct scan *scan, size_t at)
{
	char c = scan->text.ptr[at];
	if (byte_is(c, BYTE_HEX)) {
		scan_hash(scan, at);
		return;
	}
	if (at < scan->cursor)
		return;
	scan->cursor = at + 1;
	if (c == '.')
		look_at_dot(scan, at);
	else if (c == ':')
		look_at_colon(scan, at);
	else
		scan_mail(scan, at);
}

static void scan_text(struct scan *scan)
{
	char last[BLOCK] = {0};
	for (size_t base = 0; base < scan->text.len; base += BLOCK) {
		const char *block = scan->text.ptr + base;
		if (scan->text.len - base < BLOCK) {
			memcpy(last, block, scan->text.len - base);
			block = last;
		}
		for (uint64_t mask = candidates(block); mask; mask &= mask - 1)
			look_at(scan, base + (size_t)__builtin_ctzll(mask));
	}
}

uint32_t ioc_scan_next(const char *heap, const uint32_t *off, uint32_t d, uint32_t n)
{
	size_t at = off[d], end = off[n];
	for (; at < end; at += BLOCK) {
		char last[BLOCK] = {0};
		const char *block = heap + at;
		if (end - at < BLOCK)
			block = memcpy(last, block, end - at);
		uint64_t mask = candidates(block);
		if (mask == 0)
			continue;
		at += (size_t)__builtin_ctzll(mask);
		while (off[d + 1] <= at)
			d++;
		return d;
	}
	return n;
}

void ioc_scan(struct slice text, const struct ioc_scan_options *options,
	void (*each)(void *ctx, const struct ioc_found *found), void *ctx)
{
	struct refanged refanged;
	struct scan scan = {.text = text, .next_at = SIZE_MAX, .each = each, .ctx = ctx};
	buf_init(&scan.key, SIZE_MAX);
	if (options->refang) {
		refang(&refanged, text);
		scan.refanged = &refanged;
		scan.text = buf_view(&refanged.text);
	}
	scan_text(&scan);
	buf_fini(&scan.key);
	if (options->refang)
		refang_fini(&refanged);
}
