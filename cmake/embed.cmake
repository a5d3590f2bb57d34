# SPDX-License-Identifier: Apache-2.0
# Writes FILES as C arrays: name and text of each, ended by a NULL name. As bytes, since the texts
# are longer than a string literal may be.
set(code "/* Made by cmake/embed.cmake from schemas/. */\n#include \"schema/builtin.h\"\n\n")
set(rows "")
set(i 0)
foreach(file IN LISTS FILES)
	get_filename_component(name ${file} NAME)
	file(READ ${file} hex HEX)
	string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
	string(APPEND code "static const unsigned char text_${i}[] = {${bytes}0};\n")
	string(APPEND rows "\t{\"${name}\", (const char *)text_${i}, sizeof(text_${i}) - 1},\n")
	math(EXPR i "${i} + 1")
endforeach()
string(APPEND code "\nconst struct builtin_file builtin_files[] = {\n${rows}\t{0, 0, 0},\n};\n")
file(WRITE ${OUT} "${code}")
