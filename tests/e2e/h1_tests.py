# SPDX-License-Identifier: Apache-2.0
"""`pugmark http` as a server of HTTP/1.1: tables of raw requests and what must come of each, hundreds of lengths and codings, requests in
pieces, and thousands of good ones made wrong by chance. Behind every one stand two more, which may be answered as if alone or not at all."""
import json
import random
import re
import socket
import time

import h1_wire as wire
import lake
from http_tests import Api, a_lake, memory_of
from lake import slow

# What must come of a request:
TAKEN = "taken"      # its answer, and those to what stands behind
LAST = "last"        # its answer, and the end of the connection
REFUSED = "refused"  # 400 to 505, or nothing; and the end of the connection
WAITS = "waits"      # nothing yet
KNOWN = "taken, though wrong"

BODY = b"1.2.3.4"
CHUNKED = b"7\r\n1.2.3.4\r\n0\r\n\r\n"


class Words:
    """The parts that requests to one server are made of."""

    def __init__(self, api):
        self.port = api.port
        self.host = f"Host: 127.0.0.1:{api.port}\r\n".encode()
        self.bearer = f"Authorization: Bearer {api.tokens['viewer']}\r\n".encode()
        self.behind = self.named(b"markera") + self.named(b"markerb", b"Connection: close\r\n")

    def get(self, headers=b"", line=b"GET /healthz HTTP/1.1\r\n"):
        return line + self.host + headers + b"\r\n"

    def post(self, headers, body=b"", line=b"POST /api/v1/ioc/search HTTP/1.1\r\n"):
        return line + self.host + self.bearer + headers + b"\r\n" + body

    def chunks(self, body, headers=b"Transfer-Encoding: chunked\r\n", line=b"POST /api/v1/ioc/search HTTP/1.1\r\n"):
        return self.post(headers, body, line)

    def named(self, name, headers=b""):
        """A request whose answer tells that it is to this one: a query with a field that is not there."""
        return b"GET /api/v1/search?limit=0&q=" + name + b":x HTTP/1.1\r\n" + self.host + self.bearer + headers + b"\r\n"


def check(words, rows, quiet=1.0, **how):
    """rows: (name, bytes, what must come of it, status or None)."""
    sent = [row[1] + words.behind for row in rows]
    wrong = []
    for row, data, got in zip(rows, sent, wire.talk_all(words.port, sent, quiet, **how)):
        name, _, outcome, status = row
        answers, why = wire.judge(data, got)
        if outcome == KNOWN:
            answers, why = wire.read_answers(got.data), None
        statuses = [answer.status for answer in answers]
        markers = [answer.marker for answer in answers[1:]]
        if why is None:
            if outcome in (TAKEN, KNOWN):
                good = statuses == [status, 400, 400] and markers == [b"markera", b"markerb"] and got.closed
            elif outcome == LAST:
                good = statuses == [status] and got.closed
            elif outcome == REFUSED:
                good = (not statuses or (len(statuses) == 1 and 400 <= statuses[0] <= 505 and status in (None, statuses[0]))) and got.closed
            else:
                good = not statuses and not got.closed
            why = None if good else f"not {outcome} {status or ''}: {statuses} {markers} {'closed' if got.closed else 'open'}"
        if why:
            wrong.append(f"{name}: {why}")
    assert not wrong, f"{len(wrong)} of {len(rows)}:\n" + "\n".join(wrong)
    return len(rows)


# ---- by the book -------------------------------------------------------------------------------------------------------------------------


