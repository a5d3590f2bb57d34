// SPDX-License-Identifier: Apache-2.0
// The guide's file of domain, mail and token, as people have it.
import type { Values } from "./sources_kinds";

const aliases: Record<string, string> = {
	domain: "domain",
	site: "domain",
	url: "domain",
	mail: "mail",
	email: "mail",
	api_token: "api_token",
	token: "api_token",
	bucket: "bucket",
	region: "region",
	org_id: "org_id",
	access_key_id: "access_key_id",
	secret_access_key: "secret_access_key",
};

/** The guide's file, {"domain", "mail", "api_token"}, as JSON (typographic quotes too) or as lines "key: value". */
export function readCreds(text: string): Values | null {
	const plain = text
		.replace(/[“”„‟«»]/g, '"')
		.replace(/^\ufeff/, "")
		.trim();
	if (plain.length > 65536) return null;
	let pairs: [string, unknown][] = [];
	try {
		const read: unknown = JSON.parse(plain.replace(/,\s*}$/, "}"));
		if (read && typeof read === "object" && !Array.isArray(read)) pairs = Object.entries(read);
	} catch {
		if (!plain.includes("\n")) return null;
		pairs = plain
			.split(/\r?\n/)
			.map((line) => /^\s*"?([A-Za-z_ -]+?)"?\s*[:=]\s*"?(.*?)"?,?\s*$/.exec(line))
			.filter((found) => found !== null)
			.map((found): [string, unknown] => [found[1]!, found[2]]);
	}
	const values: Values = {};
	for (const [key, value] of pairs) {
		const name = aliases[key.trim().toLowerCase().replace(/[ -]/g, "_")];
		if (name && typeof value === "string" && value) values[name] = value.trim();
	}
	return Object.keys(values).length ? values : null;
}
