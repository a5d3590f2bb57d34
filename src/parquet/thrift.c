/* SPDX-License-Identifier: Apache-2.0 */
/* thrift.c: Thrift's compact protocol, as far as Parquet's footer and page headers need it. The
 * reader takes hostile bytes: it never reads past the end and never recurses deeper than a few. */
#include "base/varint.h"
#include "parquet/private.h"
#include "parquet/thrift_in.h"

enum { SKIP_DEPTH = 16 };

static uint64_t zigzag(int64_t value)
{
	return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static void put_field(struct buf *out, int *last, int field, enum thrift_type type)
{
	int delta = field - *last;
	if (delta > 0 && delta <= 15) {
		buf_push(out, (char)(delta << 4 | (int)type));
	} else {
		buf_push(out, (char)type);
		buf_varint(out, zigzag(field));
	}
	*last = field;
}

void thrift_put_i32(struct buf *out, int *last, int field, int32_t value)
{
	put_field(out, last, field, THRIFT_I32);
	buf_varint(out, zigzag(value));
}

void thrift_put_i64(struct buf *out, int *last, int field, int64_t value)
{
	put_field(out, last, field, THRIFT_I64);
	buf_varint(out, zigzag(value));
}

void thrift_put_bool(struct buf *out, int *last, int field, bool value)
{
	put_field(out, last, field, value ? THRIFT_TRUE : THRIFT_FALSE);
}

void thrift_put_i16(struct buf *out, int *last, int field, int16_t value)
{
	put_field(out, last, field, THRIFT_I16);
	buf_varint(out, zigzag(value));
}

void thrift_put_bytes(struct buf *out, int *last, int field, struct slice value)
{
	put_field(out, last, field, THRIFT_BINARY);
	thrift_put_element_bytes(out, value);
}

void thrift_put_struct(struct buf *out, int *last, int field)
{
	put_field(out, last, field, THRIFT_STRUCT);
}

void thrift_put_stop(struct buf *out)
{
	buf_push(out, 0);
}

void thrift_put_list(struct buf *out, int *last, int field, enum thrift_type type, uint32_t n)
{
	put_field(out, last, field, THRIFT_LIST);
	if (n < 15) {
		buf_push(out, (char)(n << 4 | type));
	} else {
		buf_push(out, (char)(0xf0 | type));
		buf_varint(out, n);
	}
}

void thrift_put_element_i32(struct buf *out, int32_t value)
{
	buf_varint(out, zigzag(value));
}

void thrift_put_element_bytes(struct buf *out, struct slice value)
{
	buf_varint(out, value.len);
	buf_slice(out, value);
}

static uint8_t get_byte(struct thrift_in *in)
{
	if (in->at >= in->end)
		return (uint8_t)thrift_fail(in);
	return *in->at++;
}

uint64_t thrift_varint_long(struct thrift_in *in)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 70; shift += 7) {
		uint8_t byte = get_byte(in);
		if (shift == 63 && byte > 1)
			return thrift_fail(in);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return in->bad ? 0 : value;
	}
	return thrift_fail(in);
}

static uint32_t get_list(struct thrift_in *in, enum thrift_type *element)
{
	uint8_t byte = get_byte(in);
	*element = byte & 15;
	uint64_t n = byte >> 4 == 15 ? thrift_varint(in) : byte >> 4;
	if (n > (size_t)(in->end - in->at))
		return (uint32_t)thrift_fail(in);
	return (uint32_t)n;
}

uint32_t thrift_list(struct thrift_in *in, enum thrift_type type, enum thrift_type element)
{
	if (type != THRIFT_LIST)
		return (uint32_t)thrift_fail(in);
	enum thrift_type got;
	uint32_t n = get_list(in, &got);
	return got == element ? n : (uint32_t)thrift_fail(in);
}

static void skip(struct thrift_in *in, enum thrift_type type, bool in_list, int depth);

static void skip_nested(struct thrift_in *in, enum thrift_type type, int depth)
{
	enum thrift_type inner;
	if (type == THRIFT_STRUCT) {
		int field = 0;
		while (thrift_next(in, &field, &inner))
			skip(in, inner, false, depth + 1);
		return;
	}
	uint32_t n = get_list(in, &inner);
	while (n-- > 0 && !in->bad)
		skip(in, inner, true, depth + 1);
}

static void skip(struct thrift_in *in, enum thrift_type type, bool in_list, int depth)
{
	if (depth > SKIP_DEPTH) {
		thrift_fail(in);
		return;
	}
	switch (type) {
	case THRIFT_TRUE:
	case THRIFT_FALSE: /* in a list a byte each, as a field none */
		if (in_list)
			get_byte(in);
		break;
	case THRIFT_I8:
		get_byte(in);
		break;
	case THRIFT_I16:
	case THRIFT_I32:
	case THRIFT_I64:
		thrift_varint(in);
		break;
	case THRIFT_BINARY:
		thrift_bytes(in, type);
		break;
	case THRIFT_LIST:
	case THRIFT_SET:
	case THRIFT_STRUCT:
		skip_nested(in, type, depth);
		break;
	default: /* Parquet's metadata has no doubles and no maps */
		thrift_fail(in);
	}
}

void thrift_skip_nested(struct thrift_in *in, enum thrift_type type)
{
	skip(in, type, false, 0);
}
