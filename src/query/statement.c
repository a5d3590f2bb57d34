/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement.c: the gate in front of DuckDB: one statement, parsed by DuckDB itself and let through
 * by its type. An EXPLAIN is judged by its words as well, since its type does not tell whether it
 * runs what it explains.
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

/* EXPLAIN followed by a query; not by ANALYZE, options, or a statement that changes something. */
static bool is_plain_explain(const char *sql)
{
	static const char *const begins[] = {"SELECT", "WITH", "FROM", "VALUES", "TABLE"};
	const char *at = skip_comments(sql);
	if (!take_word(&at, "EXPLAIN"))
		return false;
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		if (take_word(&at, begins[i]))
			return true;
	}
	return false;
}

static int refuse(const char *what, struct err *err)
{
	return err_set(err, ERR_USAGE,
		"%s is refused: SQL here only reads, so it must be one SELECT (WITH, FROM, VALUES, "
		"DESCRIBE, SHOW, SUMMARIZE) or a plain EXPLAIN of one",
		what);
}

static const char *type_name(duckdb_statement_type type)
{
	static const char *const names[] = {
		[DUCKDB_STATEMENT_TYPE_INSERT] = "INSERT",
		[DUCKDB_STATEMENT_TYPE_UPDATE] = "UPDATE",
		[DUCKDB_STATEMENT_TYPE_EXPLAIN] = "EXPLAIN ANALYZE",
		[DUCKDB_STATEMENT_TYPE_DELETE] = "DELETE",
		[DUCKDB_STATEMENT_TYPE_PREPARE] = "PREPARE",
		[DUCKDB_STATEMENT_TYPE_CREATE] = "CREATE",
		[DUCKDB_STATEMENT_TYPE_EXECUTE] = "EXECUTE",
		[DUCKDB_STATEMENT_TYPE_ALTER] = "ALTER",
		[DUCKDB_STATEMENT_TYPE_TRANSACTION] = "a transaction",
		[DUCKDB_STATEMENT_TYPE_COPY] = "COPY",
		[DUCKDB_STATEMENT_TYPE_ANALYZE] = "ANALYZE",
		[DUCKDB_STATEMENT_TYPE_VARIABLE_SET] = "SET",
		[DUCKDB_STATEMENT_TYPE_CREATE_FUNC] = "CREATE",
		[DUCKDB_STATEMENT_TYPE_DROP] = "DROP",
		[DUCKDB_STATEMENT_TYPE_EXPORT] = "EXPORT",
		[DUCKDB_STATEMENT_TYPE_PRAGMA] = "PRAGMA",
		[DUCKDB_STATEMENT_TYPE_VACUUM] = "VACUUM",
		[DUCKDB_STATEMENT_TYPE_CALL] = "CALL",
		[DUCKDB_STATEMENT_TYPE_SET] = "SET",
		[DUCKDB_STATEMENT_TYPE_LOAD] = "LOAD or INSTALL",
		[DUCKDB_STATEMENT_TYPE_ATTACH] = "ATTACH",
		[DUCKDB_STATEMENT_TYPE_DETACH] = "DETACH",
	};
	if ((size_t)type < sizeof(names) / sizeof(names[0]) && names[type])
		return names[type];
	return "this statement";
}

/* DuckDB's own words for some errors would send an analyst to settings that he cannot change. */
static int set_error(const char *text, enum err_kind kind, struct err *err)
{
	if (strncmp(text, "Out of Memory Error", 19) == 0 || strstr(text, "std::bad_alloc"))
		return err_set(err, ERR_LIMIT, "out of memory: %s", text);
	if (strncmp(text, "Permission Error", 16) == 0)
		kind = ERR_ACCESS;
	return err_set(err, kind, "%s", text);
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

static int check_type(const struct duck *duck, duckdb_prepared_statement statement, const char *sql,
	struct err *err)
{
	duckdb_statement_type type = duck->prepared_statement_type(statement);
	if (type == DUCKDB_STATEMENT_TYPE_EXPLAIN ? !is_plain_explain(sql)
						  : type != DUCKDB_STATEMENT_TYPE_SELECT)
		return refuse(type_name(type), err);
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
	if (check_type(duck, statement, sql, err) != 0)
		return -1;
	if (duck->execute_prepared_streaming(statement, result) != DuckDBSuccess)
		return statement_error(duck, result, ERR_USAGE, err);
	return 0;
}
