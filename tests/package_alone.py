# SPDX-License-Identifier: Apache-2.0
"""package_alone.py PROGRAM FOLDER: runs pugmark-ship in a root folder that holds nothing but itself, to a real S3
server over TLS; names are looked up in /etc/hosts and by DNS. To be run as root in a network of its own
(unshare --net). Ends with "N passed, N failed"."""
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "e2e"))
import lake  # noqa: E402
from shipping import Bucket  # noqa: E402

NAME = b"bitbucket.example.com"  # one of those in the stand-in's certificate
asked = []


def serve_names():
    """A DNS server that knows one name."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    while True:
        query, client = server.recvfrom(512)
        end = query.index(b"\0", 12) + 5
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]])
            at += 1 + query[at]
        name, kind = b".".join(labels).lower(), struct.unpack(">H", query[end - 4:end - 2])[0]
        asked.append(name)
        known = name == NAME
        found = known and kind == 1
        head = query[:2] + struct.pack(">HHHHH", 0x8580 | (0 if known else 3), 1, int(found), 0, 0)
        answer = b"\xc0\x0c" + struct.pack(">HHIH4B", 1, 1, 60, 4, 127, 0, 0, 1) if found else b""
        server.sendto(head + query[12:end] + answer, client)


def make_root(folder, program, text):
    """Only the program, its names, and the logs. Not even a shell."""
    root = os.path.join(folder, "bare")
    os.makedirs(os.path.join(root, "etc", "ssl", "certs"))
    os.makedirs(os.path.join(root, "logs"))
    shutil.copy(program, os.path.join(root, "pugmark-ship"))
    lake.write(os.path.join(root, "etc", "resolv.conf"), b"nameserver 127.0.0.1\n")
    lake.write(os.path.join(root, "etc", "hosts"), b"127.0.0.1 localhost jira.example.com\n")
    # A machine's own rules for names, with a module for them that is not there.
    lake.write(os.path.join(root, "etc", "nsswitch.conf"), b"hosts: mymachines mdns4_minimal [NOTFOUND=return] resolve\n")
    lake.write(os.path.join(root, "logs", "20240924.00000.audit.log"), text)
    return root


def main():
    program, folder = os.path.abspath(sys.argv[1]), sys.argv[2]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    threading.Thread(target=serve_names, daemon=True).start()
    text = b"".join(b'{"line":%d}\n' % n for n in range(10000))
    root = make_root(folder, program, text)
    bucket = Bucket(folder)
    lake.write(os.path.join(root, "keys"), b"S3RVER\n")
    bundle = os.path.join(bucket.folder, "ca.pem")
    server = os.path.join(bucket.folder, "s3-tls")
    for host in ("jira.example.com", NAME.decode()):  # to s3rver another host than localhost is a bucket
        os.mkdir(os.path.join(server, host))
    rows = (  # host, where the authority stands, options, words of the refusal (None = it works)
        ("localhost", "own.pem", ["--ca-file", "/own.pem"], None),
        ("jira.example.com", "etc/ssl/certs/ca-certificates.crt", [], None),
        (NAME.decode(), "etc/ssl/certs/ca-certificates.crt", [], None),
        (NAME.decode(), "etc/ssl/cert.pem", [], None),
        ("no-such-name.example.com", "own.pem", ["--ca-file", "/own.pem"], "this name was not found"),
        ("localhost", "elsewhere.pem", [], "no list of authorities"),
    )
    passed, failed = 0, 0
    for number, (host, authority, options, words) in enumerate(rows):
        place = os.path.join(root, authority)
        shutil.copy(bundle, place)
        command = [shutil.which("chroot"), root, "/pugmark-ship", "--once", "--state", f"/state{number}", "--endpoint",
                   f"https://{host}:{bucket.ports['s3-tls']}", "--allow-private", "--access-key-id-file", "/keys",
                   "--secret-access-key-file", "/keys", "--node", f"n{number}", *options, "/logs",
                   f"s3://audit/row{number}"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=120, env={})
        os.unlink(place)
        if words:
            good = result.returncode == 1 and words in result.stderr
        else:
            top = os.path.join(server, "" if host == "localhost" else host, "audit", f"row{number}")
            objects = [os.path.join(f, n) for f, _, names in os.walk(top) for n in names
                       if n.endswith("zst._S3rver_object")]
            good = result.returncode == 0 and len(objects) == 1
            if good:
                with open(objects[0], "rb") as file:
                    good = lake.unzstd(file.read()) == text
        passed, failed = passed + good, failed + (not good)
        if not good:
            print(f"FAILED: package: alone, {host}: {result.returncode} {result.stderr}")
    looked_up = NAME in asked
    passed, failed = passed + looked_up, failed + (not looked_up)
    if not looked_up:
        print("FAILED: package: alone: DNS was not asked")
    bucket.stop()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
