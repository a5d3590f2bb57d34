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

/* The fields of an event that CSV has where none are named; and those that search_row_place needs. */
enum { CSV_FIELDS = 13, PLACE_FIELDS = 5 };
extern const char *const search_csv_fields[CSV_FIELDS];
extern const char *const search_place_fields[PLACE_FIELDS];

/* Appends the histogram as an object: {"bucket_us":…,"no_time":…,"buckets":[{"begin":"2026-…","count":3},…]}, with `begin` as the
 * name of that member; with by_table each bucket has "tables":{"jira_audit_logs":2,…} as well. `tables` are the request's. */
void search_histogram_json(const struct search_result *result, const struct search_tables *tables,
	const char *begin, struct buf *out);

/* Appends the result but for its rows as members of a JSON object, without braces: `"matched":12,…`. A histogram stands in it
 * where the request asked for one. */
void search_result_json(const struct search_result *result, const struct search_request *request,
	int64_t took_us, bool explain, struct buf *out);

#endif
