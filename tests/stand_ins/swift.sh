#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# swift.sh FOLDER: OpenStack Swift with its S3 API, from Debian's python3-swift (scripts/setup.sh --swift),
# on free ports of 127.0.0.1, with the buckets "audit" and "dotted.bucket". All of it, rings and
# configuration too, is in FOLDER; no service is installed, nothing in /etc is read or written. Prints one
# line of JSON when ready: endpoint, region, key, secret, buckets. Ends when its standard input does, or on
# SIGTERM. FOLDER's file system must hold 3 KB of extended attributes for a file: ext4, xfs, tmpfs do.
set -euo pipefail
folder=${1:?usage: swift.sh FOLDER}
mkdir -p "$folder"
# Debian's own Python has Debian's packages, whatever stands first in PATH.
exec /usr/bin/python3 -B "$(dirname "$0")/swift_server.py" "$(cd "$folder" && pwd)"
