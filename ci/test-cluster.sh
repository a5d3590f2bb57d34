#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test-cluster.sh [WORD…]: what talks to a ClickHouse cluster, against two shards of two replicas each and ZooKeeper
# (tests/cluster/servers.py, Debian's packages), against one server, and against a current ClickHouse
# (tests/cluster/chdb_server.py). Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh --cluster || exit 1
cmake --preset release >/dev/null && cmake --build build/release --target pugmark pugmark-ship generate alerts_insert >/dev/null ||
	{ echo "0 passed, 1 failed"; exit 1; }
# One at a time: each has five servers.
export PUGMARK=$PWD/build/release/pugmark JOBS=${JOBS:-1}
log=build/test-cluster
mkdir -p build
all=$#
[ $all -gt 0 ] || set -- cluster
CLUSTER=1 tests/e2e/run.sh "$@" | tee $log
# What is asked of a current one too.
[ $all -gt 0 ] || CURRENT=1 tests/e2e/run.sh cluster_ask cluster_search/pages cluster_search/values cluster_search/what_others cluster_search/hostile |
	tee -a $log
# Then everything else that reads, with the cluster under every lake.
[ $all -gt 0 ] || JOBS=2 tests/cluster/suite.py | tee -a $log
awk '/^[0-9]+ passed, [0-9]+ failed$/ { passed += $1; failed += $3 }
	END { print passed + 0 " passed, " failed + 0 " failed"; exit failed > 0 || passed == 0 }' $log
