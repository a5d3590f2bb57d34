/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4.c: canonical request → string to sign → signature. */
#include "net/sigv4.h"

#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <strings.h>

#include "base/base.h"
#include "net/private.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

const char sigv4_unsigned[] = "UNSIGNED-PAYLOAD";
const char sigv4_empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

void sigv4_init(struct sigv4_signature *out)
{
	memset(out, 0, sizeof(*out));
	buf_init(&out->canonical, SIZE_MAX);
	buf_init(&out->to_sign, SIZE_MAX);
	buf_init(&out->value, SIZE_MAX);
}

void sigv4_fini(struct sigv4_signature *out)
{
	struct buf *bufs[] = {&out->canonical, &out->to_sign, &out->value};
	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++) {
		if (bufs[i]->ptr)
			explicit_bzero(bufs[i]->ptr, bufs[i]->cap);
		buf_fini(bufs[i]);
	}
	explicit_bzero(out->signature, sizeof(out->signature));
}

static void to_hex(const unsigned char *bytes, char hex[SIGV4_HEX])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < 32; i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	hex[64] = 0;
}

char *sigv4_hash(struct slice data, char hex[SIGV4_HEX])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)(data.ptr ? data.ptr : ""), data.len, hash);
	to_hex(hash, hex);
	return hex;
}

static void hmac(unsigned char key[32], size_t key_len, const char *text, size_t n)
{
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	if (!HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, n, out, &len) ||
		len != 32)
		abort(); /* out of memory */
	memcpy(key, out, 32);
	explicit_bzero(out, sizeof(out));
}

/* Resolves ".", ".." and empty segments; a slash at the end stays. */
static void normalize(struct buf *out, struct slice path)
{
	size_t at = 0;
	bool folder = true;
	while (at < path.len) {
		const char *slash = memchr(path.ptr + at, '/', path.len - at);
		size_t end = slash ? (size_t)(slash - path.ptr) : path.len;
		struct slice segment = {path.ptr + at, end - at};
		folder = slash || slice_eq(segment, SLICE(".")) || slice_eq(segment, SLICE(".."));
		if (slice_eq(segment, SLICE(".."))) {
			while (out->len > 0 && out->ptr[--out->len] != '/')
				;
		} else if (segment.len > 0 && !slice_eq(segment, SLICE("."))) {
			buf_push(out, '/');
			buf_slice(out, segment);
		}
		at = end + 1;
	}
	if (folder)
		buf_push(out, '/');
}

static void canonical_path(struct buf *out, struct slice path, unsigned flags)
{
	struct buf plain;
	buf_init(&plain, SIZE_MAX);
	if (flags & SIGV4_S3)
		http_unescape(&plain, path, false);
	else if (flags & SIGV4_NORMALIZE)
		normalize(&plain, path);
	else
		buf_slice(&plain, path);
	if (plain.len == 0)
		buf_push(&plain, '/');
	http_escape(out, buf_view(&plain), true);
	buf_fini(&plain);
}

struct pair {
	struct slice name, value;
};

static int pair_order(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order = slice_cmp(x->name, y->name);
	return order ? order : slice_cmp(x->value, y->value);
}

/* Decoded and encoded again, so that all ways of writing it are one. */
static struct slice recode(struct arena *mem, struct slice text)
{
	struct buf plain, coded;
	buf_init(&plain, SIZE_MAX);
	buf_init(&coded, SIZE_MAX);
	http_unescape(&plain, text, false);
	http_escape(&coded, buf_view(&plain), false);
	struct slice copy = {arena_strdup(mem, buf_view(&coded)), coded.len};
	buf_fini(&plain);
	buf_fini(&coded);
	return copy;
}

