# SPDX-License-Identifier: Apache-2.0
"""Test of s3.sh: it starts, trusts its authority, has its buckets, asks for signatures and ends;
run by atlassian_test.py. What it answers is tested by src/net/s3_test.c."""
import http.client
import os
import ssl
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def test_s3_starts_and_ends(_):
    with tempfile.TemporaryDirectory(prefix="stand-in.") as folder:
        server = subprocess.Popen([os.path.join(HERE, "s3.sh"), folder], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        try:
            ports = dict(line.split() for line in iter(server.stdout.readline, "ready\n") if line)
            tls = ssl.create_default_context(cafile=os.path.join(folder, "ca.pem"))
            for connection in (http.client.HTTPConnection("localhost", int(ports["s3"])),
                               http.client.HTTPSConnection("localhost", int(ports["s3-tls"]),
                                                           context=tls)):
                connection.request("GET", "/audit/")
                status = connection.getresponse().status
                assert status == 403, f"without signature: {status}"
                connection.close()
            for name in ("s3", "s3-tls"):
                buckets = sorted(os.listdir(os.path.join(folder, name)))
                assert buckets == ["audit", "deaf", "dotted.bucket", "evidence", "no-retention", "write-only"], buckets
        finally:
            server.stdin.close()
            assert server.wait(10) == 0
            server.stdout.close()


test_s3_starts_and_ends.options = ("--http", "--events", "0")
