// SPDX-License-Identifier: Apache-2.0
// A real SMTP server (smtp-server, from tests/npm) for tests: smtp_server.mjs CERT KEY [HOW…]; HOW: plain (no STARTTLS),
// auth (user "pugmark", password "open sesame" are wanted), tls (from the first byte), refuse (every recipient), late (N
// mails are put off first: late=N). Prints "smtp PORT", then "ready", then a JSON object a mail; ends with its standard input.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../npm/", import.meta.url));
const { SMTPServer } = require("smtp-server");
const [cert, key, ...how] = process.argv.slice(2);
let late = Number((how.find((word) => word.startsWith("late=")) ?? "late=0").slice(5));

function refusal(code, text) {
	const error = new Error(text);
	error.responseCode = code;
	return error;
}

const server = new SMTPServer({
	cert: readFileSync(cert),
	key: readFileSync(key),
	secure: how.includes("tls"),
	hideSTARTTLS: how.includes("plain"),
	authOptional: !how.includes("auth"),
	allowInsecureAuth: false,
	disabledCommands: how.includes("auth") ? [] : ["AUTH"],
	onAuth(auth, session, done) {
		const good = auth.username === "pugmark" && auth.password === "open sesame" && session.secure;
		done(good ? null : refusal(535, "no"), { user: auth.username });
	},
	onRcptTo(address, session, done) {
		done(how.includes("refuse") ? refusal(550, "nobody here of that name") : null);
	},
	onData(stream, session, done) {
		const parts = [];
		stream.on("data", (part) => parts.push(part));
		stream.on("end", () => {
			if (late-- > 0) return done(refusal(451, "later, please"));
			console.log(
				JSON.stringify({
					secure: session.secure,
					user: session.user ?? null,
					from: session.envelope.mailFrom.address,
					to: session.envelope.rcptTo.map((one) => one.address),
					text: Buffer.concat(parts).toString("latin1"),
				}),
			);
			done();
		});
	},
});
server.on("error", () => {}); // a client that goes away is no end of the server
server.listen(0, "127.0.0.1", () => {
	console.log(`smtp ${server.server.address().port}`);
	console.log("ready");
});
process.stdin.on("end", () => process.exit(0)).resume();
