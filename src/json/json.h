/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h: JSON text without values: strict validation (RFC 8259), finding the end of a value, and
 * cutting an input of any shape (NDJSON, arrays, pretty-printed objects, API envelopes) into
 * records. No recursion, no allocation that grows with the input.
 */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

/* Where and why a text is not JSON. */
struct json_fault {
	size_t offset;      /* of the first byte that cannot stand there */
	const char *reason; /* static text: "control character in a string", … */
};

/* Whether `text` is exactly one JSON value with optional white space around it, as RFC 8259 has it:
 * well-formed UTF-8, no BOM, depth up to LIMIT_DEPTH. Lone \u surrogates are allowed by the
 * grammar and accepted here. 0, or -1 with *fault (may be NULL). */
int json_validate(struct slice text, struct json_fault *fault);

/* Like json_validate, but takes ill-formed UTF-8 and NUL and other control characters inside
 * strings (but no line break: it ends a record): *repaired tells whether there were any, or lone
 * \u surrogates or \u0000. This is what import accepts as a record. */
int json_validate_lenient(struct slice text, bool *repaired, struct json_fault *fault);

/* Walks the one value that begins at text[at] (white space in front is passed over) as
 * json_validate_lenient does, `depth` containers deep already. Returns the offset after it, or -1
 * with *fault: a fault at text.len says that the text ends too early. *repaired is only ever set,
 * never cleared. */
int64_t json_value(
	struct slice text, size_t at, unsigned depth, bool *repaired, struct json_fault *fault);

/* The end of the value that begins at text[at] (white space skipped): the offset after it. Brackets
 * and quotes are matched, contents are not checked. -1 where it does not end in this text,
 * -2 where depth exceeds LIMIT_DEPTH or a bracket does not match. */
int64_t json_skip(struct slice text, size_t at);

/* The offset of the first byte from `at` on that is no white space; text.len (or `at`, where that is
 * beyond) where there is none. */
size_t json_blanks(struct slice text, size_t at);

/* The value of a member of a JSON object, as it stands there; of several of that name the last. `object`
 * must have passed json_validate or its lenient form; blanks in front are passed over. 1, 0 where it has
 * none or is no object. `key` is compared with the name as it stands (no escapes). */
int json_member(struct slice object, const char *key, struct slice *value);

/* Reads the JSON string that begins at text[at] == '"' and appends its unescaped text to `out`
 * (ill-formed UTF-8 and lone surrogates become U+FFFD, *repaired is set). Returns the offset after
 * the closing quote, or -1. */
int64_t json_unescape(struct slice text, size_t at, struct buf *out, bool *repaired);

/* The value of a member of the object `text` (of several of the same name the last), as it stands there.
 * ptr is NULL where there is none, or `text` is no object that json_validate_lenient takes. */
struct slice json_find(struct slice text, const char *key);
/* The text of a member that is a string, into `out` (cleared first). False where json_find finds none, or
 * the string had to be repaired. */
bool json_find_text(struct slice text, const char *key, struct buf *out);
/* Walks the members of an object that stands in a text that json_validate takes: *at is 0 at first; the name, unescaped, in `name`. False
 * at the end, or where it is no object. */
bool json_next(struct slice object, size_t *at, struct buf *name, struct slice *value);
/* Walks the values of a JSON array that stands in a valid text: *at is 0 at first. False at the end, or
 * where it is no array. */
bool json_item(struct slice array, size_t *at, struct slice *value);

/* Appends the JSON text of a value that json_value called repaired, so that it is well-formed JSON
 * and UTF-8: ill-formed bytes, NUL, lone surrogates become U+FFFD, raw control characters their
 * \u form. All else stays as it stands. `text` must be a value that json_value takes. */
void json_repair(struct slice text, struct buf *out);

/* How an input is laid out. */
enum json_layout {
	JSON_LINES,  /* one record a line: cut at newlines, a bad line harms no other */
	JSON_STREAM, /* values one after another, arrays of records, or API envelopes */
};

/* One part of the input that json_records found. */
struct json_record {
	uint32_t off, len;
	const char *reason; /* NULL for a record; else it is rejected and this says why (static) */
};

/* State of cutting one input; carried from block to block. */
struct json_records {
	enum json_layout layout;
	bool started;
	unsigned depth;    /* JSON_STREAM: how many containers around the records are open */
	uint8_t stack[8];  /* what they are: '[' of records, '{' of an envelope (private) */
	bool in_records;   /* JSON_STREAM: within the array that holds the records */
	uint64_t skipping; /* bytes of an over-long record passed so far; 0 = none */
	/* JSON_STREAM, private: why a part is being rejected up to the next record (NULL: none is),
	 * and what records look like: their first keys (0: none seen) and blanks in front. */
	const char *skip_reason;
	uint64_t signature;
	int indent;
};

/* Looks at the first bytes of an input (as many as are there, 64 KiB are plenty) and chooses the
 * layout. A UTF-8 BOM is reported in *skip (bytes to pass over). UTF-16 and binary input is
 * refused: -1 with a text that says what it seems to be. */
int json_records_begin(
	struct json_records *state, struct slice head, size_t *skip, struct err *err);

/* The input is what stands after the opening bracket of an array that is known to hold records: its
 * objects are records, whatever keys they have. */
void json_records_within(struct json_records *state);

/* Cuts `block` (which begins where the last call stopped) into at most `max` records. Returns how
 * many; *consumed says how many bytes are done with: the rest must begin the next block. With
 * `last` true the input ends with this block and everything is consumed. Blank lines are passed
 * over. A record that does not end within LIMIT_RECORD_BYTES is returned in rejected parts.
 * In JSON_LINES layout a record is the line without its newline, CR, and blanks around it; it is
 * not looked into here: whether it is an object decides the decoder. */
uint32_t json_records_cut(struct json_records *state, struct slice block, bool last,
	struct json_record *out, uint32_t max, size_t *consumed);

#endif
