/* SPDX-License-Identifier: Apache-2.0 */
/* network.c: addresses and networks as text, strictly: an address that is written oddly is no
 * address, so that nothing is found by accident. */
#include "match/private.h"

#include <arpa/inet.h>
#include <stdio.h>

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* One number 0–255 without leading zeros at p; NULL where there is none. */
static const char *octet(const char *p, const char *end, uint8_t *value)
{
	unsigned v = 0;
	const char *from = p;
	while (p < end && p - from < 3 && *p >= '0' && *p <= '9')
		v = v * 10 + (unsigned)(*p++ - '0');
	if (p == from || v > 255 || (*from == '0' && p - from > 1))
		return NULL;
	*value = (uint8_t)v;
	return p;
}

static int parse_v4(struct slice text, uint8_t address[16])
{
	const char *p = text.ptr, *end = p + text.len;
	memcpy(address, mapped, sizeof(mapped));
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0 && (p == end || *p++ != '.'))
			return -1;
		p = octet(p, end, &address[12 + i]);
		if (!p)
			return -1;
	}
	return p == end ? 0 : -1;
}

int address_parse(struct slice text, uint8_t address[16])
{
	char copy[INET6_ADDRSTRLEN];
	if (text.len < 2 || text.len >= sizeof(copy))
		return -1;
	size_t at = 0;
	while (at < text.len && at < 5 && text.ptr[at] != ':')
		at++;
	if (at == text.len || text.ptr[at] != ':')
		return parse_v4(text, address);
	if (memchr(text.ptr, 0, text.len))
		return -1;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return inet_pton(AF_INET6, copy, address) == 1 ? 0 : -1;
}

size_t address_print(const uint8_t address[16], char text[ADDRESS_TEXT])
{
	if (memcmp(address, mapped, sizeof(mapped)) == 0)
		return (size_t)snprintf(text, ADDRESS_TEXT, "%u.%u.%u.%u", address[12], address[13],
			address[14], address[15]);
	if (!inet_ntop(AF_INET6, address, text, ADDRESS_TEXT))
		text[0] = '\0';
	return strlen(text);
}

/* `/len`: 1–3 digits without leading zeros, at most `most`. -1 where it is none. */
static int parse_length(struct slice text, unsigned most)
{
	unsigned v = 0;
	if (text.len == 0 || text.len > 3 || (text.ptr[0] == '0' && text.len > 1))
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return -1;
		v = v * 10 + (unsigned)(text.ptr[i] - '0');
	}
	return v <= most ? (int)v : -1;
}

int network_parse(struct slice text, struct network *network)
{
	const char *slash = text.len ? memchr(text.ptr, '/', text.len) : NULL;
	struct slice address = text;
	if (slash)
		address.len = (size_t)(slash - text.ptr);
	if (address_parse(address, network->address) != 0)
		return -1;
	network->bits = 128;
	if (!slash)
		return 0;
	bool v4 = !memchr(address.ptr, ':', address.len);
	struct slice rest = {slash + 1, text.len - address.len - 1};
	int bits = parse_length(rest, v4 ? 32 : 128);
	if (bits < 0)
		return -1;
	network->bits = (uint8_t)(v4 ? bits + 96 : bits);
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = network->bits > i * 8 ? network->bits - i * 8u : 0;
		if (keep < 8)
			network->address[i] &= (uint8_t)(0xff00u >> keep);
	}
	return 0;
}

struct span network_span(const struct network *network)
{
	unsigned bits = network->bits > 128 ? 128 : network->bits;
	u128 host = bits == 0 ? ~(u128)0 : bits == 128 ? 0 : ~(u128)0 >> bits;
	u128 address = load128(network->address);
	return (struct span){address & ~host, address | host};
}
