/* SPDX-License-Identifier: Apache-2.0 */
/*
 * duck.h (private to query/): DuckDB's C API as a table of functions, filled by dlsym in the SQL
 * child. Nothing else of the program links with DuckDB.
 */
#ifndef QUERY_DUCK_H
#define QUERY_DUCK_H

#include "base/err.h"
#include "duckdb.h"

/* Members are named as in duckdb.h without `duckdb_`; duck.c fills them from one table of names. */
struct duck {
	__typeof__(&duckdb_library_version) library_version;
	__typeof__(&duckdb_create_config) create_config;
	__typeof__(&duckdb_set_config) set_config;
	__typeof__(&duckdb_open_ext) open_ext;
	__typeof__(&duckdb_connect) connect;
	__typeof__(&duckdb_query) query;
	__typeof__(&duckdb_destroy_result) destroy_result;
	__typeof__(&duckdb_result_error) result_error;
	__typeof__(&duckdb_result_error_type) result_error_type;
	__typeof__(&duckdb_extract_statements) extract_statements;
	__typeof__(&duckdb_extract_statements_error) extract_statements_error;
	__typeof__(&duckdb_prepare_extracted_statement) prepare_extracted_statement;
	__typeof__(&duckdb_prepare_error) prepare_error;
	__typeof__(&duckdb_prepared_statement_type) prepared_statement_type;
	__typeof__(&duckdb_nparams) nparams;
	__typeof__(&duckdb_execute_prepared_streaming) execute_prepared_streaming;
	__typeof__(&duckdb_fetch_chunk) fetch_chunk;
	__typeof__(&duckdb_destroy_data_chunk) destroy_data_chunk;
	__typeof__(&duckdb_data_chunk_get_size) data_chunk_get_size;
	__typeof__(&duckdb_data_chunk_get_vector) data_chunk_get_vector;
	__typeof__(&duckdb_column_count) column_count;
	__typeof__(&duckdb_column_name) column_name;
	__typeof__(&duckdb_column_logical_type) column_logical_type;
	__typeof__(&duckdb_destroy_logical_type) destroy_logical_type;
	__typeof__(&duckdb_get_type_id) get_type_id;
	__typeof__(&duckdb_logical_type_get_alias) logical_type_get_alias;
	__typeof__(&duckdb_decimal_scale) decimal_scale;
	__typeof__(&duckdb_decimal_internal_type) decimal_internal_type;
	__typeof__(&duckdb_enum_internal_type) enum_internal_type;
	__typeof__(&duckdb_enum_dictionary_size) enum_dictionary_size;
	__typeof__(&duckdb_enum_dictionary_value) enum_dictionary_value;
	__typeof__(&duckdb_list_type_child_type) list_type_child_type;
	__typeof__(&duckdb_array_type_child_type) array_type_child_type;
	__typeof__(&duckdb_array_type_array_size) array_type_array_size;
	__typeof__(&duckdb_map_type_key_type) map_type_key_type;
	__typeof__(&duckdb_map_type_value_type) map_type_value_type;
	__typeof__(&duckdb_struct_type_child_count) struct_type_child_count;
	__typeof__(&duckdb_struct_type_child_name) struct_type_child_name;
	__typeof__(&duckdb_struct_type_child_type) struct_type_child_type;
	__typeof__(&duckdb_union_type_member_count) union_type_member_count;
	__typeof__(&duckdb_union_type_member_name) union_type_member_name;
	__typeof__(&duckdb_union_type_member_type) union_type_member_type;
	__typeof__(&duckdb_vector_get_data) vector_get_data;
	__typeof__(&duckdb_vector_get_validity) vector_get_validity;
	__typeof__(&duckdb_list_vector_get_child) list_vector_get_child;
	__typeof__(&duckdb_array_vector_get_child) array_vector_get_child;
	__typeof__(&duckdb_struct_vector_get_child) struct_vector_get_child;
	__typeof__(&duckdb_create_logical_type) create_logical_type;
	__typeof__(&duckdb_create_scalar_function) create_scalar_function;
	__typeof__(&duckdb_scalar_function_set_name) scalar_function_set_name;
	__typeof__(&duckdb_scalar_function_add_parameter) scalar_function_add_parameter;
	__typeof__(&duckdb_scalar_function_set_return_type) scalar_function_set_return_type;
	__typeof__(&duckdb_scalar_function_set_function) scalar_function_set_function;
	__typeof__(&duckdb_scalar_function_set_error) scalar_function_set_error;
	__typeof__(&duckdb_register_scalar_function) register_scalar_function;
	__typeof__(&duckdb_destroy_scalar_function) destroy_scalar_function;
	__typeof__(&duckdb_free) free;
};

/* Loads the library and fills the table. ERR_UNSUPPORTED where it cannot be used. */
int duck_load(struct duck *duck, const char *library, struct err *err);

#endif
