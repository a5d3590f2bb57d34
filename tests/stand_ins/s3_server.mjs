// SPDX-License-Identifier: Apache-2.0
// A real S3 server (s3rver, from tests/npm) for the tests of src/net: s3_server.mjs FOLDER. In the clear
// and over TLS, with the certificates that http_faults.py made there. Its keys are S3RVER, S3RVER. Prints
// "s3 PORT", "s3-tls PORT", then "ready". STAND_IN_DELAY_MS in the environment: each answer comes so much
// later, as from far away. What s3rver leaves out is added here: it takes any signature of
// version 4, it knows no object lock, and its tokens need a cipher that OpenSSL 3 has not.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { objectLock } from "./s3_lock.mjs";
import { isSigned } from "./sigv4.mjs";

process.emitWarning = () => {}; // its old parts use what node will drop
const require = createRequire(new URL("../npm/", import.meta.url));
const S3rver = require("s3rver");
const folder = process.argv[2];
const DELAY = Number(process.env.STAND_IN_DELAY_MS ?? 0);

const ciphers = require("crypto");
for (const name of ["createCipheriv", "createDecipheriv"]) {
	const make = ciphers[name];
	ciphers[name] = (cipher, key, iv) =>
		cipher === "des"
			? make("aes-128-cbc", Buffer.concat([key, key]), Buffer.concat([iv, iv]))
			: make(cipher, key, iv);
}

async function verify(ctx, next) {
	if (!isSigned(ctx.req, ctx.headers["x-amz-content-sha256"])) {
		ctx.status = 403;
		ctx.body = "<Error><Code>SignatureDoesNotMatch</Code><Message>Check your key.</Message></Error>";
		return;
	}
	if (DELAY) await setTimeout(DELAY);
	await next();
}

async function serve(name, tls) {
	const server = new S3rver({
		address: "127.0.0.1",
		port: 0,
		silent: true,
		directory: path.join(folder, name),
		serviceEndpoint: "localhost",
		configureBuckets: ["audit", "dotted.bucket", "evidence", "no-retention", "write-only", "deaf"].map((bucket) => ({ name: bucket })),
		...(tls && {
			key: fs.readFileSync(path.join(folder, "good.key")),
			cert: fs.readFileSync(path.join(folder, "good.pem")),
		}),
	});
	server.middleware.unshift(verify, objectLock(path.join(folder, name)));
	const { port } = await server.run();
	console.log(`${name} ${port}`);
}

await serve("s3", false);
await serve("s3-tls", true);
console.log("ready");
process.stdin.on("end", () => process.exit(0)).resume();
