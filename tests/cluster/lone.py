#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lone.py FOLDER: one clickhouse-server on free ports of 127.0.0.1. Prints "http PORT", "native PORT" and "ready", and
ends at the end of its standard input."""
import sys

import servers


def main():
    with servers.Server(sys.argv[1]) as server:
        print(f"http {server.http}\nnative {server.native}\nready", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
