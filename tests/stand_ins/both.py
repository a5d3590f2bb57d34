# SPDX-License-Identifier: Apache-2.0
"""both.py FOLDER JIRA.ndjson CONFLUENCE.ndjson: Atlassian's cloud with these records and an S3 server, for the demo.

Writes what a person is given into FOLDER: the token, the guide's creds.json, the keys of the bucket, the authority
to trust. Prints lines "name value" (mail, proxy, endpoint) and "ready"; ends when its standard input does, or on
SIGTERM."""
import os
import shutil
import signal
import sys

from atlassian_client import StandIn
from s3_client import Bucket

CREDS = """{{
  \u201cdomain\u201d: \u201chttps://acme.atlassian.net/\u201d,
  \u201cmail\u201d: \u201c{mail}\u201d,
  \u201capi_token\u201d: \u201c{token}\u201d,
}}
"""


def write(path, text):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def main():
    folder, jira, confluence = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the demo, which ends this
    os.makedirs(folder, exist_ok=True)
    with Bucket(folder) as bucket, StandIn("--events", "0", "--records", f"jira={jira}",
                                           "--records", f"confluence={confluence}") as atlassian:
        mail, token = atlassian.ready["mail"], atlassian.tokens["classic"]
        write(os.path.join(folder, "token"), token + "\n")
        write(os.path.join(folder, "creds.json"), CREDS.format(mail=mail, token=token))
        shutil.copy(atlassian.ca, os.path.join(folder, "ca.pem"))
        print(f"mail {mail}\nproxy http://127.0.0.1:{atlassian.ports['proxy']}\n"
              f"endpoint http://127.0.0.1:{bucket.ports['s3']}\nready", flush=True)
        sys.stdin.read()


main()
