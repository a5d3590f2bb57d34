#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""suite.py [--lone] [WORD…]: the end-to-end tests with a cluster under every lake (pugmark.py): on two shards of two replicas each, or on one
server alone. Left out is what asks for the lake's own files, and says so here. Ends with "N passed, N failed"."""
import os
import subprocess
import sys
import tempfile

import servers

ROOT = servers.ROOT
# What reads: its answers must be the same to the letter.
WORDS = ["search_cli/", "ioc/", "entity/", "detect/", "inputs/", "collect/", "others/", "history/"]
OTHERWISE = {
    "entity/damage_is_told": "damages the lake's own files",
    "search_cli/a_damaged_file_is_named_and_the_others_answer": "damages the lake's own files",
    "detect/alerts_outlive_retention": "retention here leaves the cluster as it is: `cluster init --keep`",
    "ioc/retention_and_missing_runs": "retention here leaves the cluster as it is: `cluster init --keep`",
}


def run(urls, name, words, folder):
    real = os.environ.get("PUGMARK", os.path.join(ROOT, "build", "release", "pugmark"))
    build = os.path.dirname(os.path.abspath(real))
    # The other programs are looked for beside it.
    programs = os.path.join(folder, "programs")
    os.makedirs(os.path.join(folder, "notes"))
    os.mkdir(programs)
    for other in ("alerts_insert", "pugmark-ship", "generate"):
        os.symlink(os.path.join(build, other), os.path.join(programs, other))
    os.symlink(os.path.join(ROOT, "tests", "cluster", "pugmark.py"), os.path.join(programs, "pugmark"))
    env = dict(os.environ, PUGMARK=os.path.join(programs, "pugmark"), GENERATE=os.path.join(build, "generate"),
               PUGMARK_REAL=os.path.abspath(real), PUGMARK_CLUSTER_NOTES=os.path.join(folder, "notes"),
               PUGMARK_CLUSTER=" ".join(f"--url {url}" for url in urls) + (f" --cluster {name}" if name else ""),
               LEAVE_OUT=" ".join(OTHERWISE))
    for test, why in OTHERWISE.items():
        print(f"left out: {test}: {why}")
    sys.stdout.flush()
    return subprocess.run([os.path.join(ROOT, "tests", "e2e", "run.sh"), *words], env=env, check=False).returncode


def main():
    words = sys.argv[1:]
    lone = "--lone" in words
    words = [word for word in words if word != "--lone"] or WORDS
    with tempfile.TemporaryDirectory(prefix="pugmark-suite-") as folder:
        if lone:
            with servers.Server(os.path.join(folder, "servers")) as server:
                return run([server.url], "", words, folder)
        with servers.Cluster(os.path.join(folder, "servers")) as cluster:
            return run([server.url for server in cluster.servers], servers.CLUSTER, words, folder)


if __name__ == "__main__":
    sys.exit(main())
