// SPDX-License-Identifier: Apache-2.0
// S3's object lock before a server that knows none (s3rver): the bucket "evidence" has it; "no-retention" too, but its keys may not lock;
// "write-only" too, but its keys may not look at locks; "deaf" is on a server that passes over the headers of locks.
// Rules as in the Amazon S3 API Reference (PutObject, GetObjectRetention). s3rver keeps one version of an object, so that writing over a
// locked one, which S3 takes as a new version, would be its end: refused here.
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";

const LOCKED = ["evidence", "no-retention", "write-only"];

function refuse(ctx, status, code, message) {
	ctx.status = status;
	ctx.type = "application/xml";
	ctx.body = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}

// Why the headers of a PUT lock nothing: [status, code, message].
function wrong(bucket, headers) {
	const mode = headers["x-amz-object-lock-mode"], until = headers["x-amz-object-lock-retain-until-date"];
	if (!mode && !until) return null;
	if (!LOCKED.includes(bucket)) return [400, "InvalidRequest", "Bucket is missing Object Lock Configuration"];
	if (bucket === "no-retention") return [403, "AccessDenied", "Access Denied"];
	if (!mode || !until)
		return [400, "InvalidArgument", "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"];
	if (!["COMPLIANCE", "GOVERNANCE"].includes(mode)) return [400, "InvalidArgument", "Unknown wormMode directive."];
	if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(until) || !(Date.parse(until) > Date.now()))
		return [400, "InvalidArgument", "The retain until date must be in the future!"];
	if (!headers["content-md5"] && !headers["x-amz-checksum-sha256"])
		return [400, "InvalidRequest", "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters"];
	return null;
}

// The front, for s3rver's folder.
export function objectLock(folder) {
	const locks = new Map(); // "bucket/key": { mode, until }
	return async (ctx, next) => {
		const name = decodeURIComponent(ctx.path.slice(1)), bucket = name.split("/")[0], headers = ctx.headers;
		if (bucket === "deaf") return next();
		const file = path.join(folder, name + "._S3rver_object"), lock = locks.get(name);
		if (ctx.method === "GET" && "retention" in ctx.query) {
			if (bucket === "write-only") return refuse(ctx, 403, "AccessDenied", "Access Denied");
			if (!lock) return refuse(ctx, 404, "NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration");
			ctx.type = "application/xml";
			ctx.body = `<Retention><Mode>${lock.mode}</Mode><RetainUntilDate>${lock.until}</RetainUntilDate></Retention>`;
			return;
		}
		const why = ctx.method === "PUT" && fs.existsSync(path.join(folder, bucket)) ? wrong(bucket, headers) : null;
		if (why) return refuse(ctx, ...why);
		if (ctx.method === "PUT" && headers["if-none-match"] === "*" && fs.existsSync(file))
			return refuse(ctx, 412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
		if (["PUT", "DELETE"].includes(ctx.method) && lock && Date.parse(lock.until) > Date.now())
			return refuse(ctx, 403, "AccessDenied", "Access Denied because object protected by object lock.");
		await next();
		if (ctx.method !== "PUT" || ctx.status !== 200 || !headers["x-amz-object-lock-mode"]) return;
		const body = fs.readFileSync(file), sum = (kind) => crypto.createHash(kind).update(body).digest("base64");
		if ((headers["content-md5"] ?? sum("md5")) !== sum("md5") ||
			(headers["x-amz-checksum-sha256"] ?? sum("sha256")) !== sum("sha256")) {
			fs.unlinkSync(file);
			return refuse(ctx, 400, "BadDigest", "The checksum you specified did not match what we received.");
		}
		locks.set(name, { mode: headers["x-amz-object-lock-mode"], until: headers["x-amz-object-lock-retain-until-date"] });
	};
}
