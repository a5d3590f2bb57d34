/* SPDX-License-Identifier: Apache-2.0 */
/* search_json.h: what a search found as JSON, the same for the command line and the API; places in its order. */
#ifndef QUERY_SEARCH_JSON_H
#define QUERY_SEARCH_JSON_H

#include "query/search.h"

enum { CURSOR_TEXT = 64 /* bytes that cursor_text needs */ };
/* A place as --after and `after` take it; returns `text`. */
char *cursor_text(const struct search_cursor *cursor, char text[CURSOR_TEXT]);
/* And back: 0, or -1 where it is none. */
int cursor_parse(const char *text, struct search_cursor *cursor);

/* Appends the result but for its rows as members of a JSON object, without braces: `"matched":12,…`. A histogram stands in it
 * where the request asked for one. */
void search_result_json(const struct search_result *result, const struct search_request *request,
	int64_t took_us, bool explain, struct buf *out);

#endif
