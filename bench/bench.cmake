# SPDX-License-Identifier: Apache-2.0
# The generator of sample data, and the programs that bench/run.sh measures with.
file(GLOB generate_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/generate/*.c)
target_sources(generate PRIVATE ${generate_sources})

if(TARGET json AND EXISTS ${CMAKE_SOURCE_DIR}/tests/json_suite.c)
	add_executable(json_suite ${CMAKE_SOURCE_DIR}/tests/json_suite.c)
	target_link_libraries(json_suite PRIVATE json)
endif()