def lines(w):
    """Request lines: methods, targets, versions."""
    def of(line):
        return w.get(line=line + b"\r\n")

    yield "plain", of(b"GET /healthz HTTP/1.1"), TAKEN, 200
    yield "empty lines before it", b"\r\n\r\n" + of(b"GET /healthz HTTP/1.1"), TAKEN, 200
    yield "a later minor version", of(b"GET /healthz HTTP/1.2"), TAKEN, 200
    for version in (b"HTTP/2.0", b"HTTP/0.9", b"HTTP/9.9", b"HTTP/3.0"):
        yield f"version {version}", of(b"GET /healthz " + version), REFUSED, 505
    for version in (b"http/1.1", b"HTTP/1.1x", b"HTTP/1.10", b"HTTP/01.1", b"HTTP/1,1", b"HTTP /1.1", b"HTTP/1", b"HTTP/+1.1", b"HTTP/1.", b"FTP/1.1",
                    b"HTTP/1.1 ", b"HTTP/1.1\t", b"\tHTTP/1.1", b"HTTP/1.\xb9", b"HTTP/1.1\0", b"HTTP/1.1\0x", b"XHTTP/1.1"):
        yield f"version {version}", of(b"GET /healthz " + version), REFUSED, None
    for line in (b"GET /healthz", b"GET", b"GET ", b" GET /healthz HTTP/1.1", b"GET  /healthz HTTP/1.1", b"GET /healthz  HTTP/1.1", b"GET\t/healthz\tHTTP/1.1",
                 b"GET /healthz x HTTP/1.1", b"/healthz HTTP/1.1", b"GET HTTP/1.1", b"GET /healthz\x0bHTTP/1.1", b"GET /healthz\x0cHTTP/1.1", b"\0",
                 b"GET /healthz HTTP/1.1\rX: y", b"GET\0 /healthz HTTP/1.1", b"\x16\x03\x01\x02\x00\x01\x00", b"\xef\xbb\xbfGET /healthz HTTP/1.1",
                 b"GET /healthz\0x HTTP/1.1", b"GET /healthz\0 HTTP/1.1", b"GET /\0healthz HTTP/1.1", b"GET /healthz?a\0=b HTTP/1.1", b"HTTP/1.1 200 OK"):
        yield f"line {line}", of(line), REFUSED, None
    for method in (b"get", b"Get", b"BREW", b"G(T", b"G\xffT", b"G@T", b"GET/", b"TRACE", b"PATCH", b"A" * 5000, b"\"GET\"", b"{GET}", b"G:T"):
        yield f"method {method[:20]}", of(method + b" /healthz HTTP/1.1"), REFUSED, None
    yield "CONNECT", of(b"CONNECT 127.0.0.1:80 HTTP/1.1"), REFUSED, None
    yield "OPTIONS *", of(b"OPTIONS * HTTP/1.1"), REFUSED, None
    yield "PRI of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", REFUSED, 505
    for target in (b"http://127.0.0.1:%d/healthz" % w.port, b"http://evil.example/healthz", b"//healthz", b"/healthz/", b"/x/../healthz", b"/./healthz",
                   b"/%2e%2e/healthz", b"/..%2fhealthz", b"/healthz#x", b"/healthz%23", b"healthz", b"*", b"127.0.0.1", b"/\xff\xc3", b"/healthz\x80", b"\\healthz",
                   b"/healthz%00", b"/healthz%00x", b"/%00", b"/healthz%", b"/healthz%zz", b"/healthz;x=y", b"http:///healthz", b"/http://127.0.0.1/healthz",
                   b"/" + b"a" * 20000, b"/" + b"a" * 100000, b"/" + b"%41" * 9000, b"/healthz?q=1", b"/healthz?" + b"&".join(b"a%d=1" % i for i in range(2000))):
        yield f"target {target[:40]}", of(b"GET " + target + b" HTTP/1.1"), REFUSED, None
    yield "a letter in percent form", of(b"GET /%68ealthz HTTP/1.1"), TAKEN, 200
    yield "HEAD", of(b"HEAD /healthz HTTP/1.1"), TAKEN, 200
    yield "1.0", of(b"GET /healthz HTTP/1.0"), LAST, 200
    yield "1.0 that stays", w.get(b"Connection: keep-alive\r\n", b"GET /healthz HTTP/1.0\r\n"), TAKEN, 200
    yield "1.0 without a host", b"GET /healthz HTTP/1.0\r\n\r\n", REFUSED, 403


