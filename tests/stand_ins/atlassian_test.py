# SPDX-License-Identifier: Apache-2.0
"""Tests of the stand-ins: each behaviour that README.md claims. Runs the tests (functions
test_… of the *_tests.py here), each on a server of its own, and ends with "N passed, N failed".

    atlassian_test.py [WORD…]    only tests whose name contains one of the words"""
import os
import shutil
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import atlassian_api_tests  # noqa: E402
import atlassian_fault_tests  # noqa: E402
import s3_start_tests  # noqa: E402
from atlassian_client import StandIn  # noqa: E402


def tests(words):
    for module in (atlassian_api_tests, atlassian_fault_tests, s3_start_tests):
        for name, function in vars(module).items():
            if name.startswith("test_") and (not words or any(w in name for w in words)):
                yield name, function


def run(function, certificates):
    options = getattr(function, "options", ("--events", "2500"))
    with StandIn("--seed", "7", *options, certificates=certificates) as server:
        function(server)


def main():
    passed = failed = 0
    certificates = tempfile.mkdtemp(prefix="stand-in.")
    for name, function in tests(sys.argv[1:]):
        try:
            run(function, certificates)
            passed += 1
        except Exception:
            failed += 1
            print(f"FAILED: {name}\n{traceback.format_exc()}")
    shutil.rmtree(certificates, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
