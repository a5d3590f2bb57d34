# SPDX-License-Identifier: Apache-2.0
# With PUGMARK_STATIC: pugmark-ship alone, of four rooms, without any shared library, for any Linux on this
# kind of processor. scripts/setup.sh --package makes the libcurl for it (HTTP and TLS only) in deps/curl.
set(sources src/ship_main.c)
foreach(room base json net ship)
	file(GLOB room_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*.c)
	list(FILTER room_sources EXCLUDE REGEX "_(test|fuzz)\\.c$")
	list(APPEND sources ${room_sources})
endforeach()
add_executable(pugmark-ship ${sources})
target_link_libraries(pugmark-ship PRIVATE settings)
target_compile_definitions(pugmark-ship PRIVATE PUGMARK_STATIC)
target_include_directories(pugmark-ship BEFORE PRIVATE ${CMAKE_SOURCE_DIR}/deps/curl/include)
target_compile_options(pugmark-ship PRIVATE -fPIE -fstack-protector-strong -ffunction-sections)
# Address randomisation, read-only tables of addresses, and no code that nobody calls.
target_link_options(pugmark-ship PRIVATE -static-pie -Wl,-z,relro,-z,now,--gc-sections)
target_link_libraries(pugmark-ship PRIVATE ${CMAKE_SOURCE_DIR}/deps/curl/lib/libcurl.a
	-l:libnghttp2.a -l:libssl.a -l:libcrypto.a -l:libzstd.a -l:libz.a -l:libexpat.a m)
