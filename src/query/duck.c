/* SPDX-License-Identifier: Apache-2.0 */
/*
 * duck.c: loads libduckdb and looks up the functions of its C API that the SQL child uses. The API
 * only grows, so a library newer than the header serves as well.
 */
#include "query/duck.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#define FUNCTION(name)                                                                             \
	{                                                                                          \
		"duckdb_" #name, offsetof(struct duck, name)                                       \
	}

static const struct {
	const char *name;
	size_t offset;
} functions[] = {
	FUNCTION(library_version),
	FUNCTION(create_config),
	FUNCTION(set_config),
	FUNCTION(open_ext),
	FUNCTION(connect),
	FUNCTION(query),
	FUNCTION(destroy_result),
	FUNCTION(result_error),
	FUNCTION(result_error_type),
	FUNCTION(extract_statements),
	FUNCTION(extract_statements_error),
	FUNCTION(prepare_extracted_statement),
	FUNCTION(prepare_error),
	FUNCTION(prepared_statement_type),
	FUNCTION(nparams),
	FUNCTION(execute_prepared_streaming),
	FUNCTION(fetch_chunk),
	FUNCTION(destroy_data_chunk),
	FUNCTION(data_chunk_get_size),
	FUNCTION(data_chunk_get_vector),
	FUNCTION(column_count),
	FUNCTION(column_name),
	FUNCTION(column_logical_type),
	FUNCTION(destroy_logical_type),
	FUNCTION(get_type_id),
	FUNCTION(logical_type_get_alias),
	FUNCTION(decimal_scale),
	FUNCTION(decimal_internal_type),
	FUNCTION(enum_internal_type),
	FUNCTION(enum_dictionary_size),
	FUNCTION(enum_dictionary_value),
	FUNCTION(list_type_child_type),
	FUNCTION(array_type_child_type),
	FUNCTION(array_type_array_size),
	FUNCTION(map_type_key_type),
	FUNCTION(map_type_value_type),
	FUNCTION(struct_type_child_count),
	FUNCTION(struct_type_child_name),
	FUNCTION(struct_type_child_type),
	FUNCTION(union_type_member_count),
	FUNCTION(union_type_member_name),
	FUNCTION(union_type_member_type),
	FUNCTION(vector_get_data),
	FUNCTION(vector_get_validity),
	FUNCTION(list_vector_get_child),
	FUNCTION(array_vector_get_child),
	FUNCTION(struct_vector_get_child),
	FUNCTION(create_logical_type),
	FUNCTION(create_scalar_function),
	FUNCTION(scalar_function_set_name),
	FUNCTION(scalar_function_add_parameter),
	FUNCTION(scalar_function_set_return_type),
	FUNCTION(scalar_function_set_function),
	FUNCTION(scalar_function_set_error),
	FUNCTION(register_scalar_function),
	FUNCTION(destroy_scalar_function),
	FUNCTION(free),
};

int duck_load(struct duck *duck, const char *library, struct err *err)
{
	/* Lazy binding would need to make pages executable after the sandbox has closed. */
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return err_set(err, ERR_UNSUPPORTED, "DuckDB cannot be loaded: %s", dlerror());
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *symbol = dlsym(handle, functions[i].name);
		if (!symbol)
			return err_set(err, ERR_UNSUPPORTED,
				"%s has no function %s: DuckDB 1.4 or newer is needed", library,
				functions[i].name);
		memcpy((char *)duck + functions[i].offset, &symbol, sizeof(symbol));
	}
	return 0;
}
