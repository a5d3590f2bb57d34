# SPDX-License-Identifier: Apache-2.0
"""What swift.sh runs: the four servers of Swift as children of one process, and their log. python3-swift is the
whole of Swift; Debian's other packages of it only add services that start with the machine."""
import configparser
import ctypes
import datetime
import hashlib
import hmac
import http.client
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

KEY, SECRET, REGION = "test:tester", "testing", "us-east-1"
USER = pwd.getpwuid(os.geteuid()).pw_name
BUCKETS = ("audit", "dotted.bucket")
KINDS = ("account", "container", "object", "proxy")
PIPELINE = ("catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth slo dlo "
            "versioned_writes symlink proxy-server")


def free_ports(count):
    """Ports that were free a moment ago; rings name them before anybody listens."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def check_attributes(folder):
    """Swift keeps what it knows of an object in extended attributes of its file."""
    path = os.path.join(folder, "attributes")
    with open(path, "wb"):
        pass
    try:
        os.setxattr(path, "user.swift.metadata", bytes(3000))
    except OSError as error:
        sys.exit(f"swift: {folder}: no room for extended attributes there ({error.strerror}): "
                 "name a folder on ext4, xfs or tmpfs")
    os.remove(path)


def write(path, sections):
    file = configparser.RawConfigParser()
    file.optionxform = str
    for name, values in sections.items():
        file[name] = values
    with open(path, "w", encoding="utf-8") as out:
        file.write(out)


def configure(folder, ports):
    common = {"bind_ip": "127.0.0.1", "swift_dir": folder, "user": USER, "workers": "0",
              "devices": os.path.join(folder, "devices"), "mount_check": "false",
              "fallocate_reserve": "0", "log_address": os.path.join(folder, "log"),
              "log_level": "WARNING"}
    write(os.path.join(folder, "swift.conf"), {
        "swift-hash": {"swift_hash_path_suffix": "stand-in"},
        "storage-policy:0": {"name": "one", "default": "yes"}})
    for kind, port in zip(KINDS, ports):
        own = {"DEFAULT": {**common, "bind_port": str(port), "log_name": kind}}
        if kind != "proxy":
            own["pipeline:main"] = {"pipeline": f"{kind}-server"}
            own[f"app:{kind}-server"] = {"use": f"egg:swift#{kind}"}
        else:
            own["pipeline:main"] = {"pipeline": PIPELINE}
            own["app:proxy-server"] = {"use": "egg:swift#proxy", "account_autocreate": "true"}
            for name in PIPELINE.split()[:-1]:
                own["filter:" + name] = {"use": "egg:swift#" + name}
            own["filter:cache"] = {"use": "egg:swift#memcache",
                                   "memcache_servers": f"127.0.0.1:{ports[-1]}"}
            account, user = KEY.split(":")
            own["filter:tempauth"][f"user_{account}_{user}"] = SECRET + " .admin"
            own["filter:s3api"] |= {"location": REGION, "dns_compliant_bucket_names": "no"}
        write(os.path.join(folder, kind + ".conf"), own)


def make_rings(folder, ports):
    """One replica, on one device."""
    os.makedirs(os.path.join(folder, "devices", "one"), exist_ok=True)
    for kind, port in zip(KINDS[:3], ports):
        builder = os.path.join(folder, kind + ".builder")
        for words in (("create", "4", "1", "1"), ("add", f"r1z1-127.0.0.1:{port}/one", "1"),
                      ("rebalance",)):
            code = "import sys; from swift.cli.ringbuilder import main; main(['x'] + sys.argv[1:])"
            subprocess.run([sys.executable, "-W", "ignore", "-c", code, builder, *words], check=False,
                           cwd=folder, stdout=subprocess.DEVNULL)
        if not os.path.exists(os.path.join(folder, kind + ".ring.gz")):
            sys.exit(f"swift: no ring of {kind} could be made")


def serve(folder, kind, *words):
    """One of the servers; does not return."""
    # If the parent is killed there is nobody to end it.
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM)
    if kind == "memcached":
        os.execv(words[0], words)
    from swift.common import utils
    utils.set_swift_dir(folder)
    from swift.common.wsgi import run_wsgi
    more = {}
    if kind == "object":
        from swift.obj import server
        more["global_conf_callback"] = server.global_conf_callback
    sys.exit(run_wsgi(os.path.join(folder, kind + ".conf"), kind + "-server", **more))


def keep_log(folder):
    """The servers log as to syslog: into FOLDER/swift.log."""
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(os.path.join(folder, "log"))

    def run():
        with open(os.path.join(folder, "swift.log"), "ab", buffering=0) as file:
            while True:
                file.write(log.recv(65536).rstrip(b"\0") + b"\n")

    threading.Thread(target=run, daemon=True).start()


def make_bucket(port, name):
    """PUT of a bucket, signed (AWS Signature Version 4)."""
    host, empty = f"127.0.0.1:{port}", hashlib.sha256(b"").hexdigest()
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": host, "x-amz-content-sha256": empty, "x-amz-date": now}
    names = ";".join(sorted(headers))
    canonical = "\n".join(["PUT", "/" + name, "", *(f"{n}:{headers[n]}" for n in sorted(headers)), "",
                           names, empty])
    scope = [now[:8], REGION, "s3", "aws4_request"]
    text = "\n".join(["AWS4-HMAC-SHA256", now, "/".join(scope),
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + SECRET).encode()
    for part in (*scope, text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    headers["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={KEY}/{'/'.join(scope)}, "
                                f"SignedHeaders={names}, Signature={key.hex()}")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("PUT", "/" + name, headers=headers)
    status = connection.getresponse().status
    connection.close()
    if status != 200:
        raise OSError(f"bucket {name}: HTTP {status}")


def memcached():
    """As a service that is installed, or as scripts/setup.sh unpacks it."""
    unpacked = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                            "../../deps/swift/usr/bin/memcached")
    found = shutil.which("memcached") or (unpacked if os.access(unpacked, os.X_OK) else None)
    return found or sys.exit("swift: there is no memcached: scripts/setup.sh --swift")


def start(folder, cache_port):
    """All processes, by name."""
    cache = [memcached(), "-l", "127.0.0.1", "-p", str(cache_port), "-U", "0", "-m", "16", "-u",
             USER]
    for kind in ("memcached", *KINDS):
        words = cache if kind == "memcached" else []
        yield kind, subprocess.Popen(
            [sys.executable, "-B", "-W", "ignore", os.path.abspath(__file__), folder, kind, *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def start_up(children, port):
    """Waits until the buckets can be made."""
    end = time.monotonic() + 60
    for name in BUCKETS:
        while True:
            try:
                make_bucket(port, name)
                break
            except OSError as error:
                dead = [kind for kind, child in children.items() if child.poll() is not None]
                if dead or time.monotonic() > end:
                    raise SystemExit(f"swift: it does not start ({', '.join(dead) or error})") from error
                time.sleep(0.1)


def stop(children):
    for child in children.values():
        child.terminate()
    for child in children.values():
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def main(folder):
    check_attributes(folder)
    ports = free_ports(len(KINDS) + 1)
    proxy_port, cache_port = ports[-2:]
    configure(folder, ports)
    make_rings(folder, ports)
    keep_log(folder)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    children = {}
    try:
        for name, child in start(folder, cache_port):
            children[name] = child
        start_up(children, proxy_port)
        print(json.dumps({"endpoint": f"http://127.0.0.1:{proxy_port}", "region": REGION, "key": KEY,
                          "secret": SECRET, "buckets": BUCKETS}), flush=True)
        sys.stdin.read()
    finally:
        stop(children)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        serve(*sys.argv[1:])
    main(sys.argv[1])
