/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network.c: in_network(ip_bytes, '10.0.0.0/8'), a function for SQL: whether an address of 16 bytes
 * (IPv4 as ::ffff:a.b.c.d) lies in a network. DuckDB's own inet type is an extension, which is not
 * loaded here.
 */
#include "query/network.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "query/cell.h"

enum { ADDRESS_BYTES = 16, MAPPED_BITS = 96, TEXT_MAX = 64 };

struct network {
	uint8_t address[ADDRESS_BYTES];
	unsigned bits; /* of the prefix */
};

static const struct duck *engine; /* of this process: there is one */

/* "10.0.0.0/8", "2001:db8::/32", or an address alone. */
static bool parse_network(struct slice text, struct network *network)
{
	static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	char copy[TEXT_MAX];
	int64_t bits;
	if (text.len >= sizeof(copy) || memchr(text.ptr, '\0', text.len))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	char *slash = strchr(copy, '/');
	if (slash)
		*slash = '\0';
	bool v4 = inet_pton(AF_INET, copy, network->address + sizeof(mapped)) == 1;
	if (v4)
		memcpy(network->address, mapped, sizeof(mapped));
	else if (inet_pton(AF_INET6, copy, network->address) != 1)
		return false;
	bits = v4 ? 32 : 128;
	if (slash) {
		int64_t most = bits;
		if (text_parse_int(slice_of(slash + 1), &bits) != 0 || bits < 0 || bits > most)
			return false;
	}
	network->bits = (unsigned)bits + (v4 ? MAPPED_BITS : 0);
	return true;
}

static bool contains(const struct network *network, const uint8_t *address)
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;
	if (memcmp(network->address, address, whole) != 0)
		return false;
	return !rest || (network->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}

static void refuse(duckdb_function_info info, struct slice text)
{
	char why[256];
	snprintf(why, sizeof(why),
		"in_network: '%.*s' is no network: write 10.0.0.0/8 or 2001:db8::/32",
		(int)(text.len < TEXT_MAX ? text.len : TEXT_MAX), text.ptr);
	engine->scalar_function_set_error(info, why);
}

/* Rows with a NULL are DuckDB's to answer (NULL), but their bytes must not be looked at. An address
 * of another length lies in no network. */
static void in_network(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
	struct cell_plan address = {.type = DUCKDB_TYPE_BLOB}, text = {.type = DUCKDB_TYPE_VARCHAR};
	struct network network = {.bits = 0};
	struct slice last = {NULL, 0}; /* the text that `network` was made from */
	bool *result = engine->vector_get_data(output);
	cell_bind(&address, engine, engine->data_chunk_get_vector(input, 0));
	cell_bind(&text, engine, engine->data_chunk_get_vector(input, 1));
	uint64_t rows = engine->data_chunk_get_size(input);
	for (uint64_t row = 0; row < rows; row++) {
		result[row] = false;
		if (!bit_valid(address.valid, row) || !bit_valid(text.valid, row))
			continue;
		struct slice named = scalar_bytes(&text, row), bytes = scalar_bytes(&address, row);
		if (!last.ptr || !slice_eq(named, last)) {
			if (!parse_network(named, &network)) {
				refuse(info, named);
				return;
			}
			last = named;
		}
		result[row] = bytes.len == ADDRESS_BYTES &&
			      contains(&network, (const uint8_t *)bytes.ptr);
	}
}

static void add_type(duckdb_scalar_function function, duckdb_type id, bool is_result)
{
	duckdb_logical_type type = engine->create_logical_type(id);
	if (is_result)
		engine->scalar_function_set_return_type(function, type);
	else
		engine->scalar_function_add_parameter(function, type);
	engine->destroy_logical_type(&type);
}

int network_register(const struct duck *duck, duckdb_connection connection, struct err *err)
{
	engine = duck;
	duckdb_scalar_function function = duck->create_scalar_function();
	duck->scalar_function_set_name(function, "in_network");
	add_type(function, DUCKDB_TYPE_BLOB, false);
	add_type(function, DUCKDB_TYPE_VARCHAR, false);
	add_type(function, DUCKDB_TYPE_BOOLEAN, true);
	duck->scalar_function_set_function(function, in_network);
	duckdb_state state = duck->register_scalar_function(connection, function);
	duck->destroy_scalar_function(&function);
	if (state != DuckDBSuccess)
		return err_set(err, ERR_UNSUPPORTED, "DuckDB does not take in_network()");
	return 0;
}
