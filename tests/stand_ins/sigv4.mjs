// SPDX-License-Identifier: Apache-2.0
// AWS Signature Version 4 as a server checks it, from what is on the wire; for the stand-ins whose
// packages take any signature. The only key there is: S3RVER, S3RVER.
import crypto from "node:crypto";

const SECRET = "S3RVER";
const hmac = (key, text) => crypto.createHmac("sha256", key).update(text).digest();
export const sha256 = (data) => crypto.createHash("sha256").update(data).digest("hex");
const coded = (text) =>
	encodeURIComponent(text).replace(/[!'()*]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
const recoded = (text) => coded(decodeURIComponent(text));

// The signature that the request should have.
function signature(req, signedHeaders, scope, payloadHash) {
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
		payloadHash,
	].join("\n");
	const text = ["AWS4-HMAC-SHA256", req.headers["x-amz-date"], scope, sha256(canonical)].join("\n");
	const key = scope.split("/").reduce(hmac, "AWS4" + SECRET);
	return hmac(key, text).toString("hex");
}

// Whether a request is signed with the secret, host and all its x-amz- headers included.
export function isSigned(req, payloadHash) {
	const given = /Credential=[^/]+\/(\S+), SignedHeaders=(\S+), Signature=(\S+)/.exec(
		req.headers.authorization ?? "");
	const names = given?.[2].split(";") ?? [];
	const loose = Object.keys(req.headers).filter((n) => n.startsWith("x-amz-") && !names.includes(n));
	return Boolean(given) && names.includes("host") && loose.length === 0 &&
		signature(req, names, given[1], payloadHash) === given[3];
}
