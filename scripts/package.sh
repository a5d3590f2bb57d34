#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# package.sh: makes what others install, into build/package:
#   pugmark_VERSION_ARCH.deb                 everything, for Debian 12
#   pugmark-ship-VERSION-MACHINE.tar.gz      the shipper alone, for any Linux: one file without any library
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
out=build/package
stage=build/package/stage
say() { printf 'package: %s\n' "$*" >&2; }

scripts/setup.sh --package
cmake --preset release >/dev/null
cmake --build build/release --target pugmark pugmark-ship generate
version=$(sed -n 's/^project(pugmark VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
architecture=$(dpkg --print-architecture)
# The same sources make the same files, whenever it is.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
rm -rf "$out"
mkdir -p "$stage"

# --- The Debian package -----------------------------------------------------------------------------
DESTDIR=$root/$stage cmake --install build/release --prefix /usr --strip >/dev/null
gzip -9n "$stage/usr/share/man/man1/pugmark.1"
mkdir -p "$stage/DEBIAN" "$stage/usr/share/doc/pugmark"
mv "$stage/usr/share/doc/pugmark/LICENSE" "$stage/usr/share/doc/pugmark/copyright"
cp docs/*.md "$stage/usr/share/doc/pugmark/"
install -d -m 755 "$stage/etc/pugmark"
install -d -m 700 "$stage/etc/pugmark/ship"
chmod 644 "$stage/usr/lib/pugmark/libduckdb.so"
chmod -R go-w "$stage"

# What they are linked with, as packages: dpkg-shlibdeps wants a source package around it.
mkdir -p build/package/deps/debian
printf 'Source: pugmark\n\nPackage: pugmark\nArchitecture: any\n' >build/package/deps/debian/control
depends=$(cd build/package/deps && dpkg-shlibdeps -O "$root/$stage/usr/bin/pugmark" \
	"$root/$stage/usr/bin/pugmark-ship" "$root/$stage/usr/lib/pugmark/libduckdb.so" 2>/dev/null |
	sed -n 's/^shlibs:Depends=//p')
# Options of libcurl (7.85: CURLOPT_PROTOCOLS_STR) have no symbols by which it could know.
depends=$(sed 's/libcurl4 ([^)]*)/libcurl4 (>= 7.85.0)/' <<<"$depends")
[ -n "$depends" ] || { say "dpkg-shlibdeps found nothing"; exit 1; }

cat >"$stage/DEBIAN/control" <<END
Package: pugmark
Version: $version
Architecture: $architecture
Maintainer: The pugmark project <pugmark@localhost>
Installed-Size: $(du -sk --apparent-size --exclude=DEBIAN "$stage" | cut -f1)
Depends: $depends
Recommends: ca-certificates
Section: admin
Priority: optional
Description: lake for the audit logs of Jira, Confluence and Bitbucket
 pugmark keeps the audit logs of Atlassian products on your own machine: every raw
 byte kept, each event stored exactly once in typed tables, and found again in
 milliseconds, by a search language or SQL. The service pugmark-ship uploads the log
 folder of a Data Center node to a bucket, from which pugmark collects it.
END
cat >"$stage/DEBIAN/postinst" <<'END'
#!/bin/sh
set -e
if [ "$1" = configure ]; then
	if command -v systemd-sysusers >/dev/null; then
		systemd-sysusers pugmark.conf
	fi
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload
		# After an upgrade the new program follows; nothing is lost meanwhile.
		if [ -n "$2" ]; then
			systemctl try-restart pugmark-ship.service || true
		fi
	fi
fi
END
cat >"$stage/DEBIAN/prerm" <<'END'
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	systemctl --no-reload disable --now pugmark-ship.service pugmark-compact.timer \
		pugmark-verify.timer >/dev/null 2>&1 || true
fi
END
cat >"$stage/DEBIAN/postrm" <<'END'
#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
END
chmod 755 "$stage/DEBIAN/postinst" "$stage/DEBIAN/prerm" "$stage/DEBIAN/postrm"
(cd "$stage" && find . -type f ! -path './DEBIAN/*' -printf '%P\n' | LC_ALL=C sort |
	xargs md5sum >DEBIAN/md5sums)
deb=$out/pugmark_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz --build "$stage" "$deb" >/dev/null
rm -rf "$stage" build/package/deps
say "$deb"

# --- The shipper for any Linux ----------------------------------------------------------------------
cmake --preset static >/dev/null
cmake --build build/static --target pugmark-ship 2>&1 | { grep -E 'error|FAILED' || true; }
machine=$(uname -m)
name=pugmark-ship-$version-$machine
mkdir -p "$out/$name"
strip -o "$out/$name/pugmark-ship" build/static/pugmark-ship
cp docs/ship.md LICENSE "$out/$name/"
sed 's|@BINDIR@|/usr/local/bin|' scripts/systemd/pugmark-ship.service >"$out/$name/pugmark-ship.service"
{
	echo "pugmark-ship $version holds, without changes but those of Debian:"
	dpkg-query -W -f '${source:Package} ${source:Version}\n' libcurl4-openssl-dev libnghttp2-dev libssl-dev \
		libzstd-dev zlib1g-dev libexpat1-dev libc6-dev | sort -u
} >"$out/$name/PARTS"
chmod -R go-w "$out/$name"
tar -C "$out" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -c "$name" |
	gzip -9n >"$out/$name.tar.gz"
rm -rf "${out:?}/$name"
say "$out/$name.tar.gz"

tests/package.sh
