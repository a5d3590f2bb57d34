// SPDX-License-Identifier: Apache-2.0
// A witness (C2SP tlog-witness) that cosigns the checkpoints of one log: witness.mjs FOLDER. The log's public key is in FOLDER/log.key, as
// text, read at each request; its own is written to FOLDER/witness.key. With FOLDER/cert.pem and key.pem it answers over TLS. Each first part
// of a path is a witness of its own, with a memory of its own and the same key; some have a fault (see `faults`). `POST /NAME/forget` lets one
// forget; `GET /NAME/asked` tells the old sizes that it was asked with. Prints "witness PORT", then "ready"; ends when its standard input does.
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import path from "node:path";

const folder = process.argv[2];
const NAME = "witness.example/w1";
const sha = (...parts) => crypto.createHash("sha256").update(Buffer.concat(parts.map((p) => Buffer.from(p)))).digest();
const node = (left, right) => sha([1], left, right);
const pair = crypto.generateKeyPairSync("ed25519");

const keyLine = (name, kind, raw) => {
	const typed = Buffer.concat([Buffer.from([kind]), raw]);
	return { id: sha(name + "\n", typed).subarray(0, 4), text: (id) => `${name}+${id.toString("hex")}+${typed.toString("base64")}` };
};
const own = keyLine(NAME, 4, pair.publicKey.export({ format: "der", type: "spki" }).subarray(-32));
fs.writeFileSync(path.join(folder, "witness.key"), own.text(own.id) + "\n");

// RFC 9162, 2.1.4.2
function consistent(old, oldRoot, size, root, proof) {
	if (old === 0) return proof.length === 0;
	if (old === size) return proof.length === 0 && oldRoot.equals(root);
	const hashes = (old & (old - 1)) === 0 ? [oldRoot, ...proof] : [...proof];
	let first = old - 1, last = size - 1;
	while (first & 1) [first, last] = [first >> 1, last >> 1];
	let a = hashes.shift(), b = a;
	if (!a) return false;
	for (const hash of hashes) {
		if (last === 0) return false;
		if ((first & 1) || first === last) {
			[a, b] = [node(hash, a), node(hash, b)];
			while (first && !(first & 1)) [first, last] = [first >> 1, last >> 1];
		} else b = node(b, hash);
		[first, last] = [first >> 1, last >> 1];
	}
	return last === 0 && a.equals(oldRoot) && b.equals(root);
}

function logKey(text) {
	const [name, id, typed] = text.trim().split(/\+(.*?)\+(.*)/s);
	const spki = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.from(typed, "base64").subarray(1)]);
	return { name, id, key: crypto.createPublicKey({ key: spki, format: "der", type: "spki" }) };
}

function signedBy(log, text, lines) {
	return lines.some((line) => {
		const raw = Buffer.from(line.split(" ")[2] ?? "", "base64");
		return line.startsWith(`— ${log.name} `) && raw.subarray(0, 4).toString("hex") === log.id && raw.length === 68 &&
			crypto.verify(null, Buffer.from(text), log.key, raw.subarray(4));
	});
}

function cosign(text, alter) {
	const time = BigInt(Math.floor(Date.now() / 1000)), stamp = Buffer.alloc(8);
	stamp.writeBigUInt64BE(time);
	const signature = crypto.sign(null, Buffer.from(`cosignature/v1\ntime ${time}\n${text}`), pair.privateKey);
	if (alter) signature[10] ^= 1;
	return `— ${NAME} ${Buffer.concat([own.id, stamp, signature]).toString("base64")}\n`;
}

const size = (n) => [409, `${n}\n`, "text/x.tlog.size"];
const faults = { // what is answered instead of a cosignature of `text`
	"wrong-signature": (text) => [200, cosign(text, true)],
	"other-text": (text) => [200, cosign(text.replace(/\n\d+\n/, "\n77\n"))],
	"status-500": () => [500, "sorry\n"],
	"garbage": () => [200, Buffer.from([0xff, 0, 0xfe, 10, 0xe2, 0x80, 0x94, 32, 10])],
	"html": () => [200, "<!DOCTYPE html><html><body>please log in</body></html>"],
	"empty": () => [200, ""],
	"huge": () => [200, "x".repeat(1 << 20)],
	"redirect": () => [302, "", "text/plain", { Location: "/good/add-checkpoint" }],
	"restless": (_, old) => size(old ? 0 : 1),
	"no-size": () => [409, "conflict\n"],
	"odd-size": () => size("12345678901234567890123"),
	"longer": () => size(1000000),
	"slow": () => null,
	// others' lines around its own, which is taken
	"more-lines": (text) => [200, `— somebody.else/w9 ${"A".repeat(104)}\n${cosign(text)}`],
};

const logs = {};
function add(name, body) {
	const state = (logs[name] ??= { size: 0, root: null, asked: [] });
	const [head, text, ...rest] = body.split("\n\n");
	const [first, ...proof] = head.split("\n");
	const old = Number(/^old (0|[1-9]\d*)$/.exec(first)?.[1] ?? NaN);
	const [origin, count, root] = (text ?? "").split("\n");
	const log = logKey(fs.readFileSync(path.join(folder, "log.key"), "utf8"));
	if (Number.isNaN(old) || old > Number(count) || proof.length > 63 || rest.length !== 1) return [400, "bad\n"];
	state.asked.push(old);
	if (origin !== log.name) return [404, "unknown log\n"];
	if (!signedBy(log, text + "\n", rest[0].split("\n"))) return [403, "not signed\n"];
	if (rest[0].includes(NAME)) return [400, "what others said of it is not mine to see\n"];
	if (faults[name]) return faults[name](text + "\n", old);
	if (old !== state.size) return size(state.size);
	const rootHash = Buffer.from(root, "base64");
	if (old === Number(count) && old > 0 && !state.root.equals(rootHash)) return size(state.size);
	if (!consistent(old, state.root, Number(count), rootHash, proof.map((line) => Buffer.from(line, "base64")))) return [422, "no\n"];
	Object.assign(state, { size: Number(count), root: rootHash });
	return [200, cosign(text + "\n")];
}

function handle(req, res) {
	const [, name, verb] = req.url.split("/");
	const parts = [];
	req.on("data", (part) => parts.push(part));
	req.on("end", () => {
		const state = logs[name] ?? { asked: [] };
		if (verb === "forget") delete logs[name];
		const answer = verb === "asked" ? [200, JSON.stringify(state.asked)]
			: verb === "add-checkpoint" && req.method === "POST" ? add(name, Buffer.concat(parts).toString())
			: verb === "forget" ? [200, ""] : [404, ""];
		if (!answer) return; // slow: for ever
		const [status, text, type = "text/plain", more = {}] = answer;
		res.writeHead(status, { "Content-Type": type, ...more }).end(text);
	});
}

const cert = path.join(folder, "cert.pem");
const server = fs.existsSync(cert)
	? https.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(path.join(folder, "key.pem")) }, handle)
	: http.createServer(handle);
server.listen(0, "127.0.0.1", () => {
	console.log(`witness ${server.address().port}`);
	console.log("ready");
});
process.stdin.on("end", () => process.exit(0)).resume();
