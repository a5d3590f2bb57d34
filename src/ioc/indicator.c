/* SPDX-License-Identifier: Apache-2.0 */
/* indicator.c: one value as somebody wrote it: what stands around it is taken off, what was defanged is put back, and its form
 * tells its kind where nobody said it. */
#include <strings.h>

#include "ioc/indicator_private.h"
#include "ioc/scan_private.h"

enum { VALUE_MAX = 64 << 10, SHORT_TEXT = 600, KEY_ROOM = 4 * SHORT_TEXT };

static const char wildcard_in_front[] =
	"a wildcard is understood in front of a domain only: *.example.com";

/* Pairs that enclose a value. */
static const struct {
	const char *open, *close;
} pairs[] = {{"\"", "\""}, {"'", "'"}, {"`", "`"}, {"<", ">"}, {"(", ")"}, {"[", "]"}, {"{", "}"},
	{"\xe2\x80\x9c", "\xe2\x80\x9d"}, {"\xe2\x80\x9e", "\xe2\x80\x9c"},
	{"\xc2\xab", "\xc2\xbb"}};

static struct slice part(struct slice s, size_t begin, size_t end)
{
	return (struct slice){s.ptr + begin, end - begin};
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct slice trim(struct slice s)
{
	while (s.len && is_blank(s.ptr[0]))
		s = part(s, 1, s.len);
	while (s.len && (is_blank(s.ptr[s.len - 1]) || memchr(",;", s.ptr[s.len - 1], 2)))
		s.len--;
	return s;
}

static bool unwrap(struct slice *s)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		size_t a = strlen(pairs[i].open), b = strlen(pairs[i].close);
		if (s->len <= a + b || memcmp(s->ptr, pairs[i].open, a) != 0 ||
			memcmp(s->ptr + s->len - b, pairs[i].close, b) != 0)
			continue;
		*s = trim(part(*s, a, s->len - b));
		return true;
	}
	return false;
}

/* A letter or digit is what nearly all values begin with: nothing encloses them. */
static struct slice clean(struct slice text)
{
	text = trim(text);
	for (unsigned depth = 0; depth < 8 && text.len && !byte_is(text.ptr[0], BYTE_ALNUM);
		depth++)
		if (!unwrap(&text))
			break;
	return text;
}

static bool may_be_defanged(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (memchr("[({\\", text.ptr[i], 4))
			return true;
	/* hxxp and its like. */
	const char *scheme = memmem(text.ptr, text.len, "://", 3);
	return scheme && strncasecmp(text.ptr, "http", 4) != 0;
}

/* In `mem` where it differs; *defanged tells whether something was put back. */
static struct slice put_back(struct slice text, struct arena *mem, bool *defanged)
{
	struct refanged refanged;
	*defanged = false;
	if (!may_be_defanged(text))
		return text;
	refang(&refanged, text);
	*defanged = refanged.nsteps > 0;
	char *copy = arena_strdup(mem, buf_view(&refanged.text));
	struct slice out = {copy, refanged.text.len};
	refang_fini(&refanged);
	return clean(out);
}

bool indicator_key(enum ioc_kind *kind, struct slice text, struct arena *mem, struct slice *key)
{
	/* Enough for what a short text folds to, so that lists are read without malloc. */
	char room[KEY_ROOM];
	struct buf buf = {.ptr = room, .cap = sizeof(room), .max = sizeof(room)}, *to = &buf, heap;
	buf_init(&heap, SIZE_MAX);
	if (text.len > SHORT_TEXT)
		to = &heap;
	bool ok = ioc_key(kind, text, to);
	if (ok) {
		char *copy = arena_alloc(mem, to->len);
		memcpy(copy, to->ptr, to->len);
		*key = (struct slice){copy, to->len};
	}
	buf_fini(&heap);
	return ok;
}

static bool exact(enum ioc_kind kind, struct slice text, struct arena *mem, struct indicator *out)
{
	*out = (struct indicator){.form = IOC_EXACT, .kind = kind};
	return indicator_key(&out->kind, text, mem, &out->key);
}

