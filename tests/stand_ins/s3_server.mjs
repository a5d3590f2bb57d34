// SPDX-License-Identifier: Apache-2.0
// A real S3 server (s3rver, from tests/npm) for the tests of src/net: s3_server.mjs FOLDER. In the clear
// and over TLS, with the certificates that http_faults.py made there. Its keys are S3RVER, S3RVER. Prints
// "s3 PORT", "s3-tls PORT", then "ready". What s3rver leaves out is added here: it takes any signature of
// version 4, and its tokens need a cipher that OpenSSL 3 has not.
import crypto from "node:crypto";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

process.emitWarning = () => {}; // its old parts use what node will drop
const require = createRequire(new URL("../npm/", import.meta.url));
const S3rver = require("s3rver");
const folder = process.argv[2];
const SECRET = "S3RVER";

const ciphers = require("crypto");
for (const name of ["createCipheriv", "createDecipheriv"]) {
	const make = ciphers[name];
	ciphers[name] = (cipher, key, iv) =>
		cipher === "des"
			? make("aes-128-cbc", Buffer.concat([key, key]), Buffer.concat([iv, iv]))
			: make(cipher, key, iv);
}

const hmac = (key, text) => crypto.createHmac("sha256", key).update(text).digest();
const sha256 = (data) => crypto.createHash("sha256").update(data).digest("hex");
const coded = (text) =>
	encodeURIComponent(text).replace(/[!'()*]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
const recoded = (text) => coded(decodeURIComponent(text));

// The signature that the request should have, from what is on the wire.
function signature(req, signedHeaders, scope) {
	const [path, query = ""] = req.url.split(/\?(.*)/s);
	const pairs = query.split("&").filter(Boolean).map((pair) => {
		const [name, value = ""] = pair.split(/=(.*)/s);
		return recoded(name) + "=" + recoded(value);
	});
	const canonical = [
		req.method,
		path.split("/").map(recoded).join("/"),
		pairs.sort().join("&"),
		...signedHeaders.map((name) => `${name}:${req.headers[name].trim().replace(/ +/g, " ")}`),
		"",
		signedHeaders.join(";"),
		req.headers["x-amz-content-sha256"],
	].join("\n");
	const text = ["AWS4-HMAC-SHA256", req.headers["x-amz-date"], scope, sha256(canonical)].join("\n");
	const key = scope.split("/").reduce(hmac, "AWS4" + SECRET);
	return hmac(key, text).toString("hex");
}

async function verify(ctx, next) {
	const given = /Credential=[^/]+\/(\S+), SignedHeaders=(\S+), Signature=(\S+)/.exec(ctx.get("authorization"));
	const names = given?.[2].split(";") ?? [];
	const unsigned = Object.keys(ctx.headers).filter((n) => n.startsWith("x-amz-") && !names.includes(n));
	if (!given || !names.includes("host") || unsigned.length ||
			signature(ctx.req, names, given[1]) !== given[3]) {
		ctx.status = 403;
		ctx.body = "<Error><Code>SignatureDoesNotMatch</Code><Message>Check your key.</Message></Error>";
		return;
	}
	await next();
}

async function serve(name, tls) {
	const server = new S3rver({
		address: "127.0.0.1",
		port: 0,
		silent: true,
		directory: path.join(folder, name),
		serviceEndpoint: "localhost",
		configureBuckets: [{ name: "audit" }, { name: "dotted.bucket" }],
		...(tls && {
			key: fs.readFileSync(path.join(folder, "good.key")),
			cert: fs.readFileSync(path.join(folder, "good.pem")),
		}),
	});
	server.middleware.unshift(verify);
	const { port } = await server.run();
	console.log(`${name} ${port}`);
}

await serve("s3", false);
await serve("s3-tls", true);
console.log("ready");
process.stdin.on("end", () => process.exit(0)).resume();
