/* SPDX-License-Identifier: Apache-2.0 */
/* thrift_in.h: reading Thrift's compact protocol. Inline, since a lake's footers have some million
 * fields, most of one byte, and a search begins by reading them. */
#ifndef PARQUET_THRIFT_IN_H
#define PARQUET_THRIFT_IN_H

#include "parquet/private.h"

/* `bad` is set at the first thing that does not fit, and sticks; then all values are 0 and all loops
 * end. Nothing past `end` is read. */
struct thrift_in {
	const uint8_t *at, *end;
	bool bad;
};

/* Marks `in` bad; 0. */
static inline uint64_t thrift_fail(struct thrift_in *in)
{
	in->bad = true;
	in->at = in->end;
	return 0;
}

/* thrift.c: a varint of more than one byte. */
uint64_t thrift_varint_long(struct thrift_in *in);

static inline uint64_t thrift_varint(struct thrift_in *in)
{
	if (in->at < in->end && *in->at < 0x80)
		return *in->at++;
	return thrift_varint_long(in);
}

static inline int64_t thrift_zigzag(struct thrift_in *in)
{
	uint64_t v = thrift_varint(in);
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* The next field of a struct; false at its end (or when bad). Start with *field = 0. */
static inline bool thrift_next(struct thrift_in *in, int *field, enum thrift_type *type)
{
	*type = THRIFT_STRUCT;
	if (in->at >= in->end)
		return thrift_fail(in);
	uint8_t byte = *in->at++;
	if (byte == 0)
		return false;
	*type = byte & 15;
	int64_t number = byte >> 4 ? *field + (byte >> 4) : thrift_zigzag(in);
	if (number < 1 || number > INT16_MAX || *type < THRIFT_TRUE || *type > THRIFT_STRUCT)
		thrift_fail(in);
	*field = (int)number;
	return !in->bad;
}

/* The value of a field that must have that type. */
static inline int64_t thrift_i64(struct thrift_in *in, enum thrift_type type)
{
	return type == THRIFT_I64 ? thrift_zigzag(in) : (int64_t)thrift_fail(in);
}

static inline int32_t thrift_i32(struct thrift_in *in, enum thrift_type type)
{
	int64_t value = type == THRIFT_I32 ? thrift_zigzag(in) : (int64_t)thrift_fail(in);
	if (value < INT32_MIN || value > INT32_MAX)
		return (int32_t)thrift_fail(in);
	return (int32_t)value;
}

static inline bool thrift_bool(struct thrift_in *in, enum thrift_type type)
{
	if (type != THRIFT_TRUE && type != THRIFT_FALSE)
		thrift_fail(in);
	return type == THRIFT_TRUE;
}

static inline struct slice thrift_bytes(struct thrift_in *in, enum thrift_type type)
{
	uint64_t n = type == THRIFT_BINARY ? thrift_varint(in) : thrift_fail(in);
	if (in->bad || n > (size_t)(in->end - in->at)) {
		thrift_fail(in);
		return (struct slice){"", 0};
	}
	struct slice value = {(const char *)in->at, n};
	in->at += n;
	return value;
}

/* Marks `in` bad where `type` is not STRUCT. */
static inline void thrift_struct(struct thrift_in *in, enum thrift_type type)
{
	if (type != THRIFT_STRUCT)
		thrift_fail(in);
}

/* A list whose elements must be of type `element`; how many. Each takes a byte at least, so the
 * number is bounded by what is left to read. */
uint32_t thrift_list(struct thrift_in *in, enum thrift_type type, enum thrift_type element);

/* Reads past a value. */
void thrift_skip_nested(struct thrift_in *in, enum thrift_type type);
static inline void thrift_skip(struct thrift_in *in, enum thrift_type type)
{
	if (type == THRIFT_I32 || type == THRIFT_I64 || type == THRIFT_I16)
		thrift_varint(in);
	else
		thrift_skip_nested(in, type);
}

#endif