static void canonical_query(struct buf *out, struct slice query)
{
	struct arena mem;
	size_t count = 1, used = 0;
	arena_init(&mem);
	for (size_t i = 0; i < query.len; i++)
		count += query.ptr[i] == '&';
	struct pair *pairs = arena_zalloc(&mem, count, sizeof(*pairs));
	for (size_t at = 0; at < query.len;) {
		const char *amp = memchr(query.ptr + at, '&', query.len - at);
		size_t end = amp ? (size_t)(amp - query.ptr) : query.len;
		const char *equals = memchr(query.ptr + at, '=', end - at);
		size_t split = equals ? (size_t)(equals - query.ptr) : end;
		if (end > at) {
			pairs[used].name = recode(&mem, (struct slice){query.ptr + at, split - at});
			pairs[used++].value =
				equals ? recode(&mem, (struct slice){query.ptr + split + 1,
							      end - split - 1})
				       : SLICE("");
		}
		at = end + 1;
	}
	qsort(pairs, used, sizeof(*pairs), pair_order);
	for (size_t i = 0; i < used; i++) {
		buf_puts(out, i ? "&" : "");
		buf_slice(out, pairs[i].name);
		buf_push(out, '=');
		buf_slice(out, pairs[i].value);
	}
	arena_fini(&mem);
}

/* The headers to sign, sorted; `names` gets them with ';' between, `lines` "name:value\n" each. */
struct signed_headers {
	struct buf names, lines;
};

static int header_order(const void *a, const void *b)
{
	const struct http_header *const *x = a, *const *y = b;
	int order = strcasecmp((*x)->name, (*y)->name);
	/* Equal names keep the order that they came in: they lie in one array. */
	return order ? order : (*x > *y) - (*x < *y);
}

static void add_value(struct buf *out, const char *value)
{
	bool pending = false, any = false;
	for (const char *p = value; *p; p++) {
		if (strchr(" \t\r\n", *p)) {
			pending = any;
			continue;
		}
		if (pending)
			buf_push(out, ' ');
		buf_push(out, *p);
		pending = false;
		any = true;
	}
}

static void add_name(struct buf *out, const char *name)
{
	for (const char *p = name; *p; p++)
		buf_push(out, *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p);
}

static void sort_headers(struct signed_headers *out, const struct http_header *all, size_t n)
{
	const struct http_header **order = xcalloc(n + 1, sizeof(const struct http_header *));
	buf_init(&out->names, SIZE_MAX);
	buf_init(&out->lines, SIZE_MAX);
	for (size_t i = 0; i < n; i++)
		order[i] = &all[i];
	qsort(order, n, sizeof(*order), header_order);
	for (size_t i = 0; i < n; i++) {
		bool again = i > 0 && strcasecmp(order[i]->name, order[i - 1]->name) == 0;
		if (again) {
			out->lines.len--; /* its line goes on */
			buf_push(&out->lines, ',');
		} else {
			buf_puts(&out->names, i ? ";" : "");
			add_name(&out->names, order[i]->name);
			add_name(&out->lines, order[i]->name);
			buf_push(&out->lines, ':');
		}
		add_value(&out->lines, order[i]->value);
		buf_push(&out->lines, '\n');
	}
	free(order);
}

static void fini_headers(struct signed_headers *headers)
{
	if (headers->lines.ptr) /* a session token is among them */
		explicit_bzero(headers->lines.ptr, headers->lines.cap);
	buf_fini(&headers->names);
	buf_fini(&headers->lines);
}

static void write_canonical(struct buf *out, const struct sigv4_request *request,
	const struct sigv4_scope *scope, struct slice query, const struct signed_headers *headers)
{
	buf_clear(out);
	buf_puts(out, request->method);
	buf_push(out, '\n');
	canonical_path(out, request->path, scope->flags);
	buf_push(out, '\n');
	canonical_query(out, query);
	buf_push(out, '\n');
	buf_slice(out, buf_view(&headers->lines));
	buf_push(out, '\n');
	buf_slice(out, buf_view(&headers->names));
	buf_push(out, '\n');
	buf_puts(out, request->payload_hash);
}

static void write_date(int64_t time_us, char date[SIGV4_DATE])
{
	char text[CLOCK_TEXT];
	size_t n = 0;
	clock_text(time_us, text); /* 2015-08-30T12:36:00.000000Z */
	for (const char *p = text; *p && *p != '.' && n < SIGV4_DATE - 2; p++)
		if (*p != '-' && *p != ':')
			date[n++] = *p;
	date[n++] = 'Z';
	date[n] = 0;
}

