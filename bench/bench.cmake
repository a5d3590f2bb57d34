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

if(TARGET json)
	add_executable(json_suite ${CMAKE_SOURCE_DIR}/tests/json_suite.c)
	target_link_libraries(json_suite PRIVATE json)
endif()

add_test(NAME bench/generate
	COMMAND ${CMAKE_SOURCE_DIR}/bench/generate_test.sh $<TARGET_FILE:generate>)
if(PUGMARK_SANITIZE)
	set_tests_properties(bench/generate PROPERTIES ENVIRONMENT SLOW_BUILD=1)
endif()
