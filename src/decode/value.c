/* SPDX-License-Identifier: Apache-2.0 */
/* value.c: text to integers, UUIDs, addresses and instance names; nothing through doubles. */
#include "decode/private.h"

#include <arpa/inet.h>

/* Plain integers only: what is printed again is the text that was read. No -0, no 007. */
int value_int(struct slice text, int64_t *value)
{
	bool negative = text.len > 0 && text.ptr[0] == '-';
	size_t i = negative, digits = text.len - i;
	if (digits == 0 || digits > 19 || (text.ptr[i] == '0' && text.len > 1))
		return -1;
	uint64_t sum = 0; /* 19 digits fit */
	for (; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return -1;
		sum = sum * 10 + (uint64_t)(text.ptr[i] - '0');
	}
	if (sum > (uint64_t)INT64_MAX + negative)
		return -1;
	*value = (int64_t)(negative ? 0 - sum : sum);
	return 0;
}

int value_uuid(struct slice text, uint8_t uuid[16])
{
	return text.len == UUID_TEXT ? text_parse_uuid(text, uuid) : -1;
}

static struct slice trim(struct slice text)
{
	while (text.len && strchr(" \t\r\n", text.ptr[0]) && text.ptr[0]) {
		text.ptr++;
		text.len--;
	}
	while (text.len && text.ptr[text.len - 1] && strchr(" \t\r\n", text.ptr[text.len - 1]))
		text.len--;
	return text;
}

static bool all_digits(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	}
	return text.len > 0 && text.len <= 5;
}

/* Takes off brackets with an optional port, or a port behind an IPv4 address. */
static struct slice without_port(struct slice text)
{
	const char *end = text.ptr + text.len;
	if (text.len && text.ptr[0] == '[') {
		const char *close = memchr(text.ptr, ']', text.len);
		if (!close)
			return text;
		struct slice rest = {close + 1, (size_t)(end - close) - 1};
		bool port = rest.len && rest.ptr[0] == ':' &&
			    all_digits((struct slice){rest.ptr + 1, rest.len - 1});
		if (rest.len && !port)
			return text;
		return (struct slice){text.ptr + 1, (size_t)(close - text.ptr) - 1};
	}
	const char *colon = memchr(text.ptr, ':', text.len);
	if (colon && memchr(text.ptr, '.', (size_t)(colon - text.ptr)) &&
		all_digits((struct slice){colon + 1, (size_t)(end - colon) - 1}))
		text.len = (size_t)(colon - text.ptr);
	return text;
}

int value_ip(struct slice text, uint8_t ip[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char copy[INET6_ADDRSTRLEN];
	const char *comma = text.len ? memchr(text.ptr, ',', text.len) : NULL;
	if (comma)
		text.len = (size_t)(comma - text.ptr);
	text = without_port(trim(text));
	const char *zone = text.len ? memchr(text.ptr, '%', text.len) : NULL;
	if (zone && memchr(text.ptr, ':', (size_t)(zone - text.ptr)))
		text.len = (size_t)(zone - text.ptr);
	if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.ptr, 0, text.len))
		return -1;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, ip + 12) == 1) {
		memcpy(ip, mapped, sizeof(mapped));
		return 0;
	}
	return inet_pton(AF_INET6, copy, ip) == 1 ? 0 : -1;
}

void decode_instance(struct slice text, struct buf *out)
{
	text = trim(text);
	while (text.len && text.ptr[text.len - 1] == '/')
		text.len--;
	const char *scheme = text.len ? memmem(text.ptr, text.len, "://", 3) : NULL;
	size_t host = scheme ? (size_t)(scheme - text.ptr) + 3 : 0, i = 0;
	if (scheme) {
		while (host < text.len && text.ptr[host] != '/')
			host++;
	}
	for (; i < host; i++) {
		char c = text.ptr[i];
		buf_push(out, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
	}
	buf_append(out, text.ptr + i, text.len - i);
}
