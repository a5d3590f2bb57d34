/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h: hostile text made safe: UTF-8 checks and repair (Unicode 15, table 3-7), escapes for a
 * terminal, JSON strings, CSV fields, and numbers for people.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* The length (1–4) of the well-formed UTF-8 sequence at `p` with `n` bytes left, or 0 where it is
 * ill-formed (overlong, surrogate, > U+10FFFF, cut). *code (may be NULL) gets the code point. */
size_t text_utf8_step(const char *p, size_t n, uint32_t *code);
/* True where all bytes of `s` are ASCII. */
bool text_is_ascii(struct slice s);
/* True where all of `s` is well-formed UTF-8. */
bool text_utf8_valid(struct slice s);
/* Appends `s` with each maximal ill-formed part replaced by U+FFFD; returns how many were. */
size_t text_utf8_repair(struct buf *out, struct slice s);

/* Appends `s` for a terminal or a log line: C0, DEL, C1, bidi controls, U+2028/9, zero-width and
 * ill-formed bytes become \n, \t, \xHH or \u{HHHH}; a backslash stays as it is. */
void text_escape(struct buf *out, struct slice s);
/* Makes blanks of the line ends in it; whether there were any. */
bool text_one_line(struct buf *text);
/* Appends `s` as a JSON string with quotes (RFC 8259); ill-formed parts become U+FFFD. What
 * text_escape would escape is written as \uHHHH, so that the line is safe on a terminal too. */
void text_json_string(struct buf *out, struct slice s);
/* Appends `,"name":` and the text as a JSON string, or null where it is NULL. */
void text_json_member(struct buf *out, const char *name, const char *text);
/* Appends `s` as a CSV field (RFC 4180), quoted where needed. A text that a spreadsheet would take
 * for a formula (begins with = + - @ TAB CR, after blanks) gets a ' in front, unless it is a plain
 * number. */
void text_csv_field(struct buf *out, struct slice s);

/* Columns that `s` takes on a terminal after text_escape: 2 for wide East Asian and emoji, 0 for
 * combining marks. */
size_t text_width(struct slice s);

/* 12345678 → "12,345,678"; returns `out`. */
char *text_count(uint64_t n, char out[32]);
/* Bytes for people: "867 MB", "1.2 GB" (powers of 1,000); returns `out`. */
char *text_bytes(uint64_t n, char out[32]);
/* A size such as 512M, 1G, 2GB, 64k (powers of 1,024) or plain bytes. 0, or -1 where it is none. */
int text_parse_size(const char *text, uint64_t *bytes);
/* Whole text as a base-10 int64 with optional '-'. 0, or -1 where it is none or out of range. */
int text_parse_int(struct slice s, int64_t *value);

enum { UUID_TEXT = 36 };
/* A UUID (RFC 9562) as 36 small letters, digits and hyphens, without a NUL. */
void text_uuid(const uint8_t uuid[16], char text[UUID_TEXT]);
/* Reads one: 36 characters with hyphens, or the 32 digits alone; letters of any case. 0, or -1 where it
 * is none (*uuid may have been written to). */
int text_parse_uuid(struct slice text, uint8_t uuid[16]);

/* Edit distance with early stop: how many single-byte changes turn a into b, at most
 * `limit` + 1. For "did you mean". */
unsigned text_distance(struct slice a, struct slice b, unsigned limit);

#endif
