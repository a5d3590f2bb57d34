/* SPDX-License-Identifier: Apache-2.0 */
/* scan_refang.c: puts back what people write so that nobody clicks on it: [.] (dot) [at] [://] hxxp. The text is copied once;
 * the places where it differs are kept, to tell where something stood. */
#include <stdlib.h>
#include <strings.h>

#include "base/arena.h"
#include "ioc/scan_private.h"

static void add_step(struct refanged *refanged, size_t in, bool defanged)
{
	if (refanged->nsteps == refanged->cap) {
		refanged->cap = refanged->cap ? 2 * refanged->cap : 16;
		refanged->steps =
			xrealloc(refanged->steps, refanged->cap * sizeof(*refanged->steps));
	}
	refanged->steps[refanged->nsteps++] =
		(struct refang_step){refanged->text.len, in, defanged};
}

/* What stands between brackets for something; longest first. */
static const struct {
	const char *text, *means;
} inside[] = {
	{"://", "://"}, {"dot", "."}, {"at", "@"}, {".", "."}, {"@", "@"}, {":", ":"}, {"/", "/"}};

static bool begins(struct slice text, size_t at, const char *what, size_t n)
{
	return text.len - at >= n && strncasecmp(text.ptr + at, what, n) == 0;
}

static bool is_blank_at(struct slice text, size_t at)
{
	return at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\t');
}

/* "[dot]", "( . )": what it means, and *end behind it; NULL where it means nothing. */
static const char *bracketed(struct slice text, size_t at, size_t *end)
{
	static const char close[128] = {['['] = ']', ['('] = ')', ['{'] = '}'};
	char closing = close[(unsigned char)text.ptr[at++] & 127];
	at += is_blank_at(text, at);
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		size_t n = strlen(inside[i].text);
		if (!begins(text, at, inside[i].text, n))
			continue;
		*end = at + n;
		*end += is_blank_at(text, *end);
		if (*end < text.len && text.ptr[*end] == closing) {
			++*end;
			return inside[i].means;
		}
	}
	return NULL;
}

static bool is_name_at(struct slice text, size_t at)
{
	return at < text.len && byte_is(text.ptr[at], BYTE_HOST);
}

/* Half of a pair of brackets, and a backslash: "example[.com", "example.]com", "example\.com". */
static const char *halved(struct slice text, size_t at, size_t *end)
{
	if (at == 0 || text.len - at < 3 || !is_name_at(text, at - 1) || !is_name_at(text, at + 2))
		return NULL;
	char a = text.ptr[at], b = text.ptr[at + 1];
	*end = at + 2;
	return (memchr("[({\\", a, 4) && b == '.') || (a == '.' && memchr("])}[", b, 4)) ? "."
											 : NULL;
}

/* What begins at `at` and means something else. */
static const char *meaning(struct slice text, size_t at, size_t *end)
{
	char c = text.ptr[at];
	const char *means = NULL;
	if (c == '[' || c == '(' || c == '{')
		means = bracketed(text, at, end);
	if (!means && text.len - at > 1 && c == '\\' && text.ptr[at + 1] == '/') {
		*end = at + 2;
		means = "/";
	}
	return means ? means : halved(text, at, end);
}

/* A blank on both sides belongs to it: "example [.] com". Returns 1 where one is taken off in front. */
static size_t take_blanks(struct refanged *refanged, struct slice text, size_t at, size_t *end)
{
	bool both = at > 1 && is_blank_at(text, at - 1) && is_name_at(text, at - 2) &&
		    is_blank_at(text, *end) && is_name_at(text, *end + 1);
	if (!both || refanged->text.len == 0)
		return 0;
	refanged->text.len--;
	++*end;
	return 1;
}

/* Schemes as they are written, in as many letters as they have. */
static void mend_scheme(struct buf *text, size_t colon)
{
	static const struct {
		const char *written, *meant;
	} schemes[] = {{"hxxp", "http"}, {"hxxps", "https"}, {"h**p", "http"}, {"h**ps", "https"},
		{"htxp", "http"}, {"htxps", "https"}, {"hxtp", "http"}, {"hxtps", "https"},
		{"meow", "http"}, {"meows", "https"}, {"fxp", "ftp"}};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t n = strlen(schemes[i].written);
		if (colon < n || strncasecmp(text->ptr + colon - n, schemes[i].written, n) != 0)
			continue;
		if (colon > n && byte_is(text->ptr[colon - n - 1], BYTE_ALNUM))
			continue;
		memcpy(text->ptr + colon - n, schemes[i].meant, n);
		return;
	}
}

static void mend_schemes(struct buf *text)
{
	const char *p;
	size_t at = 0;
	while (at < text->len && (p = memmem(text->ptr + at, text->len - at, "://", 3))) {
		at = (size_t)(p - text->ptr);
		mend_scheme(text, at);
		at += 3;
	}
}

void refang(struct refanged *refanged, struct slice text)
{
	size_t copied = 0;
	*refanged = (struct refanged){0};
	buf_init(&refanged->text, SIZE_MAX);
	for (size_t at = 0; at < text.len; at++) {
		size_t end;
		if (!memchr("[({\\.", text.ptr[at], 5))
			continue;
		const char *means = meaning(text, at, &end);
		if (!means)
			continue;
		buf_append(&refanged->text, text.ptr + copied, at - copied);
		size_t blank = take_blanks(refanged, text, at, &end);
		add_step(refanged, at - blank, true);
		buf_puts(&refanged->text, means);
		add_step(refanged, end, false);
		copied = end;
		at = end - 1;
	}
	buf_append(&refanged->text, text.ptr + copied, text.len - copied);
	mend_schemes(&refanged->text);
}

void refang_fini(struct refanged *refanged)
{
	buf_fini(&refanged->text);
	free(refanged->steps);
}

/* How many steps begin at or before `out`. */
static size_t steps_until(const struct refanged *refanged, size_t out)
{
	size_t low = 0, high = refanged->nsteps;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (refanged->steps[middle].out <= out)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t refang_place(const struct refanged *refanged, size_t out)
{
	size_t n = steps_until(refanged, out);
	if (n == 0)
		return out;
	const struct refang_step *step = &refanged->steps[n - 1];
	return step->in + (step->defanged ? 0 : out - step->out);
}

bool refang_touched(const struct refanged *refanged, size_t begin, size_t end)
{
	for (size_t i = begin ? steps_until(refanged, begin - 1) : 0;
		i < refanged->nsteps && refanged->steps[i].out < end; i++)
		if (refanged->steps[i].defanged)
			return true;
	return false;
}
