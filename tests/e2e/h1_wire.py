# SPDX-License-Identifier: Apache-2.0
"""Raw HTTP/1.1: many connections at once, what came back taken apart, and a strict reading of what was sent to hold it against."""
import asyncio
import collections
import contextlib
import re

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
REQUEST_LINE = re.compile(rb"(" + TOKEN + rb") ([^\x00-\x20\x7f]+) HTTP/1\.([0-9])")
HEADER = re.compile(rb"(" + TOKEN + rb"):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*")
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?", re.S)
NOTHING = re.compile(rb"[\r\n]*")
NAMED = re.compile(rb"unknown field `(marker[a-z]*)`")

Request = collections.namedtuple("Request", "method target closes")
Answer = collections.namedtuple("Answer", "status headers body marker")
Got = collections.namedtuple("Got", "data closed")


class Wrong(Exception):
    """No HTTP."""


class More(Exception):
    """It ends in the middle."""


# ---- what a request means: RFC 9112 without anything that it lets a server be lenient in -----------------------------------------------
# But for chunks: an LF alone may end their lines, extensions and trailers may be anything, since the connection is closed after them.


class Reading:
    def __init__(self, data):
        self.data, self.at = data, 0

    def line(self, lone=False):
        end = self.data.find(b"\n", self.at)
        if end < 0:
            raise More
        line = self.data[self.at:end]
        self.at = end + 1
        if lone:
            return line[:-1] if line.endswith(b"\r") else line
        if not line.endswith(b"\r") or b"\r" in line[:-1]:
            raise Wrong
        return line[:-1]

    def take(self, n):
        if len(self.data) - self.at < n:
            raise More
        self.at += n

    def headers(self):
        found = collections.defaultdict(list)
        while line := self.line():
            field = HEADER.fullmatch(line)
            if not field:
                raise Wrong
            found[field.group(1).lower()].append(field.group(2))
        return found

    def chunks(self):
        while True:
            size = CHUNK.fullmatch(self.line(True))
            if not size:
                raise Wrong
            if int(size.group(1), 16) == 0:
                return
            self.take(int(size.group(1), 16))
            if self.line(True):
                raise Wrong

    def body(self, found, minor):
        lengths, codings = found[b"content-length"], found[b"transfer-encoding"]
        if len(lengths) + len(codings) > 1:
            raise Wrong
        if codings:
            if codings[0].lower() != b"chunked" or minor == b"0":
                raise Wrong
            self.chunks()
        elif lengths:
            if not re.fullmatch(rb"0*[0-9]{1,18}", lengths[0]):
                raise Wrong
            self.take(int(lengths[0]))

    def request(self):
        self.at = NOTHING.match(self.data, self.at).end()
        first = REQUEST_LINE.fullmatch(self.line())
        if not first:
            raise Wrong
        found = self.headers()
        if len(found[b"host"]) > 1 or (first.group(3) == b"1" and not found[b"host"]):
            raise Wrong
        self.body(found, first.group(3))
        closes = bool(found[b"transfer-encoding"]) or any(b"close" in value.lower() for value in found[b"connection"])
        return Request(first.group(1), first.group(2), closes)


def read_requests(data):
    """(requests, what comes behind them: "end", "more" or "wrong")."""
    reading, requests = Reading(data), []
    try:
        while NOTHING.match(data, reading.at).end() < len(data):
            requests.append(reading.request())
            if requests[-1].closes:
                return requests, "end"
    except Wrong:
        return requests, "wrong"
    except More:
        return requests, "more"
    return requests, "end"


# ---- what came back --------------------------------------------------------------------------------------------------------------------


