#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# package.sh: tests of what scripts/package.sh made: the Debian package is whole and says what it needs, and
# the shipper for any Linux works where there is nothing else. Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d "${TMPDIR:-/tmp}/pugmark-package.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

ok() { # ok NAME STATUS [OUTPUT]
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED: package: %s\n%s\n' "$1" "${3:-}"
	fi
}

# --- The Debian package -----------------------------------------------------------------------------
deb=$(echo build/package/pugmark_*.deb)
out=$(dpkg-deb --info "$deb" 2>&1)
ok "there is a package" $? "$out"
for package in libcurl4 libssl3 libsqlite3-0 libzstd1 libyaml-0-2 libpcre2-8-0 libexpat1 libc6 'libstdc++6'; do
	grep -q "^ Depends:.*[ ,]$package[ ,(]" <<<"$out "
	ok "it depends on $package" $? "$(grep Depends <<<"$out")"
done
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
	out=$(apt-get -s install "./$deb" 2>&1)
	ok "apt-get would install it" $? "$out"
fi
dpkg-deb --extract "$deb" "$work/deb"
for file in usr/bin/pugmark usr/bin/pugmark-ship usr/lib/pugmark/libduckdb.so usr/share/man/man1/pugmark.1.gz \
	usr/share/pugmark/schemas/bitbucket_audit_logs.yml usr/share/doc/pugmark/copyright \
	usr/share/doc/pugmark/ship.md usr/share/bash-completion/completions/pugmark \
	usr/share/zsh/site-functions/_pugmark usr/lib/systemd/system/pugmark-ship.service \
	usr/lib/systemd/system/pugmark-compact.timer usr/lib/sysusers.d/pugmark.conf; do
	[ -f "$work/deb/$file" ]
	ok "it has $file" $?
done
[ "$(stat -c %a "$work/deb/etc/pugmark/ship")" = 700 ]
ok "keys have a folder of their own" $?
grep -qx 'ExecStart=/usr/bin/pugmark-ship \$SHIP' "$work/deb/usr/lib/systemd/system/pugmark-ship.service"
ok "its unit names the program" $?
out=$(dpkg-deb --contents "$deb" | awk '$2 != "root/root" || $1 ~ /^.....w|^........w/')
[ -z "$out" ]
ok "everything is root's, and nobody else's to write" $? "$out"
dpkg-deb --control "$deb" "$work/control"
for script in postinst prerm postrm; do
	sh -n "$work/control/$script"
	ok "$script is a script" $?
done
(cd "$work/deb" && md5sum --quiet -c "$work/control/md5sums")
ok "its sums are right" $?
export PUGMARK_DATA=$work/data
"$work/deb/usr/bin/pugmark" import tests/data/sample-jira.ndjson >"$work/out" 2>&1
ok "its program imports" $? "$(cat "$work/out")"
out=$("$work/deb/usr/bin/pugmark" sql --format csv 'select count(*) > 0 as any from events' 2>&1)
[ "$(tail -n 1 <<<"$out" | tr -d '\r')" = true ]
ok "its program finds its libduckdb" $? "$out"

# --- The shipper for any Linux, where there is nothing else ------------------------------------------
archive=$(echo build/package/pugmark-ship-*.tar.gz)
tar -C "$work" -xzf "$archive"
alone=$(echo "$work"/pugmark-ship-*/)
for file in pugmark-ship pugmark-ship.service ship.md LICENSE PARTS; do
	[ -f "$alone/$file" ]
	ok "the archive has $file" $?
done
out=$(readelf -ld "$alone/pugmark-ship" 2>&1)
! grep -qE 'NEEDED|INTERP' <<<"$out"
ok "it needs no library and no loader" $? "$out"
grep -q 'Type:.*DYN\|DYN (' <<<"$(readelf -h "$alone/pugmark-ship")"
ok "its addresses are random" $?
out=$("$alone/pugmark-ship" --version)
[[ $out = pugmark-ship\ * ]]
ok "it runs" $? "$out"
out=$(strings "$alone/pugmark-ship" "$work/deb/usr/bin/pugmark" "$work/deb/usr/bin/pugmark-ship" | grep -F "$root")
[ -z "$out" ]
ok "no path of the machine that made it is in it" $? "$out"
if [ "$(id -u)" = 0 ] && unshare --net true 2>/dev/null; then
	out=$(unshare --net --mount python3 -B tests/package_alone.py "$alone/pugmark-ship" "$work" 2>&1)
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' <<<"$out")
	if [ -n "$line" ]; then
		passed=$((passed + ${line%% *}))
		line=${line#*, }
		failed=$((failed + ${line%% *}))
		grep '^FAILED' <<<"$out"
	else
		ok "it ships from a bare root folder" 1 "$out"
	fi
else
	echo "package: not root, or no network of one's own: the bare root folder is not tested"
fi

printf '%s passed, %s failed\n' $passed $failed
[ $failed = 0 ]