def headers(w):
    first = b"GET /healthz HTTP/1.1\r\n"
    yield "no host", first + b"\r\n", REFUSED, 400
    yield "two hosts", w.get(w.host), REFUSED, 400
    yield "two hosts, one wrong", w.get(b"host: evil.example\r\n"), REFUSED, 400
    for host in (b"", b" ", b"evil.example", b"127.0.0.1:%d, evil.example" % w.port, b"127.0.0.1:%d/x" % w.port, b"user@127.0.0.1:%d" % w.port,
                 b"127.0.0.1:%d#" % w.port, b"127.0.0.1 :%d" % w.port, b"http://127.0.0.1:%d" % w.port, b"127.0.0.1:0%d" % w.port, b"127.0.0.1:%d\0x" % w.port):
        yield f"host {host}", first + b"Host: " + host + b"\r\n\r\n", REFUSED, None
    for good in (b"X:\r\n", b"X: \r\n", b"X:a\r\n", b"X: a\tb\r\n", b"X: a \t\r\n", b"X: \xff\xfe\r\n", b"X-!#$%&'*+-.^_`|~: y\r\n", b"X: y\r\nX: y\r\n", b"x: :\r\n",
                 b"X: " + b"a" * 20000 + b"\r\n", b"".join(b"X%d: y\r\n" % i for i in range(200)), b"Cookie: ;;==\"\r\n", b"Cookie: a=b\r\nCookie: c=d\r\n",
                 b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
                 b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
                 b"Expect: something\r\n", b"TE: trailers\r\n", b"Range: bytes=0-0\r\n", b"If-Modified-Since: x\r\n", b"Content-Length: 0\r\n"):
        yield f"good {good[:40]}", w.get(good), TAKEN, 200
    for wrong in (b"X : a\r\n", b"X\t: a\r\n", b" X: a\r\n", b"\tX: a\r\n", b"X\r\n", b": a\r\n", b":\r\n", b" \r\n", b"X Y: a\r\n", b"X\0: a\r\n", b"\0X: a\r\n",
                  b"X\xff: a\r\n", b"(X): a\r\n", b"X@: a\r\n", b"X/Y: a\r\n", b"\"X\": a\r\n", b"X: a\r\n b\r\n", b"X: a\r\n\tb\r\n", b"X:\r\n a\r\n", b"X: a\r\n \r\n",
                  b"X: a\rY: b\r\n", b"X: a\r\r\n", b"X: a\nY: b\r\n", b"X: a\n", b"X: a\r", b"X: a\n\r\n", b"\rX: a\r\n", b"\nX: a\r\n", b"X: a\n\n",
                  *(b"X: a%cb\r\n" % c for c in (*range(9), 0x0b, 0x0c, *range(0x0e, 0x20), 0x7f)), b"X: a\0\r\n", b"X: \0\r\n", b"Cookie: a\0=b\r\n",
                  *(b"X%c: a\r\n" % c for c in b"\x01\x0b\x0c\x1f\x7f\x80,;<=>?[]{}\\"),
                  b"X: " + b"a" * 40000 + b"\r\n", b"X" * 40000 + b": a\r\n", b"".join(b"X%d: y\r\n" % i for i in range(3000)), b"X: " + b"\r\n ".join([b"a"] * 500) + b"\r\n"):
        yield f"wrong {wrong[:40]}", w.get(wrong), REFUSED, None
        if len(wrong) < 1000:  # and before the host
            yield f"wrong and first {wrong[:40]}", first + wrong + w.host + b"\r\n", REFUSED, None
    good = w.get()
    yield "LF for CR LF everywhere", good.replace(b"\r\n", b"\n"), REFUSED, None
    yield "CR for CR LF everywhere", good.replace(b"\r\n", b"\r"), REFUSED, None
    yield "LF CR for CR LF everywhere", good.replace(b"\r\n", b"\n\r"), REFUSED, None
    yield "CR CR LF for CR LF everywhere", good.replace(b"\r\n", b"\r\r\n"), REFUSED, None
    yield "LF behind the line", good.replace(b"\r\n", b"\n", 1), REFUSED, None
    yield "LF at the end", good[:-2] + b"\n", REFUSED, None
    yield "CR at the end", good[:-2] + b"\r", REFUSED, None
    yield "LF behind the last header", good[:-4] + b"\n\r\n", REFUSED, None
    # What libmicrohttpd overwrites with NUL cannot be told from a NUL: one before an LF alone passes for CR LF, and a line that begins with
    # one for an empty line.
    yield "NUL and LF for CR LF", w.get(b"X: a\0\nY: b\r\n"), KNOWN, 200
    yield "NUL and CR for CR LF", w.get(b"X: a\0\rY: b\r\n"), REFUSED, None
    yield "NUL before a line", b"\0GET /nix HTTP/1.1\r\n" + good, KNOWN, 200
    for close in (b"close", b"CLOSE", b"x, close", b"keep-alive, close", b"keep-alive\r\nConnection: close"):
        yield f"connection {close}", w.get(b"Connection: " + close + b"\r\n"), LAST, 200
    yield "a half", good[:-2].rstrip(b"\r\n"), REFUSED, None  # what stands behind becomes the rest of the host


