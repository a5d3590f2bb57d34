/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement.c: the gate in front of DuckDB: one statement that begins with a word of reading, parsed
 * by DuckDB itself and let through by its type.
 */
#include "query/statement.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Steps over blanks and comments: -- to the end of the line, and nested comments of C's form. */
static const char *skip_comments(const char *at)
{
	for (unsigned depth = 0; *at;) {
		if (at[0] == '/' && at[1] == '*') {
			depth++;
			at += 2;
		} else if (depth && at[0] == '*' && at[1] == '/') {
			depth--;
			at += 2;
		} else if (depth || isspace((unsigned char)*at)) {
			at++;
		} else if (at[0] == '-' && at[1] == '-') {
			at += strcspn(at, "\n");
		} else {
			break;
		}
	}
	return at;
}

static bool take_word(const char **at, const char *word)
{
	size_t n = strlen(word);
	if (strncasecmp(*at, word, n) != 0 || isalnum((unsigned char)(*at)[n]) || (*at)[n] == '_')
		return false;
	*at = skip_comments(*at + n);
	return true;
}

/* Words that a statement may begin with: those that only read. */
static const char *const read_words[] = {"SELECT", "WITH", "FROM", "VALUES", "TABLE", "PIVOT",
	"UNPIVOT", "DESCRIBE", "DESC", "SHOW", "SUMMARIZE"};

static bool begins_with_read(const char *at)
{
	while (*at == '(')
		at = skip_comments(at + 1);
	for (size_t i = 0; i < sizeof(read_words) / sizeof(read_words[0]); i++) {
		if (take_word(&at, read_words[i]))
			return true;
	}
	return false;
}

/* A query, or EXPLAIN and a query: not EXPLAIN ANALYZE, whose type is the same, nor EXPLAIN with
 * options. Judged before DuckDB sees the text, since some statements act while they are parsed. */
static bool begins_well(const char *sql)
{
	const char *at = skip_comments(sql);
	take_word(&at, "EXPLAIN");
	return begins_with_read(at);
}

static int refuse(const char *what, struct err *err)
{
	return err_set(err, ERR_USAGE,
		"%s is refused: SQL here only reads, so it must be one SELECT (WITH, FROM, VALUES, "
		"DESCRIBE, SHOW, SUMMARIZE) or a plain EXPLAIN of one",
		what);
}

/* "COPY is refused: …", from the words as they were typed. */
static int refuse_words(const char *sql, struct err *err)
{
	char what[64];
	const char *at = skip_comments(sql);
	size_t n = strcspn(at, " \t\r\n;(");
	if (*at == '\0')
		return refuse("an empty query", err);
	if (take_word(&at, "EXPLAIN"))
		return refuse("EXPLAIN of anything but a query", err);
	if (n == 0 || n >= sizeof(what))
		return refuse("this statement", err);
	memcpy(what, at, n);
	what[n] = '\0';
	return refuse(what, err);
}

/* DuckDB's words, without its advice to change settings that an analyst cannot change. */
static int set_error(const char *text, enum err_kind kind, struct err *err)
{
	const char *advice = strstr(text, "\n\nPossible solutions");
	int len = (int)(advice ? (size_t)(advice - text) : strnlen(text, sizeof(err->text)));
	if (strncmp(text, "Out of Memory Error", 19) == 0 || strstr(text, "std::bad_alloc"))
		return err_set(err, ERR_LIMIT, "out of memory: %.*s", len, text);
	if (strncmp(text, "Permission Error", 16) == 0)
		return err_set(err, ERR_ACCESS,
			"SQL here reads the tables of the lake and nothing else: %.*s", len, text);
	return err_set(err, kind, "%.*s", len, text);
}

int statement_error(
	const struct duck *duck, duckdb_result *result, enum err_kind kind, struct err *err)
{
	const char *text = duck->result_error(result);
	if (duck->result_error_type(result) == DUCKDB_ERROR_OUT_OF_MEMORY)
		kind = ERR_LIMIT;
	set_error(text ? text : "the query failed", kind, err);
	duck->destroy_result(result);
	return -1;
}

int statement_result_error(const struct duck *duck, duckdb_result *result, struct err *err)
{
	if (!duck->result_error(result))
		return 0;
	return statement_error(duck, result, ERR_USAGE, err);
}

static int check_type(const struct duck *duck, duckdb_prepared_statement statement, struct err *err)
{
	duckdb_statement_type type = duck->prepared_statement_type(statement);
	if (type != DUCKDB_STATEMENT_TYPE_SELECT && type != DUCKDB_STATEMENT_TYPE_EXPLAIN)
		return refuse("a statement that is no query", err);
	if (duck->nparams(statement) > 0)
		return err_set(
			err, ERR_USAGE, "the query has parameters (? or $1): write the values");
	return 0;
}

int statement_run(const struct duck *duck, duckdb_connection connection, const char *sql,
	duckdb_result *result, struct err *err)
{
	duckdb_extracted_statements statements;
	duckdb_prepared_statement statement;
	if (!begins_well(sql))
		return refuse_words(sql, err);
	uint64_t n = duck->extract_statements(connection, sql, &statements);
	if (n == 0) {
		const char *text = duck->extract_statements_error(statements);
		return text ? set_error(text, ERR_USAGE, err) : refuse("an empty query", err);
	}
	if (n > 1)
		return refuse("more than one statement", err);
	if (duck->prepare_extracted_statement(connection, statements, 0, &statement) !=
		DuckDBSuccess) {
		const char *text = duck->prepare_error(statement);
		return set_error(text ? text : "the query cannot be prepared", ERR_USAGE, err);
	}
	if (check_type(duck, statement, err) != 0)
		return -1;
	if (duck->execute_prepared_streaming(statement, result) != DuckDBSuccess)
		return statement_error(duck, result, ERR_USAGE, err);
	return 0;
}
