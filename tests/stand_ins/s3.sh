#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# s3.sh FOLDER: a real S3 server on free ports of 127.0.0.1, with the buckets "audit" and
# "dotted.bucket" below FOLDER, those with object lock and its like (s3_lock.mjs), and the authority to trust in FOLDER/ca.pem. Key and secret are
# S3RVER. Prints "s3 PORT", "s3-tls PORT", "ready"; ends when its standard input does, or on SIGTERM.
set -euo pipefail
folder=${1:?usage: s3.sh FOLDER}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
python3 -B "$here/atlassian/certificates.py" "$folder"
cp "$folder/server.pem" "$folder/good.pem"
cp "$folder/server.key" "$folder/good.key"
exec node "$here/s3_server.mjs" "$folder"