def bodies(w):
    yield "length", w.post(b"Content-Length: 7\r\n", BODY), TAKEN, 200
    yield "length, zeros before", w.post(b"Content-Length: 007\r\n", BODY), TAKEN, 200
    yield "length 0", w.post(b"Content-Length: 0\r\n"), TAKEN, 200
    yield "no length", w.post(b""), TAKEN, 200
    yield "chunks", w.chunks(CHUNKED), LAST, 200
    yield "chunks, capitals", w.chunks(CHUNKED, b"TRANSFER-ENCODING: CHUNKED\r\n"), LAST, 200
    yield "one for each byte", w.chunks(b"".join(b"1\r\n%c\r\n" % c for c in BODY) + b"0\r\n\r\n"), LAST, 200
    yield "capital digits", w.chunks(b"A\r\n11.22.33.4\r\n0\r\n\r\n"), LAST, 200
    yield "zeros before", w.chunks(b"0007\r\n1.2.3.4\r\n000\r\n\r\n"), LAST, 200
    for extension in (b";a", b";a=b", b';a="b"', b";a=b;c", b";" + b"a" * 1000):
        yield f"extension {extension[:20]}", w.chunks(b"7" + extension + b"\r\n1.2.3.4\r\n0" + extension + b"\r\n\r\n"), LAST, 200
    yield "trailers", w.chunks(b"7\r\n1.2.3.4\r\n0\r\nX: y\r\n\r\n"), LAST, 200
    yield "trailers that were headers", w.chunks(b"7\r\n1.2.3.4\r\n0\r\nContent-Length: 900\r\nHost: evil.example\r\n\r\n"), LAST, 200
    yield "a trailer that is none", w.chunks(b"7\r\n1.2.3.4\r\n0\r\nX y\r\n\r\n"), REFUSED, None
    yield "trailers without end", w.chunks(b"7\r\n1.2.3.4\r\n0\r\n" + b"X: y\r\n" * 20000 + b"\r\n"), REFUSED, None
    inner = w.named(b"markerinner")
    for size in (b"", b" 7", b"+7", b"-7", b"-1", b"0x7", b"7h", b"7 7", b"7,", b"\t7", b"g", b"7\0", b"\xb7", b"7.0", b"7e0 ", b"#7", b"1" * 17, b"f" * 17, b"8" + b"0" * 16,
                 b"1" + b"0" * 15 + b"7", b"1" + b"0" * 16 + b"7", b"1" + b"0" * 32 + b"7", b"7\r", b"\r7", b"_7", b"7_0"):
        for data in (BODY, inner):
            yield f"chunk size {size}", w.chunks(size + b"\r\n" + data + b"\r\n0\r\n\r\n"), REFUSED, None
    for body in (b"7\r\n1.2.3.40\r\n\r\n", b"6\r\n1.2.3.4\r\n0\r\n\r\n", b"7\r\n1.2.3.4.5\r\n0\r\n\r\n", b"7\r1.2.3.4\r0\r\r", b"7\r\n1.2.3.4\r0\r\n\r\n", b"71.2.3.40\r\n\r\n",
                 b"7\r\n1.2.3.4\r\n\r\n0\r\n\r\n", b"7\r\n1.2.3.4\r\n-0\r\n\r\n", b"7\r\n1.2.3.4\r\n0x0\r\n\r\n"):
        yield f"chunks {body}", w.chunks(body), REFUSED, None
    for body in (b"7\n1.2.3.4\n0\n\n", b"7;a\n1.2.3.4\r\n0\r\n\r\n", b"7;\r\r\n1.2.3.4\r\n0\r\n\r\n"):  # libmicrohttpd takes it, and the connection ends
        yield f"chunks with LF alone {body}", w.chunks(body), LAST, 200
    yield "a chunk of all there is", w.chunks(b"f" * 15 + b"\r\n1.2.3.4"), WAITS, None
    for length in (b"67108865", b"99999999999999999999", b"18446744073709551616", b"18446744073709551623", b"9223372036854775808", b"4294967303"):
        yield f"length {length}", w.post(b"Content-Length: " + length + b"\r\n", BODY), REFUSED, None
    chunk = b"Transfer-Encoding: chunked\r\n"
    for line in (b"GET /healthz HTTP/1.1\r\n", b"HEAD /healthz HTTP/1.1\r\n", b"POST /nix HTTP/1.1\r\n", b"PUT /healthz HTTP/1.1\r\n", b"GET / HTTP/1.1\r\n"):
        yield f"a body where none belongs {line}", w.post(b"Content-Length: %d\r\n" % len(inner), inner, line), REFUSED, None
        yield f"chunks where none belong {line}", w.chunks(b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner), chunk, line), REFUSED, None
    yield "no token, and a body", w.post(b"Content-Length: %d\r\n" % len(inner), inner).replace(w.bearer, b""), REFUSED, 401
    for minor in (b"", b"Connection: keep-alive\r\n"):
        yield "chunks of 1.0", w.chunks(CHUNKED, chunk + minor, b"POST /api/v1/ioc/search HTTP/1.0\r\n"), REFUSED, 400
    yield "100-continue, and the body", w.post(b"Expect: 100-continue\r\nContent-Length: 7\r\n", BODY), TAKEN, 200
    yield "100-continue, capitals", w.post(b"Expect: 100-Continue\r\nContent-Length: 7\r\n", BODY), TAKEN, 200


