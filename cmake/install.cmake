# SPDX-License-Identifier: Apache-2.0
# What `make install` puts where, below PREFIX: the program, the shipper for servers, libduckdb (which
# only the program loads), schemas and rules to read and copy, man page, completion, systemd units.
include(GNUInstallDirs)
if(NOT TARGET pugmark)
	return()
endif()

install(TARGETS pugmark pugmark-ship RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# lib, not a multiarch folder: the program looks for ../lib/pugmark beside itself.
install(PROGRAMS deps/duckdb/libduckdb.so DESTINATION lib/pugmark)
install(DIRECTORY schemas/ DESTINATION ${CMAKE_INSTALL_DATADIR}/pugmark/schemas
	FILES_MATCHING PATTERN "*.yml")
install(DIRECTORY rules/ DESTINATION ${CMAKE_INSTALL_DATADIR}/pugmark/rules)
install(FILES docs/pugmark.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES scripts/completion/pugmark.bash
	DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME pugmark)
install(FILES scripts/completion/_pugmark DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# Units name the program by its full path, which is known only now (--prefix).
foreach(unit pugmark pugmark-maintain@ pugmark-ship)
	install(CODE "
		file(READ \"${CMAKE_SOURCE_DIR}/scripts/systemd/${unit}.service\" unit)
		string(REPLACE \"@BINDIR@\" \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\" unit \"\${unit}\")
		file(WRITE \"${CMAKE_BINARY_DIR}/${unit}.service\" \"\${unit}\")
	")
	install(FILES ${CMAKE_BINARY_DIR}/${unit}.service DESTINATION lib/systemd/system)
endforeach()
install(FILES scripts/systemd/pugmark-compact.timer scripts/systemd/pugmark-verify.timer
	DESTINATION lib/systemd/system)
install(FILES scripts/systemd/pugmark.conf DESTINATION lib/sysusers.d)
