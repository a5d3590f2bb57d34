# SPDX-License-Identifier: Apache-2.0
# src/<room>/<x>_fuzz.c holds LLVMFuzzerTestOneInput. With the preset `fuzz` (clang) each is linked
# with libFuzzer; in all other builds it replays its corpus (tests/data/fuzz/<room>_<x>_fuzz and the
# inputs that it makes itself) as the ordinary test <room>/<x>_fuzz.
file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*/*_fuzz.c)
set(fuzz_programs "")
foreach(source ${fuzz_sources})
	get_filename_component(stem ${source} NAME_WE)
	get_filename_component(folder ${source} DIRECTORY)
	get_filename_component(room ${folder} NAME)
	if(NOT TARGET ${room})
		continue()
	endif()
	set(program ${room}_${stem})
	if(CMAKE_BINARY_DIR MATCHES "fuzz$")
		add_executable(${program} EXCLUDE_FROM_ALL ${source})
		target_compile_options(${program} PRIVATE -fsanitize=fuzzer)
		target_link_options(${program} PRIVATE -fsanitize=fuzzer)
	else()
		add_executable(${program} ${source} ${CMAKE_SOURCE_DIR}/tests/replay.c)
		add_test(NAME ${room}/${stem} COMMAND ${program}
			${CMAKE_SOURCE_DIR}/tests/data/fuzz/${program}
			WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
	endif()
	target_link_libraries(${program} PRIVATE ${room})
	target_compile_options(${program} PRIVATE -UNDEBUG) # what it checks is asserted
	list(APPEND fuzz_programs ${program})
endforeach()
if(CMAKE_BINARY_DIR MATCHES "fuzz$")
	# The rooms themselves are watched by the fuzzer too.
	target_compile_options(settings INTERFACE -fsanitize=fuzzer-no-link)
	add_custom_target(fuzzers DEPENDS ${fuzz_programs})
	string(REPLACE ";" "\n" names "${fuzz_programs}")
	file(WRITE ${CMAKE_BINARY_DIR}/fuzzers.txt "${names}\n")
endif()
