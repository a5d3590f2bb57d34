# SPDX-License-Identifier: Apache-2.0
"""A bucket that takes any key and does what a real one cannot be made to do: objects that change or vanish
between listing and reading, listings that omit and repeat, replies that come slowly or break off. It lists
and reads alone, and looks at no signature."""
import http.server
import os
import re
import threading
import time
import urllib.parse

import lake

PAGE = 1000


def quoted(text):
    """As encoding-type=url has it."""
    return urllib.parse.quote_plus(text, safe="/")


class Asked(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        """Quiet."""

    def reply(self, status, body=b"", headers=(), most=None):
        """`most`: so many bytes a second."""
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        step = max(1, most // 20) if most else len(body) or 1
        for at in range(0, len(body), step):
            self.wfile.write(body[at:at + step])
            if most:
                time.sleep(0.05)

    def error(self, status, code):
        self.reply(status, f"<Error><Code>{code}</Code><Message>x</Message></Error>".encode())

    def do_GET(self):
        bucket = self.server
        path, _, text = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
        key = urllib.parse.unquote(path.split("/", 2)[2] if path.count("/") > 1 else "")
        with bucket.lock:
            bucket.asked.append((key, query))
            trouble = bucket.before(key, query) if bucket.before else None
        if trouble:
            if trouble == "close":
                self.close_connection = True
                return None
            return self.error(*trouble)
        return self.read(key) if key else self.list(query)

    def list(self, query):
        bucket = self.server
        token = query.get("continuation-token")
        prefix, after = query.get("prefix", ""), bytes.fromhex(token).decode() if token else query.get("start-after", "")
        delimiter = query.get("delimiter")
        with bucket.lock:
            keys = [k for k in sorted(bucket.objects, key=str.encode) if k.startswith(prefix) and k.encode() > after.encode()]
        rows, folders, last = [], [], None
        for key in keys:
            folder = prefix + key[len(prefix):].split(delimiter)[0] + delimiter if delimiter and delimiter in key[len(prefix):] else None
            if folder is not None and (folder in folders or folder.encode() <= after.encode()):
                continue
            if len(rows) + len(folders) == bucket.page:
                last = rows[-1] if not folders or (rows and rows[-1] > folders[-1]) else folders[-1] + "\U0010ffff"
                break
            if folder is not None:
                folders.append(folder)
            else:
                rows.append(key)
        with bucket.lock:
            rows = bucket.shown(rows) if bucket.shown else rows
            found = [(k, bucket.objects[k]) for k in rows if k in bucket.objects]
        out = ["<ListBucketResult><EncodingType>url</EncodingType>", f"<IsTruncated>{str(last is not None).lower()}</IsTruncated>"]
        out += [f"<NextContinuationToken>{last.encode().hex()}</NextContinuationToken>"] if last else []
        out += [f"<Contents><Key>{quoted(k)}</Key><Size>{len(o.body)}</Size><ETag>&quot;{o.etag}&quot;</ETag>"
                f"<LastModified>{o.modified}</LastModified></Contents>" for k, o in found]
        out += [f"<CommonPrefixes><Prefix>{quoted(f)}</Prefix></CommonPrefixes>" for f in folders]
        return self.reply(200, "".join(out + ["</ListBucketResult>"]).encode(), [("Content-Type", "application/xml")])

    def read(self, key):
        bucket = self.server
        with bucket.lock:
            found = bucket.objects.get(key)
            most = bucket.most
        if found is None:
            return self.error(404, "NoSuchKey")
        if self.headers.get("If-Match", f'"{found.etag}"').strip('"') != found.etag:
            return self.error(412, "PreconditionFailed")
        size, span = len(found.body), re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        low, high = (int(span[1]), min(size, int(span[2] or size - 1) + 1)) if span else (0, size)
        if low >= size and span:
            return self.error(416, "InvalidRange")
        headers = [("ETag", f'"{found.etag}"')]
        if span:
            headers.append(("Content-Range", f"bytes {low}-{high - 1}/{size}"))
        return self.reply(206 if span else 200, found.body[low:high], headers, most)


class Object:
    def __init__(self, body, etag, age):
        self.body, self.etag = body, etag
        self.modified = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - age))


class FakeBucket(http.server.ThreadingHTTPServer):
    """`with FakeBucket(folder) as b:`. `before(key, query)` may change things, and answer "close" or (status,
    code); `shown(keys)` is what a page of the listing shows; `most` bytes a second are sent."""
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder, page=PAGE):
        super().__init__(("127.0.0.1", 0), Asked)
        self.objects, self.asked, self.lock, self.page = {}, [], threading.RLock(), page
        self.before = self.shown = self.most = None
        self.name, self.version = "audit", 0
        lake.write(os.path.join(folder, "s3-id"), b"KEY")
        lake.write(os.path.join(folder, "s3-secret"), b"SECRET")
        self.words = ["--endpoint", f"http://127.0.0.1:{self.server_address[1]}", "--path-style", "--region", "us-east-1", "--allow-private",
                      "--access-key-id-file", os.path.join(folder, "s3-id"), "--secret-access-key-file", os.path.join(folder, "s3-secret")]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def put(self, key, body, age=0):
        with self.lock:
            self.version += 1
            self.objects[key] = Object(body, f"v{self.version}", age)

    def delete(self, key):
        with self.lock:
            del self.objects[key]

    def put_all(self, objects):
        for key, body in objects.items():
            self.put(key, body)

    def handle_error(self, request, client_address):
        """Clients that go away are what these tests are about."""
