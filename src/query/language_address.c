/* SPDX-License-Identifier: Apache-2.0 */
/* language_address.c: values of fields that hold addresses. However an address is written, it is compared as 16 bytes; a
 * range of addresses becomes the networks that cover it. */
#include "query/language_private.h"

__extension__ typedef unsigned __int128 wide; /* 128-bit arithmetic, as one word */

struct expr *address_networks(struct parser *p, struct slice name, uint32_t begin, uint32_t end,
	const struct network *networks, uint32_t n)
{
	struct expr *expr = tree_test(p, TEST_CIDR, name, begin, end);
	struct network *copy = arena_zalloc(p->mem, n, sizeof(*copy));
	memcpy(copy, networks, n * sizeof(*copy));
	expr->test.networks = copy;
	expr->test.nnetworks = n;
	return expr;
}

/* On a field of addresses an address is compared as such, however it is written. Elsewhere a network may also be a
 * text (an allowlist that was changed), so that either counts. */
struct expr *address_value(struct parser *p, const struct field *field, const struct value *value)
{
	struct network network;
	bool slash = memchr(value->text.ptr, '/', value->text.len) != NULL;
	bool word = value->kind == VALUE_WORD;
	if (value->text.len == 0 || value->kind == VALUE_EXACT || (slash ? !word : !field->any_ip))
		return NULL;
	if (network_parse(value->text, &network) < 0)
		return NULL;
	struct expr *test = address_networks(p, field->name, value->begin, value->end, &network, 1);
	return field->all_ip ? test : tree_either(p, test, value_patterns(p, field->name, value));
}

int address_check(struct parser *p, const struct field *field, const struct value *value)
{
	char shown[SHOWN_BYTES];
	bool slash = value->kind == VALUE_WORD && value->text.len &&
		     memchr(value->text.ptr, '/', value->text.len);
	if (!field->all_ip || (!slash && field->types != 1u << COL_IP))
		return 0;
	return language_fail(p, value->begin, value->end, NULL,
		"`%s` is no address and no network: write 10.1.2.3, 10.0.0.0/8 or 2001:db8::/32",
		parse_shown(value->text, shown));
}

static wide to_wide(const uint8_t address[16])
{
	wide value = 0;
	for (int i = 0; i < 16; i++)
		value = value << 8 | address[i];
	return value;
}

static void from_wide(wide value, uint8_t address[16])
{
	for (int i = 15; i >= 0; i--, value >>= 8)
		address[i] = (uint8_t)value;
}

/* The fewest networks that are [low, high]: at most 254. */
static uint32_t cover(wide low, wide high, struct network networks[256])
{
	uint32_t n = 0;
	for (;;) {
		unsigned free_bits = 0;
		wide size = 1;
		while (free_bits < 128) {
			wide last = low | (size - 1 + size);
			if (low & size || last > high)
				break;
			free_bits++;
			size <<= 1; /* 0 at 128 bits: the loop ends */
		}
		wide last = free_bits == 128 ? high : low + (size - 1);
		from_wide(low, networks[n].address);
		networks[n++].bits = (uint8_t)(128 - free_bits);
		if (last >= high)
			return n;
		low = last + 1;
	}
}

static int bound_address(
	struct parser *p, const struct bound *bound, uint32_t begin, uint32_t end, wide *value)
{
	struct network network;
	char shown[SHOWN_BYTES];
	if (network_parse(bound->text, &network) == 0 && network.bits == 128 &&
		!memchr(bound->text.ptr, '/', bound->text.len)) {
		*value = to_wide(network.address);
		return 0;
	}
	return language_fail(p, begin, end, NULL,
		"`%s` is no address, which an end of this range must be",
		parse_shown(bound->text, shown));
}

/* An open end reaches to the first or last address of the other end's family. */
struct expr *address_range(struct parser *p, const struct field *field, const struct bound *low,
	const struct bound *high, uint32_t begin, uint32_t end)
{
	const wide v4_first = (wide)0xffff << 32, v4_last = v4_first | 0xffffffff;
	struct network networks[256];
	wide first = 0, last = ~(wide)0;
	if (low->given && bound_address(p, low, begin, end, &first) < 0)
		return NULL;
	if (high->given && bound_address(p, high, begin, end, &last) < 0)
		return NULL;
	if (!high->given && first >= v4_first && first <= v4_last)
		last = v4_last;
	if (!low->given && last >= v4_first && last <= v4_last)
		first = v4_first;
	bool none = (low->given && !low->inclusive && first == ~(wide)0) ||
		    (high->given && !high->inclusive && last == 0);
	first += low->given && !low->inclusive;
	last -= high->given && !high->inclusive;
	if (none || first > last) {
		language_fail(p, begin, end, NULL,
			"no address lies in this range: its lower end comes first");
		return NULL;
	}
	return address_networks(p, field->name, begin, end, networks, cover(first, last, networks));
}
