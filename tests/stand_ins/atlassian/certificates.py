# SPDX-License-Identifier: Apache-2.0
"""A certificate authority and what it signs, made with openssl into the folder given."""
import os
import subprocess
import sys

NAMES = ("DNS:localhost,IP:127.0.0.1,DNS:*.atlassian.net,DNS:api.atlassian.com,DNS:jira.example.com,"
         "DNS:confluence.example.com,DNS:bitbucket.example.com")
CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def sign(folder, name, names, days):
    """FOLDER/NAME.pem and NAME.key; with negative days it has expired."""
    path = os.path.join(folder, name)
    with open(path + ".ext", "w", encoding="ascii") as out:
        out.write(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n")
    openssl("req", "-new", *CURVE, "-subj", f"/CN={name}", "-keyout", path + ".key",
            "-out", path + ".csr")
    openssl("x509", "-req", "-in", path + ".csr", "-CA", os.path.join(folder, "ca.pem"),
            "-CAkey", os.path.join(folder, "ca.key"), "-CAcreateserial", "-days", str(days),
            "-extfile", path + ".ext", "-out", path + ".pem")


def make(folder):
    """Makes ca.pem, server.pem, expired.pem, wrong-host.pem and untrusted.pem, with their keys;
    nothing where they are there."""
    os.makedirs(folder, exist_ok=True)
    if os.path.exists(os.path.join(folder, "untrusted.pem")):
        return
    openssl("req", "-x509", *CURVE, "-days", "3650", "-subj", "/CN=stand-in authority",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", os.path.join(folder, "ca.key"), "-out", os.path.join(folder, "ca.pem"))
    sign(folder, "server", NAMES, 3650)
    sign(folder, "expired", NAMES, -1)
    sign(folder, "wrong-host", "DNS:elsewhere.example.net", 3650)
    openssl("req", "-x509", *CURVE, "-days", "3650", "-subj", "/CN=localhost", "-addext",
            f"subjectAltName={NAMES}", "-keyout", os.path.join(folder, "untrusted.key"),
            "-out", os.path.join(folder, "untrusted.pem"))


if __name__ == "__main__":
    make(sys.argv[1])
