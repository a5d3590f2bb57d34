#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""chdb_server.py FOLDER: a current ClickHouse behind ClickHouse's HTTP interface, out of the library of the npm package
@chdb/lib-linux-x64-gnu: one server alone, without users and replicas. One question after another. Settings of the address hold for one
question; `readonly` is not among them: the library's one session could not leave it again. Prints "http PORT" and "ready", and ends at the
end of its standard input."""
import ctypes
import ctypes.util
import http.server
import os
import re
import sys
import threading
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARY = os.path.join(HERE, "node_modules", "@chdb", "lib-linux-x64-gnu", "libchdb.so")
# Of the transport, or of the session for good.
TRANSPORT = {"query", "database", "readonly", "default_format", "decompress", "wait_end_of_query", "buffer_size", "user",
             "password", "query_id", "http_native_compression_disable_checksumming_on_decompress"}
ZSTD_FRAME, HEAD = 0x90, 16 + 1 + 4 + 4  # checksum, method, packed size with itself, plain size


class Engine:
    """The library, and one session in it."""

    def __init__(self, folder, library=LIBRARY):
        self.lib = lib = ctypes.CDLL(library)
        lib.chdb_connect.restype = ctypes.POINTER(ctypes.c_void_p)
        lib.chdb_query_n.restype = lib.chdb_result_buffer.restype = ctypes.c_void_p
        lib.chdb_query_n.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
        lib.chdb_result_buffer.argtypes = lib.chdb_result_length.argtypes = lib.chdb_result_error.argtypes = [ctypes.c_void_p]
        lib.chdb_destroy_query_result.argtypes = [ctypes.c_void_p]
        lib.chdb_result_length.restype, lib.chdb_result_error.restype = ctypes.c_size_t, ctypes.c_char_p
        words = [b"clickhouse", b"--path=" + folder.encode()]
        self.session = lib.chdb_connect(len(words), (ctypes.c_char_p * len(words))(*words))
        assert self.session, "the library gives no session"

    def ask(self, sql, form="TabSeparated"):
        """(answer, None) or (None, error)"""
        result = self.lib.chdb_query_n(self.session[0], sql, len(sql), form.encode(), len(form))
        error = self.lib.chdb_result_error(result)
        length = self.lib.chdb_result_length(result)
        answer = ctypes.string_at(self.lib.chdb_result_buffer(result), length) if length else b""
        self.lib.chdb_destroy_query_result(result)
        return (None, error) if error else (answer, None)


def unpacked(data):
    """ClickHouse's compressed frames as what they hold."""
    zstd = ctypes.CDLL(ctypes.util.find_library("zstd"))
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    parts, at = [], 0
    while at < len(data):
        method, packed, plain = data[at + 16], *(int.from_bytes(data[at + n:at + n + 4], "little") for n in (17, 21))
        assert method == ZSTD_FRAME and 9 <= packed <= len(data) - at - 16, "no frame of zstd"
        out = ctypes.create_string_buffer(plain)
        body = data[at + HEAD:at + 16 + packed]
        n = zstd.ZSTD_decompress(out, ctypes.c_size_t(plain), body, ctypes.c_size_t(len(body)))
        assert n == plain, f"a frame of {plain} bytes holds {n}"
        parts.append(out.raw)
        at += 16 + packed
    return b"".join(parts)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine = folder = None
    lock = threading.Lock()

    def asked(self):
        """The settings of the address, and the question with its data."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(self.path).query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if query.get("decompress") == "1":
            body = unpacked(body)
        if "query" not in query:
            return query, body
        # Data that stand behind a question are cut where the library ends questions: they go by a file.
        path = os.path.join(self.folder, "sent.bin")
        with open(path, "wb") as file:
            file.write(body)
        return query, re.sub(r" FORMAT (\w+)\s*$", rf" FROM INFILE '{path}' FORMAT \1", query["query"]).encode()

    def answer(self, query, sql):
        settings = {name: value for name, value in query.items() if name not in TRANSPORT}
        database = query.get("database", "default")
        for name, value in settings.items():
            _, error = self.engine.ask(f"SET {name} = '{value}'".encode())
            if error:
                return None, error
        _, error = self.engine.ask(f"USE `{database}`".encode())
        answer = (None, error) if error else self.engine.ask(sql, query.get("default_format", "TabSeparated"))
        for name in settings:
            self.engine.ask(f"SET {name} = DEFAULT".encode())
        return answer

    def do_POST(self):
        with self.lock:
            query, sql = self.asked()
            answer, error = self.answer(query, sql)
        data = error if answer is None else answer
        self.send_response(500 if answer is None else 200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST

    def log_message(self, *_):
        pass


def main():
    library = os.environ.get("PUGMARK_CHDB", LIBRARY)
    os.makedirs(sys.argv[1], exist_ok=True)
    Handler.engine, Handler.folder = Engine(sys.argv[1], library), os.path.abspath(sys.argv[1])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http {server.server_port}\nready", flush=True)
    sys.stdin.read()
    os._exit(0)  # the library's own threads do not end


if __name__ == "__main__":
    main()