static void write_signature(
	const struct sigv4_keys *keys, const struct sigv4_scope *scope, struct sigv4_signature *out)
{
	char hash[SIGV4_HEX];
	unsigned char key[32];
	struct buf first;
	buf_clear(&out->to_sign);
	buf_printf(&out->to_sign, "%s\n%s\n%.8s/%s/%s/aws4_request\n%s", ALGORITHM, out->date,
		out->date, scope->region, scope->service,
		sigv4_hash(buf_view(&out->canonical), hash));
	buf_init(&first, SIZE_MAX);
	buf_printf(&first, "AWS4%s", keys->secret);
	unsigned len = 0;
	unsigned char mac[EVP_MAX_MD_SIZE];
	if (!HMAC(EVP_sha256(), first.ptr, (int)first.len, (const unsigned char *)out->date, 8, mac,
		    &len))
		abort();
	memcpy(key, mac, 32);
	hmac(key, 32, scope->region, strlen(scope->region));
	hmac(key, 32, scope->service, strlen(scope->service));
	hmac(key, 32, "aws4_request", 12);
	hmac(key, 32, out->to_sign.ptr, out->to_sign.len);
	to_hex(key, out->signature);
	explicit_bzero(first.ptr, first.cap);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(mac, sizeof(mac));
	buf_fini(&first);
}

static bool has_token(const struct sigv4_keys *keys)
{
	return keys->token && *keys->token;
}

void sigv4_sign(const struct sigv4_keys *keys, const struct sigv4_scope *scope,
	const struct sigv4_request *request, struct sigv4_signature *out)
{
	struct signed_headers headers;
	size_t n = request->header_count;
	struct http_header *all = xcalloc(n + 2, sizeof(*all));
	write_date(scope->time_us, out->date);
	for (size_t i = 0; i < n; i++)
		all[i] = request->headers[i];
	all[n++] = (struct http_header){"X-Amz-Date", out->date};
	if (has_token(keys) && !(scope->flags & SIGV4_LATE_TOKEN))
		all[n++] = (struct http_header){"X-Amz-Security-Token", keys->token};
	sort_headers(&headers, all, n);
	write_canonical(&out->canonical, request, scope, request->query, &headers);
	write_signature(keys, scope, out);
	buf_clear(&out->value);
	buf_printf(&out->value,
		"%s Credential=%s/%.8s/%s/%s/aws4_request, SignedHeaders=%.*s, Signature=%s",
		ALGORITHM, keys->id, out->date, scope->region, scope->service,
		(int)headers.names.len, headers.names.ptr, out->signature);
	fini_headers(&headers);
	free(all);
}

static void add_parameter(struct buf *query, const char *name, struct slice value)
{
	buf_puts(query, query->len ? "&" : "");
	buf_puts(query, name);
	buf_push(query, '=');
	http_escape(query, value, false);
}

void sigv4_presign(const struct sigv4_keys *keys, const struct sigv4_scope *scope,
	const struct sigv4_request *request, struct sigv4_signature *out)
{
	struct signed_headers headers;
	struct buf credential, *query = &out->value;
	char expires[16];
	write_date(scope->time_us, out->date);
	sort_headers(&headers, request->headers, request->header_count);
	buf_init(&credential, SIZE_MAX);
	buf_printf(&credential, "%s/%.8s/%s/%s/aws4_request", keys->id, out->date, scope->region,
		scope->service);
	snprintf(expires, sizeof(expires), "%u", scope->expires_s);
	buf_clear(query);
	buf_slice(query, request->query);
	add_parameter(query, "X-Amz-Algorithm", SLICE(ALGORITHM));
	add_parameter(query, "X-Amz-Credential", buf_view(&credential));
	add_parameter(query, "X-Amz-Date", slice_of(out->date));
	add_parameter(query, "X-Amz-SignedHeaders", buf_view(&headers.names));
	add_parameter(query, "X-Amz-Expires", slice_of(expires));
	bool late = scope->flags & SIGV4_LATE_TOKEN;
	if (has_token(keys) && !late)
		add_parameter(query, "X-Amz-Security-Token", slice_of(keys->token));
	write_canonical(&out->canonical, request, scope, buf_view(query), &headers);
	write_signature(keys, scope, out);
	if (has_token(keys) && late)
		add_parameter(query, "X-Amz-Security-Token", slice_of(keys->token));
	add_parameter(query, "X-Amz-Signature", slice_of(out->signature));
	buf_fini(&credential);
	fini_headers(&headers);
}
