# SPDX-License-Identifier: Apache-2.0
"""Objects for the reader of src/net/s3_read.c, of any size and in several kinds of trouble: the key says which,
KIND-SIZE or KIND-SIZE-AT (from byte AT on). Part of http_faults.py, as the bucket fault-ranges."""
import threading
import time

# Byte i is (i * 7 + i // 251) % 256, which repeats after so many.
PERIOD = 251 * 256
PATTERN = bytes((i * 7 + i // 251) % 256 for i in range(PERIOD))
seen = {}
lock = threading.Lock()


def data(first, last):
    shift = first % PERIOD
    times = (shift + last - first) // PERIOD + 1
    return (PATTERN * times)[shift:shift + last - first]


def header(request, name):
    return next((v for n, v in request.headers if n.lower() == name), "")


def refuse(out, status, code):
    body = f"<Error><Code>{code}</Code><Message>x</Message></Error>".encode()
    out.write(f"HTTP/1.1 {status} No\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    return False


def is_first(request):
    """Whether this key and range is asked for for the first time."""
    what = request.path, header(request, "range")
    with lock:
        seen[what] = seen.get(what, 0) + 1
        return seen[what] == 1


REFUSALS = {"dead": (503, "SlowDown"), "denied": (403, "AccessDenied"), "cold": (403, "InvalidObjectState"),
            "broken": (500, "InternalError"), "keys": (403, "InvalidAccessKeyId"), "missing": (404, "NoSuchKey"),
            "bucketless": (404, "NoSuchBucket")}


def refusal(request, kind, first, at):
    """The refusal of a range, or None."""
    if kind in REFUSALS and first >= at:
        return REFUSALS[kind]
    if kind == "changing" and first >= at and header(request, "if-match"):
        return 412, "PreconditionFailed"
    if kind == "flaky" and is_first(request):
        return 503, "SlowDown"
    return None


def send(out, kind, body):
    if kind == "slow":
        for i in range(0, len(body), 20000):
            out.write(body[i:i + 20000])
            out.flush()
            time.sleep(0.02)
        return False
    out.write(body)
    out.flush()
    return False


def read(request, key, out):
    """Returns True: closes."""
    kind, size, *at = key.split("-")
    size, at = int(size), int(at[0]) if at else 0
    first, _, last = header(request, "range").removeprefix("bytes=").partition("-")
    first, last = int(first or 0), min(int(last) + 1 if last else size, size)
    if kind == "hang":
        time.sleep(30)
        return True
    refused = refusal(request, kind, first, at)
    if refused:
        return refuse(out, *refused)
    if first >= size:
        out.write(f"HTTP/1.1 416 No\r\nContent-Range: bytes */{size}\r\nContent-Length: 0\r\n\r\n".encode())
        return False
    # "other" does not know If-Match, and has another object from `at` on.
    etag = '"v2"' if kind == "other" and first >= at else '"v1"'
    if kind == "rangeless":
        out.write(f"HTTP/1.1 200 Here\r\nContent-Length: {size}\r\nETag: {etag}\r\n\r\n".encode())
        return send(out, kind, data(0, size))
    head = f"HTTP/1.1 206 Here\r\nContent-Range: bytes {first}-{last - 1}/{size}\r\nContent-Length: {last - first}\r\n"
    if kind != "tagless":
        head += f"ETag: {etag}\r\n"
    out.write(head.encode() + b"\r\n")
    if kind in ("cut", "torn") and (kind == "torn" and first >= at or is_first(request)):
        send(out, kind, data(first, last)[:(last - first) // 2 if kind == "cut" else 0])
        return True
    return send(out, kind, data(first, last))