def test_requests_by_the_book(folder):
    one = a_lake(folder, 50)
    with Api(one) as api:
        words = Words(api)
        rows = [*lines(words), *headers(words), *bodies(words)]
        assert check(words, rows) > 250
        assert api.ask("GET", "/healthz")[0] == 200


# ---- where a body ends -------------------------------------------------------------------------------------------------------------------

BLANKS = (b"\t", b"  ", b"\x0b", b"\x0c", b"\xa0", b"\0", b"\x01", b"\x1f", b"\x7f", b"\xff", b"\r", b"\n", b"\r\n ", b"\r\n\t", b"\n ", b"\r ", b"\xc2\xa0", b"\xe2\x80\x8b")


def coding_headers():
    name, value = b"Transfer-Encoding", b"chunked"
    for other in (b"xchunked", b"chunkedx", b"chunked, identity", b"identity, chunked", b"chunked, chunked", b"chunked,", b",chunked", b"gzip, chunked", b"chunked, gzip",
                  b"chunked;q=1", b"chunked;", b'"chunked"', b"'chunked'", b"identity", b"", b"chunk", b"chunke", b"cow", b"chunked chunked", b"chunked\\", b"(chunked)",
                  b"ch\xc3\xbcnked", b"\xef\xbb\xbfchunked", b"chun\0ked", b"chunked\0", b"chunked\0, identity", b"identity\0chunked", b"compress", b"deflate", b"trailers",
                  b"chunked\r\n , identity", b"identity\r\n chunked", b"%63hunked", b"c\xe4\xbc\xa1hunked", b"chunKed", b"CHUNKED", b"Chunked", b"cHuNkEd", b"chun\xe2\x84\xaaed"):
        yield name + b": " + other + b"\r\n"
    for blank in BLANKS:
        yield name + blank + b": " + value + b"\r\n"
        yield blank + name + b": " + value + b"\r\n"
        yield name + b":" + blank + value + b"\r\n"
        yield name + b": " + value + blank + b"\r\n"
        yield name[:8] + blank + name[8:] + b": " + value + b"\r\n"
        yield name + b": " + value[:3] + blank + value[3:] + b"\r\n"
        yield b"X: y" + blank + name + b": " + value + b"\r\n"
    for other in (b"Transfer_Encoding", b"transfer-encoding", b"TRANSFER-ENCODING", b"TransferEncoding", b"Transfer--Encoding", b"X-Transfer-Encoding", b"Transfer-Encoding-X",
                  b"Transfer-Encodin", b"ransfer-Encoding", b"Transfer-Encoding:", b":Transfer-Encoding", b"Transfer\x2d\x2dEncoding", b"Tr\xc3\xa4nsfer-Encoding", b"TE",
                  b"Transfer-Encod\xc4\xb1ng", b"Content-Transfer-Encoding", b"Transfer.Encoding", b'"Transfer-Encoding"', b"(Transfer-Encoding)"):
        yield other + b": " + value + b"\r\n"
    for end in (b"\n", b"\r", b"\r\r\n", b"\n\r", b"\n\n", b"\r\n\n", b"\0\r\n", b" \r\n", b"\t\r\n", b"", b"\x0b\r\n", b"\x85\r\n", b"\\r\\n"):
        yield name + b": " + value + end
    for second in (b"identity", b"chunked", b"gzip", b"", b"xchunked", b"chunked, identity"):
        for a, b in ((value, second), (second, value)):
            yield name + b": " + a + b"\r\n" + name + b": " + b + b"\r\n"
            yield name + b": " + a + b"\r\nX: y\r\n" + name.lower() + b": " + b + b"\r\n"


