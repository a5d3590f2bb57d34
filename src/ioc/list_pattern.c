/* SPDX-License-Identifier: Apache-2.0 */
/* list_pattern.c: STIX patterns (STIX 2.1, section 9) as far as values are named in them. Each comparison is looked at by
 * itself: AND, OR and FOLLOWEDBY make no difference to what is worth looking for. So there is nothing to recurse into. */
#include "ioc/list_private.h"

enum token_kind {
	TOKEN_END,
	TOKEN_PATH,
	TOKEN_WORD,
	TOKEN_VALUE,   /* a string without its quotes, or a number */
	TOKEN_MARK,    /* one of [ ] ( ) , */
	TOKEN_COMPARE, /* = != < > <= >= */
	TOKEN_BAD
};
enum { SHOWN = 500 };
struct token {
	enum token_kind kind;
	struct slice text;
};
struct pattern {
	struct list *list;
	struct slice text;
	size_t at;
	const struct ioc_entry *entry;
	struct token token; /* the one in hand */
	unsigned handed;    /* comparisons handed over */
	bool broken;        /* nothing more can be read of it */
};
/* path, operator, and where they stand */
struct comparison {
	struct slice path, operator;
	bool negated;
	size_t begin;
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char peek(const struct pattern *p, size_t ahead)
{
	return p->text.len - p->at > ahead ? p->text.ptr[p->at + ahead] : 0;
}

/* Past a quoted text whose opening quote is at p->at; unescaped, in arena. */
static struct token read_string(struct pattern *p)
{
	size_t begin = p->at + 1, end = begin, n = 0;
	while (end < p->text.len && p->text.ptr[end] != '\'')
		end += p->text.ptr[end] == '\\' ? 2 : 1;
	p->at = end < p->text.len ? end + 1 : p->text.len;
	if (end >= p->text.len)
		return (struct token){TOKEN_BAD, {0}};
	char *out = arena_alloc(&p->list->mem, end - begin + 1);
	for (size_t i = begin; i < end; i++) {
		i += p->text.ptr[i] == '\\';
		out[n++] = p->text.ptr[i];
	}
	return (struct token){TOKEN_VALUE, {out, n}};
}

/* Whether the path that began at `begin` goes on with the next byte: [ only as [*] or [0], ] only behind such. */
static bool is_path_byte(const struct pattern *p, size_t begin)
{
	char c = peek(p, 0);
	if (c == '[')
		return peek(p, 1) == '*' || is_digit(peek(p, 1));
	if (c == ']')
		return memchr(p->text.ptr + begin, '[', p->at - begin) != NULL;
	return is_letter(c) || is_digit(c) || (c && strchr(":-.*", c));
}

/* type:property.'quoted'[*].property, or a word. */
static struct token read_path(struct pattern *p)
{
	size_t begin = p->at;
	bool path = false;
	for (; p->at < p->text.len; p->at++) {
		char c = p->text.ptr[p->at];
		if (c == '\'') {
			const char *from = p->text.ptr + p->at + 1;
			const char *end = memchr(from, '\'', p->text.len - p->at - 1);
			if (!end)
				return (struct token){TOKEN_BAD, {0}};
			p->at = (size_t)(end - p->text.ptr);
		} else if (!is_path_byte(p, begin)) {
			break;
		}
		path = path || c == ':';
	}
	struct slice text = {p->text.ptr + begin, p->at - begin};
	return (struct token){path ? TOKEN_PATH : TOKEN_WORD, text};
}

static struct token read_some(struct pattern *p, enum token_kind kind, const char *bytes)
{
	size_t begin = p->at;
	while (p->at < p->text.len && strchr(bytes, p->text.ptr[p->at]) && p->text.ptr[p->at])
		p->at++;
	return (struct token){kind, {p->text.ptr + begin, p->at - begin}};
}

static void next(struct pattern *p)
{
	while (p->at < p->text.len && memchr(" \t\r\n", p->text.ptr[p->at], 4))
		p->at++;
	char c = peek(p, 0);
	if (p->at == p->text.len) {
		p->token = (struct token){TOKEN_END, {0}};
	} else if (c && strchr("[](),", c)) {
		p->token = (struct token){TOKEN_MARK, {p->text.ptr + p->at++, 1}};
	} else if (c == '\'') {
		p->token = read_string(p);
	} else if (c && strchr("tbh", c) && peek(p, 1) == '\'') {
		p->at++;
		p->token = read_string(p);
	} else if (c && strchr("=!<>", c)) {
		p->token = read_some(p, TOKEN_COMPARE, "=!<>");
	} else if (is_digit(c) || c == '-' || c == '+') {
		p->token = read_some(p, TOKEN_VALUE, "0123456789+-.eE");
	} else if (is_letter(c)) {
		p->token = read_path(p);
	} else {
		p->token = (struct token){TOKEN_BAD, {0}};
	}
}

static bool is_word(const struct pattern *p, const char *word)
{
	return p->token.kind == TOKEN_WORD && list_same(p->token.text, word);
}

static bool is_mark(const struct pattern *p, char mark)
{
	return p->token.kind == TOKEN_MARK && p->token.text.ptr[0] == mark;
}

static const struct {
	const char *path;
	enum ioc_kind kind;
} paths[] = {
	{"ipv4-addr:value", IOC_IPV4},
	{"ipv6-addr:value", IOC_IPV6},
	{"domain-name:value", IOC_DOMAIN},
	{"domain-name:resolves_to_refs[*].value", IOC_IPV4},
	{"url:value", IOC_URL},
	{"email-addr:value", IOC_EMAIL},
	{"email-message:from_ref.value", IOC_EMAIL},
	{"email-message:sender_ref.value", IOC_EMAIL},
	{"network-traffic:src_ref.value", IOC_NONE},
	{"network-traffic:dst_ref.value", IOC_NONE},
	{"user-account:account_login", IOC_USER},
	{"user-account:display_name", IOC_USER},
	{"user-account:user_id", IOC_ACCOUNT},
	{"network-traffic:extensions.http-request-ext.request_header.User-Agent", IOC_AGENT},
};

/* Whether values of the path are looked for, and as what. */
static bool path_kind(struct slice path, enum ioc_kind *kind)
{
	static const struct slice hashes = SLICE("file:hashes.");
	char plain[128];
	size_t n = 0;
	for (size_t i = 0; i < path.len; i++)
		if (path.ptr[i] != '\'' && n < sizeof(plain))
			plain[n++] = path.ptr[i];
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		*kind = paths[i].kind;
		if (slice_eq(slice_of(paths[i].path), (struct slice){plain, n}))
			return true;
	}
	return n > hashes.len && memcmp(plain, hashes.ptr, hashes.len) == 0 &&
	       list_type((struct slice){plain + hashes.len, n - hashes.len}, kind) ==
		       LIST_TYPE_KIND;
}

