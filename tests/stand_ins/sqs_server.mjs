// SPDX-License-Identifier: Apache-2.0
// A real SQS server (local-aws-sqs, from tests/npm) for tests: sqs_server.mjs [FOLDER], with the queues
// "audit" and "other" of account 123456789012. Its keys are S3RVER, S3RVER. Prints "sqs PORT", then
// "ready"; ends when its standard input does. What the package leaves out is added here: it takes any
// signature, and a long poll of it waits for as many messages as were asked for. POST /_stand_in/send/QUEUE[/MS] puts the body into a queue, unsigned (so much later).
import http from "node:http";
import { createRequire } from "node:module";
import { isSigned, sha256 } from "./sigv4.mjs";

const require = createRequire(new URL("../npm/", import.meta.url));
const { createSqsServer } = require("local-aws-sqs");
const inner = await createSqsServer({
	port: 0,
	hostname: "127.0.0.1",
	emulateQueueCreationLifecycle: false,
	queues: [{ QueueName: "audit", Attributes: { VisibilityTimeout: "30" } }, { QueueName: "other" }],
});
const port = inner.address().port;

// Asks the server itself; calls back with status, headers and body.
function ask(headers, body, done) {
	const req = http.request({ port, host: "127.0.0.1", method: "POST", path: "/", headers }, (reply) => {
		const parts = [];
		reply.on("data", (part) => parts.push(part));
		reply.on("end", () => done(reply.statusCode, reply.headers, Buffer.concat(parts)));
	});
	req.end(body);
}

const json = (action) => ({ "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS." + action });

function answer(req, res, body) {
	const say = (status, headers, text) => {
		delete headers["transfer-encoding"];
		delete headers.connection;
		res.writeHead(status, { ...headers, "content-length": text.length });
		res.end(text);
	};
	const send = /^\/_stand_in\/send\/([\w-]+)(?:\/(\d+))?$/.exec(req.url);
	if (send) {
		const message = { QueueUrl: `http://127.0.0.1/123456789012/${send[1]}`, MessageBody: body.toString() };
		const put = (done) => ask(json("SendMessage"), JSON.stringify(message), done);
		if (!send[2]) return put(say);
		setTimeout(put, Number(send[2]), () => {});
		return say(202, {}, Buffer.from(""));
	}
	// GET /_stand_in/attributes/QUEUE: how many messages there are, shown and hidden.
	const look = /^\/_stand_in\/attributes\/([\w-]+)$/.exec(req.url);
	if (look) {
		const wanted = { QueueUrl: `http://127.0.0.1/123456789012/${look[1]}`, AttributeNames: ["All"] };
		return ask(json("GetQueueAttributes"), JSON.stringify(wanted), say);
	}
	if (!isSigned(req, sha256(body))) {
		const refusal = { __type: "com.amazon.coral.service#InvalidSignatureException",
			message: "The request signature we calculated does not match the signature you provided." };
		return say(403, { "content-type": "application/x-amz-json-1.0" }, Buffer.from(JSON.stringify(refusal)));
	}
	const headers = { ...json(""), "x-amz-target": req.headers["x-amz-target"] };
	if (headers["x-amz-target"] !== "AmazonSQS.ReceiveMessage") return ask(headers, body, say);
	// Asked again and again, so that a poll that was given up takes nothing.
	const until = Date.now() + 1000 * (JSON.parse(body).WaitTimeSeconds ?? 0);
	const short = JSON.stringify({ ...JSON.parse(body), WaitTimeSeconds: 0 });
	const poll = () => ask(headers, short, (status, more, text) => {
		if (text.length || Date.now() >= until) return say(status, more, text);
		setTimeout(() => res.closed || poll(), 20);
	});
	poll();
}

const front = http.createServer((req, res) => {
	const parts = [];
	req.on("data", (part) => parts.push(part));
	req.on("end", () => answer(req, res, Buffer.concat(parts)));
});
front.listen(0, "127.0.0.1", () => {
	console.log(`sqs ${front.address().port}`);
	console.log("ready");
});
process.stdin.on("end", () => process.exit(0)).resume();