def length_headers(n):
    """Content-Lengths for a body of n bytes."""
    name, value = b"Content-Length", b"%d" % n
    for other in (b"+" + value, b"-" + value, b"-1", b"0x%x" % n, b"%x" % n + b"h", value + b".0", value + b"e0", value + b"," + value, value + b", " + value, value + b", 0", b"0, " + value,
                  value + b" 0", value + b"a", b"a" + value, b'"' + value + b'"', b"'" + value + b"'", value + b";", b"", b" ", b"0" * 20 + value, b"1" * 25, b"%d" % (n + 2 ** 64), b"%d" % (n + 2 ** 32),
                  b"%d" % (n + 2 ** 63), b"\xef\xbc\x97", b"\xb2", value + b"_0", b"1_" + value, b"0b111", b"0o7", b"NaN", b"chunked", value + b"\0", value + b"\x000", b"0\0" + value,
                  value + b"\r\n 0", b"\r\n " + value, value + b"\r\n\t", b"%d" % (n + 1), b"%d" % (n - 1), b"1"):
        yield name + b": " + other + b"\r\n"
    for blank in BLANKS:
        yield name + blank + b": " + value + b"\r\n"
        yield blank + name + b": " + value + b"\r\n"
        yield name + b":" + blank + value + b"\r\n"
        yield name + b": " + value + blank + b"\r\n"
        yield name + b": " + value[:1] + blank + value[1:] + b"\r\n"
        yield b"X: y" + blank + name + b": " + value + b"\r\n"
    for other in (b"Content_Length", b"content-length", b"CONTENT-LENGTH", b"ContentLength", b"X-Content-Length", b"Content-Length-X", b"Content-Lengt", b"Content-Length:", b"Content.Length"):
        yield other + b": " + value + b"\r\n"
    for second in (value, b"0", b"1", b"", b"+" + value, b"%d" % (n + 1)):
        for a, b in ((value, second), (second, value)):
            yield name + b": " + a + b"\r\n" + name + b": " + b + b"\r\n"
            yield name + b": " + a + b"\r\nX: y\r\n" + name.upper() + b": " + b + b"\r\n"


def framings(w):
    """Requests whose body is, or hides, another request; with the coding alone, the length alone, and both in either order."""
    inner = w.named(b"markerinner")
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner)
    early = b"0\r\n\r\n" + inner
    fits = b"Content-Length: %d\r\n"
    for header in coding_headers():
        for body in (chunked, early):
            yield header, body
            yield fits % len(body) + header, body
            yield header + fits % len(body), body
    for header in length_headers(len(inner)):
        yield header, inner
        yield header + b"Transfer-Encoding: chunked\r\n", chunked
        yield b"Transfer-Encoding: chunked\r\n" + header, early


