# SPDX-License-Identifier: Apache-2.0
"""S3 that refuses, lies and breaks off, for the tests of src/net/s3.c: the bucket's name says how. Part
of http_faults.py."""
import calendar
import time

DATA = bytes((i * 7 + i // 251) % 256 for i in range(100_000))
PAGE = (b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>k</Key><Size>1</Size></Contents>"
        b"</ListBucketResult>")
asked = {}


def header(request, name):
    return next((v for n, v in request.headers if n.lower() == name), "")


def error(code, message, more=""):
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>".encode()


def late_clock(request):
    """The Date of a server whose clock is 16 minutes late, and whether it takes the request's time."""
    now = time.time() - 16 * 60
    stamp = header(request, "x-amz-date")
    signed = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ")) if stamp else 0
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now)), abs(signed - now) < 15 * 60


def refusal(request, bucket):
    """(status, body, headers)"""
    token = header(request, "x-amz-security-token")
    signature = header(request, "authorization")
    late, taken = late_clock(request)
    return {
        "fault-redirect": (301, error("PermanentRedirect", "elsewhere"), [("x-amz-bucket-region", "eu-west-1")]),
        "fault-malformed": (400, error("AuthorizationHeaderMalformed", "x", "<Region>eu-central-1</Region>"), []),
        "fault-moved": (301, b"", [("x-amz-bucket-region", "ap-south-1")]),
        "fault-denied": (403, error("AccessDenied", "Access Denied"), []),
        "fault-signature": (403, error("SignatureDoesNotMatch", "x", f"<StringToSign>{signature}</StringToSign>"), []),
        "fault-unknown-key": (403, error("InvalidAccessKeyId", "x"), []),
        "fault-skew": (403, error("RequestTimeTooSkewed", "x"), [("Date", late)]),
        "fault-late-clock": (200, PAGE, []) if taken else (403, error("RequestTimeTooSkewed", "x"), [("Date", late)]),
        "fault-cold": (403, error("InvalidObjectState", "x"), []),
        "fault-echo": (400, error("Odd", f"you sent {token} and {signature}"), []),
        "fault-odd": (400, error("Odd", "strange &#x1b;things&#x85; &lt;b&gt;".replace("&#x1b;", "")), []),
        "fault-html": (200, b"<!DOCTYPE html><html><body>please log in</body></html>", []),
        "fault-plain": (502, b"bad gateway", []),
        "fault-json": (200, b'{"records":[]}', []),
        "fault-empty": (200, b"", []),
        "fault-half": (200, b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key>", []),
    }.get(bucket)


def once(request, code):
    """Refused with this code once."""
    asked[code] = asked.get(code, 0) + 1
    if asked[code] == 1:
        return 400, error(code, "x"), []
    return 200, PAGE, []


def span_of(request):
    text = header(request, "range")
    if not text:
        return 0, len(DATA), False
    first, _, last = text.removeprefix("bytes=").partition("-")
    return int(first), min(int(last) + 1 if last else len(DATA), len(DATA)), True


def read(request, key, out):
    """An object of 100,000 bytes, in several kinds of trouble. Returns True: closes."""
    first, last, ranged = span_of(request)
    times = asked[key] = asked.get(key, 0) + 1
    etag = '"v%d"' % (times if key.startswith("changing") else 1)
    if header(request, "if-match") not in ("", etag) and key not in ("changing-unasked", "ignores-match"):
        body = error("PreconditionFailed", "x")
        out.write(b"HTTP/1.1 412 No\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        return True
    if key == "no-ranges":
        first, last, ranged = 0, len(DATA), False
    if first >= (0 if key == "empty" else len(DATA)):
        head = "" if key.endswith("-end") else f"Content-Range: bytes */{0 if key == 'empty' else len(DATA)}\r\n"
        # AWS says the size in the body, Swift not at all.
        body = error("InvalidRange", "x", f"<ActualObjectSize>{len(DATA)}</ActualObjectSize>"
                     if key == "aws-end" else "")
        out.write(f"HTTP/1.1 416 No\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return True
    if request.method == "HEAD":
        out.write(f"HTTP/1.1 200 Here\r\nETag: {etag}\r\nContent-Length: {len(DATA)}\r\n\r\n".encode())
        return True
    body, shown = DATA[first:last], first
    if key == "other-range":
        shown = first + 1
    if key == "other-bytes":
        first = last = 0
        ranged = True
    head = f"HTTP/1.1 {206 if ranged else 200} Here\r\nETag: {etag}\r\n"
    if ranged and key != "no-content-range":
        head += f"Content-Range: bytes {shown}-{last - 1}/{len(DATA)}\r\n"
    length = len(body) - 10 if key == "short" else len(body)
    if key != "unmarked":
        head += f"Content-Length: {length}\r\n"
    if key in ("cut", "changing", "changing-unasked", "unmarked"):
        body = body[:30_000]
    out.write(head.encode() + b"\r\n" + (body[:length] if key == "short" else body))
    out.flush()
    return True


def upload(request):
    if request.method == "POST" and "uploads" in request.query:
        return 200, b"<InitiateMultipartUploadResult><UploadId>a+b==</UploadId></InitiateMultipartUploadResult>", []
    if request.method == "PUT":
        return 200, b"", [("ETag", '"part"')]
    if request.method == "DELETE":
        asked["aborted"] = asked.get("aborted", 0) + 1
        return 204, b"", []
    return 200, error("InternalError", "We could not finish"), []
