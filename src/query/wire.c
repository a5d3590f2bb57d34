/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.c: the bytes between parent and SQL child. Both are the same program on the same machine,
 * so numbers go in the machine's own order; lengths are checked all the same.
 */
#include "query/wire.h"

static void put_u64(struct buf *out, uint64_t value)
{
	buf_append(out, &value, sizeof(value));
}

void request_encode(const struct sql_request *request, struct buf *out)
{
	put_u64(out, request->parent);
	put_u64(out, request->memory);
	put_u64(out, request->threads);
	put_u64(out, request->spill);
	wire_text(out, slice_of(request->library));
	wire_text(out, slice_of(request->read_dir));
	wire_text(out, slice_of(request->spill_dir));
	wire_text(out, slice_of(request->sql));
	wire_u32(out, request->nsetup);
	for (uint32_t i = 0; i < request->nsetup; i++)
		wire_text(out, slice_of(request->setup[i]));
}

static bool take(struct wire *wire, void *to, size_t n)
{
	if (wire->bad || wire->rest.len < n) {
		wire->bad = true;
		memset(to, 0, n);
		return false;
	}
	memcpy(to, wire->rest.ptr, n);
	wire->rest.ptr += n;
	wire->rest.len -= n;
	return true;
}

unsigned wire_take_u8(struct wire *wire)
{
	unsigned char value;
	take(wire, &value, 1);
	return value;
}

uint32_t wire_take_u32(struct wire *wire)
{
	uint32_t value;
	take(wire, &value, sizeof(value));
	return value;
}

static uint64_t take_u64(struct wire *wire)
{
	uint64_t value;
	take(wire, &value, sizeof(value));
	return value;
}

struct slice wire_take_text(struct wire *wire)
{
	uint32_t len = wire_take_u32(wire);
	struct slice text = {wire->rest.ptr, len};
	if (wire->bad || len > wire->rest.len) {
		wire->bad = true;
		return (struct slice){"", 0};
	}
	wire->rest.ptr += len;
	wire->rest.len -= len;
	return text;
}

int request_decode(
	struct slice bytes, struct sql_request *request, struct arena *mem, struct err *err)
{
	struct wire wire = {bytes, false};
	request->parent = take_u64(&wire);
	request->memory = take_u64(&wire);
	request->threads = take_u64(&wire);
	request->spill = take_u64(&wire);
	request->library = arena_strdup(mem, wire_take_text(&wire));
	request->read_dir = arena_strdup(mem, wire_take_text(&wire));
	request->spill_dir = arena_strdup(mem, wire_take_text(&wire));
	request->sql = arena_strdup(mem, wire_take_text(&wire));
	request->nsetup = wire_take_u32(&wire);
	if (wire.bad || request->nsetup > wire.rest.len)
		return err_set(err, ERR_DAMAGED, "the request to the SQL child is cut off");
	request->setup = arena_zalloc(mem, request->nsetup + 1, sizeof(request->setup[0]));
	for (uint32_t i = 0; i < request->nsetup; i++)
		request->setup[i] = arena_strdup(mem, wire_take_text(&wire));
	if (wire.bad)
		return err_set(err, ERR_DAMAGED, "the request to the SQL child is cut off");
	return 0;
}
