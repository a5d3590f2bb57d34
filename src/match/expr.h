/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr.h: what is asked of an event, independent of any table: the tree that a front end (the search
 * language, Sigma) makes, and the matcher compiles. Everything lies in one arena of the front end's.
 *
 * A test names fields by text; which columns a name means in a table is the resolver's business
 * (match.h). A test on a list holds where any element passes. A test on a field that a table does
 * not have, or on a null, does not hold: logic has two values, so `NOT (x = 1)` holds where x is
 * null.
 */
#ifndef MATCH_EXPR_H
#define MATCH_EXPR_H

#include "base/base.h"
#include "match/text.h"

enum expr_kind {
	EXPR_CONST, /* `constant` for every event */
	EXPR_AND,   /* of all children; true without any */
	EXPR_OR,    /* of any child; false without any */
	EXPR_NOT,   /* one child */
	EXPR_COUNT, /* at least `least` and at most `most` of the children hold */
	EXPR_SAME, /* one child, whose tests are all on fields of one list: they hold together for one
	               and the same element. Where its fields lie in no list it is the child itself.
	               A field beside the list counts for each element; where names mean fields of
	               several lists, one element of any of them. Within another SAME: its child */
	EXPR_TEST,
};

enum test_op {
	TEST_EXISTS, /* has a value: is not null; of a list, any element is not null */
	TEST_PATTERNS, /* any of `patterns` fits the text. On a column of numbers, booleans, times, UUIDs: exact
	                   patterns are read as such a value; those with wildcards fit its text as printed */
	TEST_REGEX, /* `regex` with `regex_flags`, unanchored */
	TEST_RANGE, /* low ≤ value ≤ high, see struct bound */
	TEST_CIDR, /* any of `networks`; on address columns, and on texts that are addresses as a whole */
	TEST_FIELD, /* compares with the field `other` of the same event by `relation`; lists: any pair */
	TEST_TIME_PART, /* the part of a time (UTC) lies in [part_least, part_most] */
};

/*
 * How a text of a test is read on a column that holds no text (exact patterns, bounds): on numbers, a
 * decimal number with or without fraction and exponent, exactly (`5.0` is 5, `5.5` is no int64); on
 * booleans, true and false in any case; on UUIDs, 36 characters or 32 digits; on addresses, IPv4 or
 * IPv6 text (RFC 4291), strictly; on times, what clock_parse reads, which may be an interval. A
 * text that is no such value holds for none. Ranges of addresses and UUIDs go by their bytes; on
 * booleans there are none.
 *
 * TEST_FIELD: `field` RELATION `other` ("begins with" the other, and so on). Two numbers, two times … by
 * value; else by the texts as printed, folded or not. In order (<, <=, …) two texts that are numbers
 * compare as numbers, two that are not by (folded) bytes, one of each does not hold.
 *
 * TEST_TIME_PART on texts: those that clock_parse reads and that begin with four digits.
 */

/* One end of a range. A text that is a decimal number compares with values that are numbers (exact:
 * 64-bit integers never go through doubles), any other by folded bytes. On a time column it is a time as
 * clock_parse reads it: a whole day where a day is written, so that an inclusive upper end takes
 * the day in and an exclusive lower end leaves it out. */
struct bound {
	bool given, inclusive;
	struct slice text;
};

struct network {
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint8_t bits;        /* 0–128, counted in the 16 bytes */
};

enum relation {
	REL_EQUAL,
	REL_STARTS,
	REL_ENDS,
	REL_CONTAINS,
	REL_LESS,
	REL_LESS_EQUAL,
	REL_GREATER,
	REL_GREATER_EQUAL
};
enum time_part {
	PART_MINUTE,
	PART_HOUR,
	PART_DAY,
	PART_WEEK /* ISO */,
	PART_WEEKDAY /* 1 = Monday */,
	PART_MONTH,
	PART_YEAR
};

struct test {
	enum test_op op;
	struct slice field; /* as written; empty: any text of the event (a keyword) */
	bool fold;          /* letters of any case: TEST_PATTERNS, TEST_RANGE, TEST_FIELD */
	const struct pattern *patterns;
	uint32_t npatterns;
	struct slice regex;
	unsigned regex_flags; /* enum regex_flag */
	struct bound low, high;
	const struct network *networks;
	uint32_t nnetworks;
	struct slice other;
	enum relation relation;
	enum time_part part;
	int64_t part_least, part_most;
};

struct expr {
	enum expr_kind kind;
	uint32_t begin, end; /* bytes of the source text that it was made from; 0, 0 = unknown */
	bool constant;
	uint32_t least, most;
	uint32_t nchildren;
	struct expr **children;
	struct test test; /* EXPR_TEST */
};

/* Reads `10.0.0.0/8`, `10.1.2.3`, `2001:db8::/32`, `::1` (an address alone is its own network).
 * Bits beyond the length must be zero or are cleared. 0, or -1 where it is none. */
int network_parse(struct slice text, struct network *network);

#endif
