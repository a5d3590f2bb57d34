# SPDX-License-Identifier: Apache-2.0
"""Puts a reply on the wire, with the faults that act on bytes."""
import email.utils
import gzip
import http
import socket
import struct
import time

LINGER_RESET = struct.pack("ii", 1, 0)


class Ended(Exception):
    """The connection is over."""


def encode(world, ask, reply):
    """(body, Content-Encoding or None)"""
    on = ask.faults.get("gzip", {}).get("on", world.settings["gzip"] == "on")
    if "bad_gzip" in ask.faults:
        packed = bytearray(gzip.compress(reply.body, 1))
        packed[len(packed) // 2:] = b"\xff" * 40
        return bytes(packed), "gzip"
    accepts = "gzip" in ask.headers.get("Accept-Encoding", "").lower()
    if on and accepts and len(reply.body) > 1000:
        return gzip.compress(reply.body, 1, mtime=0), "gzip"
    return reply.body, None


def reason(status):
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def head(world, ask, reply, body, encoding, chunked):
    skew = ask.faults.get("skew", {}).get("ms", world.settings["skew_ms"])
    date = email.utils.formatdate((world.clock.now() + skew) / 1000, usegmt=True)
    kind = ask.faults.get("content_type", {}).get("value", reply.content_type)
    short = ask.faults.get("short_length")
    length = len(body) - (short.get("bytes", 10) if short else 0)
    lines = [f"HTTP/1.1 {reply.status} {reason(reply.status)}", f"Date: {date}",
             "Server: AtlassianEdge", f"Content-Type: {kind}"]
    if encoding:
        lines.append(f"Content-Encoding: {encoding}")
    lines.append("Transfer-Encoding: chunked" if chunked else f"Content-Length: {max(0, length)}")
    lines += [f"{name}: {value}" for name, value in reply.headers]
    return "\r\n".join(lines).encode("latin-1", "replace")


def in_chunks(body, broken):
    size = 16_000
    parts = []
    for at in range(0, len(body), size):
        piece = body[at:at + size]
        parts += [b"%x\r\n" % len(piece), piece, b"\r\n"]
    parts.append(b"zz-not-hex\r\n" if broken else b"0\r\n\r\n")
    return b"".join(parts)


def end(connection, how):
    """Closes without the farewell of TLS, or with a reset."""
    if how == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
    else:
        try:
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
        except OSError:
            pass
    raise Ended


def send_slowly(connection, data, per_second):
    step = max(1, per_second // 20)
    for at in range(0, len(data), step):
        connection.sendall(data[at:at + step])
        time.sleep(step / per_second)


def flood(connection, given):
    """Header lines until the client has enough."""
    line = b"X-Flood: " + b"a" * 1000 + b"\r\n"
    for _ in range(given.get("bytes", 1 << 40) // len(line)):
        connection.sendall(line)
    end(connection, "close")


def pad(connection, count):
    piece = b" " * 65536
    while count > 0:
        connection.sendall(piece[:count])
        count -= len(piece)


def before_answer(connection, ask):
    if "hang" in ask.faults:
        time.sleep(ask.faults["hang"].get("seconds", 60))
    if "close" in ask.faults:
        end(connection, ask.faults["close"].get("how", "close"))


def send_padded(connection, top, body, count):
    """A body of white space and then the answer: right JSON, of any size."""
    name = b"Content-Length: "
    lines = [name + b"%d" % (len(body) + count) if line.startswith(name) else line
             for line in top.split(b"\r\n")]
    connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
    pad(connection, count)
    connection.sendall(body)


def send_pieces(world, ask, reply, connection):
    connection.sendall(head(world, ask, reply, b"", None, True) + b"\r\n\r\n")
    for piece in reply.pieces:
        connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
    connection.sendall(b"0\r\n\r\n")


def send(world, ask, reply, connection):
    """Writes the reply; raises Ended where the connection is over after it."""
    if reply.pieces is not None:
        send_pieces(world, ask, reply, connection)
        return
    before_answer(connection, ask)
    faults = ask.faults
    chunked = faults.get("chunked", {}).get("on", world.settings["chunked"] == "on") or \
        "bad_chunk" in faults
    plain = "pad" in faults
    body, encoding = (reply.body, None) if plain else encode(world, ask, reply)
    top = head(world, ask, reply, body, encoding, chunked and not plain)
    if plain:
        send_padded(connection, top, body, faults["pad"].get("bytes", 1 << 20))
        return
    if "flood" in faults:
        connection.sendall(top + b"\r\n")
        flood(connection, faults["flood"])
    if ask.method == "HEAD":
        body = b""
    elif chunked:
        body = in_chunks(body, "bad_chunk" in faults)
    send_body(connection, faults, top + b"\r\n\r\n", body)


def send_body(connection, faults, top, body):
    cut = faults.get("cut")
    if cut:
        at = cut["at"] if "at" in cut else int(len(body) * cut.get("share", 0.5))
        connection.sendall((top + body[:at]) if at >= 0 else top[:len(top) + at])
        end(connection, cut.get("how", "close"))
    slow = faults.get("slow")
    if slow:
        send_slowly(connection, top + body, slow.get("bytes_per_second", 1000))
    else:
        connection.sendall(top + body)
    if "bad_chunk" in faults or "short_length" in faults:
        end(connection, "close")
