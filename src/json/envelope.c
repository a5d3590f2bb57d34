/* SPDX-License-Identifier: Apache-2.0 */
/* envelope.c: the answers of Jira Cloud (`records`), Confluence Cloud (`results`), Data Center
 * (`entities`) and of an organisation (`data`), told from records by their keys. */
#include "json/envelope.h"

#include "json/private.h"

enum {
	SIGNATURE_VALUE = 200, /* the most bytes of a first value looked over for the second key */
	DATA_LOOK = 64 << 10,  /* the most bytes of `data` looked over for what follows it */
};

static bool is_one_of(struct slice key, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (slice_eq(key, slice_of(words[i])))
			return true;
	}
	return false;
}

bool envelope_key(struct slice key)
{
	static const char *const words[] = {"records", "results", "entities"};
	return is_one_of(key, words, sizeof(words) / sizeof(*words));
}

/* What answers have around their `data` (JSON:API). Any record may have a `data` of its own: an
 * object with another key is one. */
static bool stands_by_data(struct slice key)
{
	static const char *const words[] = {
		"data", "meta", "links", "included", "jsonapi", "errors"};
	return is_one_of(key, words, sizeof(words) / sizeof(*words));
}

/* The key at *at (blanks and a comma in front are passed over); *at moves behind its colon and the
 * blanks there. 1, 0 where there is none, -1 where the text ends. */
static int next_key(struct slice text, size_t *at, struct slice *key)
{
	const char *end = text.ptr + text.len, *p = text.ptr + *at;
	while (p < end && (is_blank(*p) || *p == ','))
		p++;
	if (p == end)
		return -1;
	if (*p != '"')
		return 0;
	int64_t to = json_skip(text, (size_t)(p - text.ptr));
	if (to < 0)
		return -1;
	*key = (struct slice){p + 1, (size_t)(text.ptr + to - p) - 2};
	p = skip_blanks(text.ptr + to, end);
	if (p == end)
		return -1;
	if (*p != ':')
		return 0;
	*at = (size_t)(skip_blanks(p + 1, end) - text.ptr);
	return *at == text.len ? -1 : 1;
}

/* text[at] is the value of an envelope's key. */
static enum envelope array_of_objects(struct slice text, size_t at, size_t *inner)
{
	const char *end = text.ptr + text.len;
	if (text.ptr[at] != '[')
		return ENVELOPE_NO;
	*inner = at + 1;
	const char *p = skip_blanks(text.ptr + at + 1, end);
	if (p == end)
		return ENVELOPE_MORE;
	return *p == '{' || *p == ']' ? ENVELOPE_YES : ENVELOPE_NO;
}

/* text[at] is the array of `data`: whether what follows it belongs to an answer as well. Of an array
 * that is longer than a record likely is, that is not asked. */
static enum envelope ends_as_answer(struct slice text, size_t at, bool last)
{
	struct slice key;
	bool cut = text.len - at > DATA_LOOK;
	enum envelope unclear = cut || last ? ENVELOPE_YES : ENVELOPE_MORE;
	if (cut)
		text.len = at + DATA_LOOK;
	for (;;) {
		int64_t end = json_skip(text, at);
		if (end < 0)
			return end == -1 ? unclear : ENVELOPE_YES;
		at = (size_t)end;
		int found = next_key(text, &at, &key);
		if (found <= 0)
			return found < 0 ? unclear : ENVELOPE_YES;
		if (!stands_by_data(key))
			return ENVELOPE_NO;
	}
}

enum envelope envelope_open(struct slice text, size_t at, bool last, size_t *inner)
{
	struct slice key;
	bool answer = true; /* so far, nothing stands there that does not stand by `data` */
	at++;
	for (;;) {
		int found = next_key(text, &at, &key);
		if (found <= 0)
			return found < 0 ? ENVELOPE_MORE : ENVELOPE_NO;
		bool data = answer && slice_eq(key, SLICE("data"));
		if (data || envelope_key(key)) {
			enum envelope is = array_of_objects(text, at, inner);
			if (is == ENVELOPE_YES && data)
				is = ends_as_answer(text, at, last);
			if (is != ENVELOPE_NO)
				return is;
		}
		answer = answer && stands_by_data(key);
		int64_t end = json_skip(text, at);
		if (end < 0)
			return end == -1 ? ENVELOPE_MORE : ENVELOPE_NO;
		at = (size_t)end;
	}
}

uint64_t envelope_signature(struct slice text, size_t at)
{
	struct slice first, second;
	at++;
	if (next_key(text, &at, &first) <= 0)
		return 0;
	uint64_t sum = hash_bytes(first.ptr, first.len) | 1;
	char c = text.ptr[at];
	if (c == '{' || c == '[')
		return sum ^ ((uint64_t)(unsigned char)c << 1);
	struct slice window = text;
	if (window.len > at + SIGNATURE_VALUE)
		window.len = at + SIGNATURE_VALUE;
	int64_t end = json_skip(window, at);
	if (end < 0)
		return window.len < text.len ? sum : 0;
	at = (size_t)end;
	if (next_key(text, &at, &second) <= 0)
		return sum;
	return (sum + hash_bytes(second.ptr, second.len)) | 1;
}
