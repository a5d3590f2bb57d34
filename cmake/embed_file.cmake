# SPDX-License-Identifier: Apache-2.0
# Writes FILE as a C array NAME and its size NAME_size, declared in HEADER; as bytes, since it is longer than a string literal may be.
file(READ ${FILE} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUT} "/* Made by cmake/embed_file.cmake from ${FILE}. */\n#include \"${HEADER}\"\n\n"
	"const unsigned char ${NAME}[] = {${bytes}0};\nconst size_t ${NAME}_size = sizeof(${NAME}) - 1;\n")