def read_answer(data, at, head):
    """(answer, where the next begins); More where it is not whole."""
    end = data.find(b"\r\n\r\n", at)
    if end < 0:
        raise More
    lines = data[at:end].split(b"\r\n")
    first = re.fullmatch(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: [^\x00-\x08\x0a-\x1f\x7f]*)?", lines[0])
    assert first, f"no status line: {lines[0][:200]}"
    headers = {}
    for line in lines[1:]:
        field = HEADER.fullmatch(line)
        assert field, f"no header: {line[:200]}"
        assert field.group(1).lower() not in (headers if field.group(1).lower() in (b"content-length", b"transfer-encoding") else ()), lines
        headers[field.group(1).lower()] = field.group(2)
    at, status = end + 4, int(first.group(1))
    begins = at
    if head or status < 200 or status in (204, 304):
        pass
    elif headers.get(b"transfer-encoding") == b"chunked":
        body = Reading(data)
        body.at = at
        body.chunks()
        body.headers()
        at = body.at
    else:
        at += int(headers.get(b"content-length", b"0"))
        if at > len(data):
            raise More
    marker = NAMED.search(data, begins, at)
    return Answer(status, headers, data[begins:at], marker and marker.group(1)), at


def read_answers(data, requests=()):
    """Final answers in order; those to HEAD have no body, whatever they say of its length."""
    answers, at, page = [], 0, data.rfind(b"<html><head><title>")
    if page >= 0:  # libmicrohttpd's own, which it sends with its head twice
        data = data[:page]
    with contextlib.suppress(More):
        while at < len(data):
            head = len(answers) < len(requests) and requests[len(answers)].method == b"HEAD"
            answer, at = read_answer(data, at, head)
            if answer.status >= 200:
                answers.append(answer)
    # A head alone may end it: that of a refused HEAD.
    assert page >= 0 or at == len(data) or data.endswith(b"\r\n\r\n"), f"{len(data) - at} bytes behind the last answer"
    return answers


def judge(sent, got):
    """(answers, None or what is wrong). A server may refuse what the strict reading takes, and close; it may never see another request
    than that does, nor take what behind a refused one."""
    requests, behind = read_requests(sent)
    try:
        answers = read_answers(got.data, requests)
    except AssertionError as error:
        return [], f"the answer is no HTTP: {error}"
    for i, answer in enumerate(answers):
        if i >= len(requests) and (behind == "end" or answer.status < 400):
            return answers, f"answer {i + 1} ({answer.status}) is to a request that is none"
        if i > len(requests):
            return answers, "something behind a request that is none was answered"
        if answer.status in (500, 502, 504):
            return answers, f"answer {i + 1} is {answer.status}: {answer.body[:200]}"
        if answer.marker and (i >= len(requests) or answer.marker not in requests[i].target):
            return answers, f"answer {i + 1} is to {answer.marker.decode()}, which is not request {i + 1}"
    if len(answers) > len(requests) and not got.closed:
        return answers, "it was refused, and the connection is still open"
    return answers, None


# ---- many connections at once ----------------------------------------------------------------------------------------------------------


async def talk(port, data, quiet, piece, pause):
    got, closed = b"", False
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async def send():
            with contextlib.suppress(ConnectionError):
                for at in range(0, len(data), piece or len(data)):
                    writer.write(data[at:at + (piece or len(data))])
                    await writer.drain()
                    if piece:
                        await asyncio.sleep(pause)

        sending = asyncio.ensure_future(send())
        while not closed:
            try:
                part = await asyncio.wait_for(reader.read(65536), quiet)
            except asyncio.TimeoutError:
                if sending.done():
                    break
                continue
            except ConnectionError:
                part = b""
            got, closed = got + part, not part
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    return Got(got, closed)


def talk_all(port, requests, quiet=1.0, piece=0, pause=0.0, at_once=48):
    """Each of `requests` on a connection of its own, in pieces of so many bytes (one number, or one for each); until it is closed, or silent
    for `quiet` seconds. What came, in the same order."""
    async def all_of_them():
        free = asyncio.Semaphore(at_once)
        pieces = [piece] * len(requests) if isinstance(piece, int) else piece

        async def one(data, size):
            async with free:
                return await talk(port, data, quiet, size, pause)

        return await asyncio.gather(*(one(data, size) for data, size in zip(requests, pieces)))

    return asyncio.run(all_of_them())
