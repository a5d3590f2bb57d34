#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# symbols.sh BUILD: fails where two rooms define one global name: the linker would take either.
set -eu
twice=$(nm -g --defined-only "$1"/lib*.a | awk 'NF == 3 && $2 ~ /[BDRTV]/ && $3 !~ /^(__|_sub_)/ {print $3}' | sort | uniq -d)
[ -z "$twice" ] || {
	echo "defined in more than one room:" $twice
	exit 1
}
[ "$(nm -g --defined-only "$1"/lib*.a | wc -l)" -gt 100 ]
