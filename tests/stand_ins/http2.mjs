// SPDX-License-Identifier: Apache-2.0
// An HTTP/2 server over TLS for the tests of src/net: http2.mjs FOLDER, with the certificates that
// http_faults.py made there. /reset breaks its stream off. Prints "http2 PORT", then "ready".
import fs from "node:fs";
import http2 from "node:http2";
import path from "node:path";

const file = (name) => fs.readFileSync(path.join(process.argv[2], name));
const server = http2.createSecureServer({ key: file("good.key"), cert: file("good.pem") });
server.on("stream", (stream, headers) => {
	stream.on("error", () => {});
	stream.respond({ ":status": 200, "x-version": "2" });
	if (headers[":path"].startsWith("/reset")) {
		stream.write("half");
		setTimeout(() => stream.destroy(new Error("reset")), 50);
	} else stream.end("two");
});
server.listen(0, "127.0.0.1", () => console.log(`http2 ${server.address().port}\nready`));
process.stdin.on("end", () => process.exit(0)).resume();