def test_a_body_ends_in_one_place_or_is_refused(folder):
    """No length and no coding makes two readers see different requests. What the strict reading calls wrong is answered with an error, or
    not at all, and nothing behind it is answered."""
    one = a_lake(folder, 50)
    with Api(one) as api:
        words = Words(api)
        seen, taken = {}, 0
        for line in (b"POST /api/v1/ioc/search HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\n"):
            for header, body in framings(words):
                seen[words.post(header, body, line) + words.behind] = (line[:4], header, body)
        wrong = []
        for data, got in zip(seen, wire.talk_all(api.port, list(seen), quiet=1.0)):
            requests, behind = wire.read_requests(data)
            answers, why = wire.judge(data, got)
            if why is None and not requests and behind == "wrong" and not got.closed:
                why = "it is wrong, and the connection is still open"
            taken += bool(answers) and answers[0].status == 200
            if why:
                wrong.append(f"{seen[data]}: {why}: {got.data[:300]}")
        assert not wrong, f"{len(wrong)} of {len(seen)}:\n" + "\n".join(wrong)
        assert len(seen) > 1500 and 10 < taken < len(seen) / 4, (len(seen), taken)
        assert api.ask("GET", "/healthz")[0] == 200


# ---- in pieces, and many at once ----------------------------------------------------------------------------------------------------------


