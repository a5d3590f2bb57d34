# SPDX-License-Identifier: Apache-2.0
# The generator of sample data, the programs that bench/run.sh measures with, and the driver of
# JSONTestSuite.
file(GLOB generate_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/generate/*.c)
target_sources(generate PRIVATE ${generate_sources})

add_executable(peer_duckdb ${CMAKE_SOURCE_DIR}/bench/peer_duckdb.c)
target_link_libraries(peer_duckdb PRIVATE settings dl)

if(TARGET decode AND TARGET parquet)
	add_executable(decode_parquet ${CMAKE_SOURCE_DIR}/bench/decode_parquet.c)
	target_link_libraries(decode_parquet PRIVATE decode parquet schema json batch base)
endif()

if(TARGET parquet)
	add_executable(read_parquet ${CMAKE_SOURCE_DIR}/bench/read_parquet.c)
	target_link_libraries(read_parquet PRIVATE parquet batch base)
endif()

if(TARGET query AND TARGET detect AND TARGET parquet)
	add_executable(detect_bench ${CMAKE_SOURCE_DIR}/bench/detect.c ${CMAKE_SOURCE_DIR}/bench/detect_rules.c)
	target_link_libraries(detect_bench PRIVATE detect query parquet schema json batch base)
	file(GLOB rule_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/detect/*.c)
	foreach(source ${rule_sources})
		file(STRINGS ${source} loads REGEX "^int rules_load\\(")
		if(loads) # rule files can be read
			target_compile_definitions(detect_bench PRIVATE BENCH_RULES)
		endif()
	endforeach()
endif()

if(TARGET net)
	add_executable(read_s3 ${CMAKE_SOURCE_DIR}/bench/read_s3.c)
	target_link_libraries(read_s3 PRIVATE net)
endif()

if(TARGET json)
	add_executable(json_suite ${CMAKE_SOURCE_DIR}/tests/json_suite.c)
	target_link_libraries(json_suite PRIVATE json)
endif()

if(TARGET cli AND EXISTS ${CMAKE_SOURCE_DIR}/tests/model/main.c)
	file(GLOB model_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/model/*.c)
	add_executable(pugmark_model ${model_sources})
	target_link_libraries(pugmark_model PRIVATE cli)
	# 400 queries of the first, 10,000 with LONG=1; some rows enough for columns in plain form; DuckDB.
	add_test(NAME tests/model COMMAND pugmark_model --sets 2 --queries 200)
	add_test(NAME tests/model_plain COMMAND pugmark_model --rows 9000 --queries 40)
	add_test(NAME tests/model_duckdb COMMAND pugmark_model --sql --queries 80)
	set_tests_properties(tests/model tests/model_plain tests/model_duckdb PROPERTIES TIMEOUT 600
		ENVIRONMENT PUGMARK_LIBDUCKDB=${CMAKE_SOURCE_DIR}/deps/duckdb/libduckdb.so)
endif()

# One global name in two rooms: the linker takes either without a word.
add_test(NAME tests/symbols COMMAND ${CMAKE_SOURCE_DIR}/tests/symbols.sh ${CMAKE_BINARY_DIR})

add_test(NAME bench/generate
	COMMAND ${CMAKE_SOURCE_DIR}/bench/generate_test.sh $<TARGET_FILE:generate>)
set_tests_properties(bench/generate PROPERTIES LABELS slow)
if(PUGMARK_SANITIZE)
	set_tests_properties(bench/generate PROPERTIES ENVIRONMENT SLOW_BUILD=1)
endif()