/* Behind a domain: ":8080". */
static struct slice without_port(struct slice text)
{
	size_t at = text.len;
	while (at > 0 && byte_is(text.ptr[at - 1], BYTE_DIGIT))
		at--;
	bool port = at > 1 && at < text.len && text.len - at <= 5 && text.ptr[at - 1] == ':';
	return port ? part(text, 0, at - 1) : text;
}

/* The name below which all is meant: of "*.example.com" and ".example.com"; no bytes where it is of another form. */
static struct slice below(struct slice text)
{
	if (text.len > 2 && text.ptr[0] == '*' && text.ptr[1] == '.')
		return part(text, 2, text.len);
	if (text.len > 1 && text.ptr[0] == '.')
		return part(text, 1, text.len);
	return (struct slice){0};
}

static int read_domain(
	struct slice text, struct arena *mem, struct indicator *out, bool *wide, struct err *err)
{
	struct slice base = below(text);
	if (base.len > 0 && exact(IOC_DOMAIN, base, mem, out)) {
		out->form = IOC_BELOW;
		*wide = tld_is_suffix(base);
		return 1;
	}
	if (text.len && memchr(text.ptr, '*', text.len))
		return err_set(err, ERR_USAGE, "%s", wildcard_in_front);
	return exact(IOC_DOMAIN, without_port(text), mem, out);
}

/* A typed name is a domain where its last label is one in use, or one of those that networks use inside. */
static bool looks_as_domain(struct slice text, bool defanged)
{
	static const char *const inside[] = {"corp", "home", "internal", "intranet", "invalid",
		"lan", "local", "localdomain", "private", "test"};
	struct slice base = below(text);
	if (base.len > 0)
		return true;
	text = without_port(text);
	while (text.len && text.ptr[text.len - 1] == '.')
		text.len--;
	const char *dot = text.len ? memrchr(text.ptr, '.', text.len) : NULL;
	if (!dot || dot == text.ptr)
		return false;
	struct slice last = {dot + 1, text.len - (size_t)(dot - text.ptr) - 1};
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
		if (last.len == strlen(inside[i]) &&
			strncasecmp(last.ptr, inside[i], last.len) == 0)
			return true;
	return defanged || tld_known(last);
}

/* "example.com/a", "192.0.2.1:8080/a". */
static bool looks_as_path(struct slice text, bool defanged)
{
	const char *slash = text.len ? memchr(text.ptr, '/', text.len) : NULL;
	size_t n = slash ? (size_t)(slash - text.ptr) : 0;
	uint8_t address[16];
	struct slice host = without_port(part(text, 0, n));
	return n > 0 && !memchr(text.ptr, '@', n) &&
	       (address_key(host, address) > 0 || (text.ptr[0] != '.' && text.ptr[0] != '*' &&
							  looks_as_domain(host, defanged)));
}

static int read_url(struct slice text, struct arena *mem, struct indicator *out, struct err *err)
{
	if (!exact(IOC_URL, text, mem, out))
		return err_set(err, ERR_USAGE, "%s",
			memchr(text.ptr, '*', text.len) ? wildcard_in_front : "not a URL");
	if (out->key.ptr[out->key.len - 1] == '*')
		return err_set(err, ERR_USAGE, "%s", wildcard_in_front);
	return 1;
}

static struct slice without_mailto(struct slice text)
{
	bool is = text.len > 7 && strncasecmp(text.ptr, "mailto:", 7) == 0;
	return is ? part(text, 7, text.len) : text;
}

static int read_word(struct slice text, struct arena *mem, struct indicator *out, struct err *err)
{
	enum ioc_kind folded = IOC_OTHER, same = IOC_ACCOUNT;
	if (memchr(text.ptr, '*', text.len))
		return err_set(err, ERR_USAGE, "%s", wildcard_in_front);
	*out = (struct indicator){.form = IOC_WORD};
	if (!indicator_key(&folded, text, mem, &out->key) ||
		!indicator_key(&same, text, mem, &out->last))
		return err_set(err, ERR_USAGE, "no text");
	return 1;
}

