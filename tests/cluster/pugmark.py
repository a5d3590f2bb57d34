#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program with a cluster set for every lake that it writes to: what the end-to-end tests run as PUGMARK to see that a user notices
no difference. PUGMARK_REAL is the program, PUGMARK_CLUSTER the words of `cluster init` that name the servers. Each folder has a database
of its own, and another one when it is made anew; what has been set is noted beside the folder, and a lake that is read only is left alone."""
import hashlib
import os
import subprocess
import sys
import time

import servers

WRITING = {"import", "collect", "rebuild", "retry", "connect", "serve", "http"}


def folder_of(words):
    for i, word in enumerate(words):
        if word == "--data" and i + 1 < len(words):
            return words[i + 1]
        if word.startswith("--data="):
            return word[len("--data="):]
    return os.environ.get("PUGMARK_DATA")


def set_cluster(real, folder):
    key = hashlib.sha256(os.path.abspath(folder).encode()).hexdigest()[:20]
    note = os.path.join(os.environ["PUGMARK_CLUSTER_NOTES"], key)
    if os.path.exists(note) and os.path.exists(os.path.join(folder, "catalog.db")):
        return
    done = subprocess.run([real, "cluster", "init", "--data", folder, *os.environ["PUGMARK_CLUSTER"].split(),
                           "--database", f"t{key}_{time.time_ns()}"], stdin=subprocess.DEVNULL, capture_output=True,
                          check=False, preexec_fn=servers.die_with_parent)
    if done.returncode == 0:
        open(note, "w", encoding="utf-8").close()


def main():
    real, words = os.environ["PUGMARK_REAL"], sys.argv[1:]
    folder = folder_of(words)
    if words and words[0] in WRITING and folder and "--help" not in words:
        set_cluster(real, folder)
    os.execv(real, [real, *words])


if __name__ == "__main__":
    main()
