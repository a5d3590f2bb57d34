/* SPDX-License-Identifier: Apache-2.0 */
/* jsontext.h (private to query/): checks on JSON text that comes out of a query. */
#ifndef QUERY_JSONTEXT_H
#define QUERY_JSONTEXT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

/* True where `text` is one JSON value (RFC 8259) of at most 512 levels, well-formed UTF-8. */
bool jsontext_valid(struct slice text);

/* Appends well-formed JSON with control, bidi and invisible characters, which may stand in JSON
 * strings as they are, written as \uXXXX, and line breaks between values as blanks: the same
 * value, on one line, safe on a terminal. */
void jsontext_visible(struct buf *out, struct slice json);

#endif