static int unusable(struct pattern *p, const struct comparison *c, const char *reason)
{
	struct ioc_entry entry = *p->entry;
	size_t n = p->at - c->begin;
	entry.text = list_trim((struct slice){p->text.ptr + c->begin, n < SHOWN ? n : SHOWN});
	p->handed++;
	return list_emit_unusable(p->list, &entry, reason);
}

/* Why a comparison cannot be used whatever its value is; NULL where it can. */
static const char *objection(const struct comparison *c, enum ioc_kind *kind)
{
	if (!path_kind(c->path, kind))
		return "of a property that is not looked for";
	if (c->negated || slice_eq(c->operator, SLICE("!=")))
		return "a condition that must not hold";
	if (list_same(c->operator, "MATCHES"))
		return "a regular expression";
	if (slice_eq(c->operator, SLICE("=")) || slice_eq(c->operator, SLICE("==")) ||
		list_same(c->operator, "IN") || list_same(c->operator, "LIKE") ||
		list_same(c->operator, "ISSUBSET"))
		return NULL;
	return "of a comparison that is not looked for";
}

/* "%.example.com" of LIKE is all below a domain. */
static const char *like(struct pattern *p, struct slice *value, enum ioc_kind kind)
{
	struct slice rest = *value;
	if (!memchr(value->ptr, '%', value->len))
		return NULL;
	rest.ptr += 2;
	rest.len -= value->len > 2 ? 2 : value->len;
	if (kind != IOC_DOMAIN || value->len < 3 || memcmp(value->ptr, "%.", 2) != 0 ||
		memchr(rest.ptr, '%', rest.len))
		return "a LIKE with wildcards other than %.example.com";
	*value = slice_of(arena_printf(&p->list->mem, "*.%.*s", SLICE_ARG(rest)));
	return NULL;
}

static int hand_over(struct pattern *p, const struct comparison *c, struct slice value)
{
	enum ioc_kind kind;
	struct ioc_entry entry = *p->entry;
	const char *why = objection(c, &kind);
	if (!why && list_same(c->operator, "LIKE"))
		why = like(p, &value, kind);
	if (why)
		return unusable(p, c, why);
	p->handed++;
	entry.text = value;
	return list_emit(p->list, &entry, kind);
}

static int broken(struct pattern *p)
{
	struct ioc_entry entry = *p->entry;
	const char *reason =
		arena_printf(&p->list->mem, "the pattern is broken at character %zu", p->at);
	entry.text = p->text;
	p->broken = true;
	return list_emit_unusable(p->list, &entry, reason);
}

/* ('a', 'b'): each. */
static int read_set(struct pattern *p, const struct comparison *c)
{
	for (next(p);; next(p)) {
		if (p->token.kind != TOKEN_VALUE)
			return broken(p);
		int status = hand_over(p, c, p->token.text);
		if (status != 0)
			return status;
		next(p);
		if (is_mark(p, ')'))
			return 0;
		if (!is_mark(p, ','))
			return broken(p);
	}
}

/* The comparison whose path is in hand. */
static int read_comparison(struct pattern *p, struct comparison *c)
{
	c->path = p->token.text;
	next(p);
	c->negated = is_word(p, "NOT");
	if (c->negated)
		next(p);
	c->operator= p->token.text;
	if (p->token.kind != TOKEN_COMPARE && p->token.kind != TOKEN_WORD)
		return broken(p);
	next(p);
	if (is_mark(p, '('))
		return read_set(p, c);
	if (p->token.kind == TOKEN_WORD) /* true, false */
		return unusable(p, c, "of a property that is not looked for");
	return p->token.kind == TOKEN_VALUE ? hand_over(p, c, p->token.text) : broken(p);
}

int pattern_read(struct list *list, struct slice pattern, const struct ioc_entry *entry)
{
	struct pattern p = {.list = list, .text = pattern, .entry = entry};
	int status = 0;
	for (next(&p); status == 0 && !p.broken && p.token.kind != TOKEN_END; next(&p)) {
		struct comparison c = {0};
		if (p.token.kind == TOKEN_BAD || p.token.kind == TOKEN_COMPARE) {
			status = broken(&p);
		} else if (p.token.kind == TOKEN_PATH) {
			c.begin = (size_t)(p.token.text.ptr - pattern.ptr);
			status = read_comparison(&p, &c);
		}
	}
	return status || p.handed || p.broken ? status : broken(&p);
}