/* By the value's form. */
static int guess(struct slice text, bool defanged, struct arena *mem, struct indicator *out,
	bool *wide, struct err *err)
{
	if (memmem(text.ptr, text.len, "://", 3) && url_scheme(text) > 0)
		return read_url(text, mem, out, err);
	int status = indicator_address(text, mem, out, wide, err);
	if (status != 0)
		return status;
	if (exact(IOC_MD5, text, mem, out))
		return 1;
	if (looks_as_path(text, defanged))
		return read_url(text, mem, out, err);
	if (memchr(text.ptr, '@', text.len) && exact(IOC_EMAIL, without_mailto(text), mem, out))
		return 1;
	return looks_as_domain(text, defanged) ? read_domain(text, mem, out, wide, err) : 0;
}

/* As the kind that somebody named. */
static int read_as(enum ioc_kind kind, struct slice text, struct arena *mem, struct indicator *out,
	bool *wide, struct err *err)
{
	switch (kind) {
	case IOC_IPV4:
	case IOC_IPV6:
		return indicator_address(text, mem, out, wide, err);
	case IOC_DOMAIN:
		return read_domain(text, mem, out, wide, err);
	case IOC_URL:
		return read_url(text, mem, out, err);
	case IOC_EMAIL:
		return exact(kind, without_mailto(text), mem, out);
	default:
		return exact(kind, text, mem, out);
	}
}

static const char *not_a(enum ioc_kind kind)
{
	switch (kind) {
	case IOC_IPV4:
	case IOC_IPV6:
		return "not an address";
	case IOC_DOMAIN:
		return "not a domain";
	case IOC_EMAIL:
		return "not a mail address";
	case IOC_MD5:
	case IOC_SHA1:
	case IOC_SHA256:
		return "not a hash: 32, 40 or 64 hexadecimal digits";
	default:
		return "not of that kind";
	}
}

/* Names of people and machines are taken as they are. */
static bool is_text_kind(enum ioc_kind kind)
{
	return kind >= IOC_USER;
}

int indicator_parse(struct slice text, enum ioc_kind kind, struct arena *mem, struct indicator *out,
	bool *wide, struct err *err)
{
	bool defanged = false;
	*wide = false;
	*out = (struct indicator){0};
	struct slice word = clean(text);
	if (word.len == 0)
		return err_set(err, ERR_USAGE, "empty");
	if (word.len > VALUE_MAX)
		return err_set(err, ERR_USAGE, "longer than %d bytes", VALUE_MAX);
	struct slice value = is_text_kind(kind) ? word : put_back(word, mem, &defanged);
	if (value.len == 0)
		return err_set(err, ERR_USAGE, "empty");
	int status = kind == IOC_NONE ? guess(value, defanged, mem, out, wide, err)
				      : read_as(kind, value, mem, out, wide, err);
	if (status == 0 && kind == IOC_NONE)
		status = read_word(word, mem, out, err);
	if (status == 0)
		err_set(err, ERR_USAGE, "%s", not_a(kind));
	return status > 0 ? 0 : -1;
}

static void text_range(const struct indicator *indicator, struct buf *text)
{
	int prefix = indicator_prefix(indicator->key, indicator->last);
	ioc_key_text(indicator->kind, indicator->key, text);
	if (prefix >= 0) {
		buf_printf(text, "/%d", prefix);
		return;
	}
	buf_push(text, '-');
	ioc_key_text(indicator->kind, indicator->last, text);
}

void indicator_text(const struct indicator *indicator, struct buf *text)
{
	switch (indicator->form) {
	case IOC_RANGE:
		text_range(indicator, text);
		return;
	case IOC_WORD:
		buf_slice(text, indicator->last);
		return;
	case IOC_BELOW:
		buf_puts(text, "*.");
		break;
	case IOC_EXACT:
		break;
	}
	ioc_key_text(indicator->kind, indicator->key, text);
}