def test_a_request_may_come_in_any_pieces(folder):
    one = a_lake(folder, 50)
    with Api(one) as api:
        words = Words(api)
        good = [("get", words.get(b"X: y\r\n"), TAKEN, 200), ("length", words.post(b"Content-Length: 7\r\n", BODY), TAKEN, 200),
                ("chunks", words.chunks(CHUNKED), LAST, 200), ("trailers", words.chunks(b"7;a=b\r\n1.2.3.4\r\n0\r\nX: y\r\n\r\n"), LAST, 200),
                ("many headers", words.get(b"".join(b"X%d: y\r\n" % i for i in range(250))), TAKEN, 200)]
        bad = [("two lengths", words.post(b"Content-Length: 7\r\nContent-Length: 7\r\n", BODY), REFUSED, None),
               ("folded", words.post(b"Content-Length:\r\n 7\r\n", BODY), REFUSED, None), ("LF alone", words.get(b"X: a\nY: b\r\n"), REFUSED, None),
               ("NUL", words.get(b"X: a\0b\r\n"), REFUSED, None), ("both", words.chunks(CHUNKED, b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), REFUSED, None)]
        # A byte at a time; then a bigger head in bigger pieces, which makes libmicrohttpd move what it has.
        check(words, [*good[:4], *bad], quiet=5.0, piece=1, pause=0.001)
        for piece in (7, 100, 1460):
            check(words, [*good, *bad], quiet=5.0, piece=piece, pause=0.001)
        # In two, at every place.
        data = words.get() + words.post(b"Content-Length: 7\r\n", BODY) + words.get(b"Connection: close\r\n")
        for at, got in zip(range(1, len(data)), wire.talk_all(api.port, [data] * (len(data) - 1), 5.0, range(1, len(data)), 0.01)):
            answers, why = wire.judge(data, got)
            assert why is None and [a.status for a in answers] == [200] * 3, (at, why, got.data)
        # Many in one piece are answered in order.
        names = [b"marker" + bytes([97 + i // 26, 97 + i % 26]) for i in range(100)]
        data = b"".join(words.named(name) + words.get() for name in names) + words.behind
        got, = wire.talk_all(api.port, [data], 10.0)
        answers, why = wire.judge(data, got)
        assert why is None and [a.marker for a in answers] == [m for name in names for m in (name, None)] + [b"markera", b"markerb"], why


def test_a_client_that_asks_first_is_told_to_go_on(folder):
    one = a_lake(folder, 50)
    with Api(one) as api:
        words = Words(api)
        with socket.create_connection(("127.0.0.1", api.port), timeout=20) as link:
            for _ in range(2):
                link.sendall(words.post(b"Expect: 100-continue\r\nContent-Length: 7\r\n"))
                said = b""
                while not said.endswith(b"\r\n\r\n"):
                    said += link.recv(1)
                assert said.startswith(b"HTTP/1.1 100 "), said
                link.sendall(BODY)
                said = b""
                while not said.endswith(b"\r\n0\r\n\r\n"):
                    said += link.recv(65536)
                assert said.startswith(b"HTTP/1.1 200 ") and said.count(b"HTTP/1.1") == 1, said
        # What is refused is not asked for first.
        for refused, status in ((words.post(b"Expect: 100-continue\r\nContent-Length: 99999999\r\n"), 413),
                                (words.post(b"Expect: 100-continue\r\nContent-Length: 7\r\n", line=b"POST /nix HTTP/1.1\r\n"), 404),
                                (words.post(b"Expect: 100-continue\r\nContent-Length: 7\r\n").replace(words.bearer, b""), 401),
                                (words.post(b"Expect: 100-continue\r\nContent-Length: 7\r\nContent-Length: 7\r\n"), 400)):
            got, = wire.talk_all(api.port, [refused], 10.0)
            assert got.closed and got.data.startswith(b"HTTP/1.1 %d " % status), got


# ---- by chance ---------------------------------------------------------------------------------------------------------------------------

ODD = (b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b"\x0b", b"\x7f", b"\xff", b";", b",", b"%00", b"\r\n ", b"\r\n\r\n", b"0\r\n\r\n", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n",
       b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Expect: 100-continue\r\n", b"HTTP/1.0", b"HTTP/1.1", b"GET ", b"HEAD ", b"0", b"7", b"-", b"+", b"a" * 300)


def mutated(chance, goods, most):
    data = bytearray(chance.choice(goods))
    for _ in range(chance.randint(1, most)):
        at = chance.randrange(len(data) + 1)
        to = min(len(data), at + chance.choice((1, 1, 2, 4, 20, 100)))
        match chance.randrange(8):
            case 0:
                data[at:at + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[at:to]
            case 2 | 3:
                data[at:at] = chance.choice(ODD)
            case 4:
                data[at:to] = chance.choice(ODD)
            case 5:
                data[at:at] = data[at:to] * chance.choice((1, 1, 2, 30))
            case 6:
                other = chance.choice(goods)
                data[at:] = other[chance.randrange(len(other)):]
            case 7:
                data[at:to] = data[at:to].swapcase()
    return re.sub(rb"(?<![^\r\n])\0|\0(?=[\r\n])", b"\x01", data)  # see headers(): what is known of these


@slow
def test_good_requests_made_wrong_by_chance(folder):
    """The server lives, sees no request where the strict reading sees none, takes nothing behind what it refused, and keeps no memory."""
    one = a_lake(folder, 50)
    seed, rounds = (int(time.time()), 400) if lake.LONG else (7, 20)
    chance = random.Random(seed)
    with Api(one) as api:
        words = Words(api)
        inner = words.named(b"markerinner")
        goods = [words.get(), words.get(b"Accept: */*\r\nCookie: a=b\r\n"), words.post(b"Content-Length: 7\r\n", BODY), words.chunks(CHUNKED),
                 words.post(b"Content-Length: %d\r\n" % len(inner), inner), words.chunks(b"%x\r\n%s\r\n0\r\nX: y\r\n\r\n" % (len(inner), inner)), words.named(b"markerfirst"),
                 words.get(line=b"HEAD /healthz HTTP/1.1\r\n"), words.get(b"Connection: keep-alive\r\n", b"GET /healthz HTTP/1.0\r\n"), words.get() + words.get(b"X: y\r\n")]
        memory = 0
        for i in range(rounds):
            sent = [mutated(chance, goods, 4) + words.behind for _ in range(500)]
            for data, got in zip(sent, wire.talk_all(api.port, sent, quiet=0.5, piece=7 if i == 1 else 0)):
                _, why = wire.judge(data, got)
                if why:  # an answer of which a part came late, on a machine with much to do, is none of half a second
                    (got,) = wire.talk_all(api.port, [data], quiet=10)
                    _, why = wire.judge(data, got)
                assert why is None, f"seed {seed}: {why}: {data} -> {got.data[:600]}"
            assert api.ask("GET", "/healthz")[0] == 200 and api.process.poll() is None
            memory = memory or (memory_of(api.process.pid) if i == rounds // 2 else 0)
        assert lake.SANITIZED or memory_of(api.process.pid) < memory + 16, f"{memory} MB after half of it, {memory_of(api.process.pid)} MB now"
        status, _, body = api.ask("POST", "/api/v1/ioc/search", BODY)
        assert status == 200 and json.loads(body)["given"] == 1
