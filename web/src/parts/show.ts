// SPDX-License-Identifier: Apache-2.0
// Numbers, times and log text as people read them.

const whole = new Intl.NumberFormat("en-GB");

export function count(n: number): string {
	return whole.format(n);
}

/** "12,408 events", "1 event". */
export function counted(n: number, noun: string, plural = `${noun}s`): string {
	return `${whole.format(n)} ${n === 1 ? noun : plural}`;
}

/** 12.4 k, 3.1 M: where there is no room; the exact number goes into the title. */
export function short(n: number): string {
	if (n < 10000) return whole.format(n);
	if (n < 1e6) return `${(n / 1e3).toFixed(n < 1e5 ? 1 : 0)} k`;
	return `${(n / 1e6).toFixed(n < 1e8 ? 1 : 0)} M`;
}

export function bytes(n: number): string {
	const units = ["B", "kB", "MB", "GB", "TB"];
	let at = 0;
	let value = n;
	while (value >= 1000 && at < units.length - 1) {
		value /= 1000;
		at++;
	}
	return `${at === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[at]}`;
}

/** Seconds as "38 s", "4 min", "3 h", "12 d". */
export function span(seconds: number): string {
	const s = Math.abs(seconds);
	if (s < 1) return `${Math.round(s * 1000)} ms`;
	if (s < 100) return `${Math.round(s)} s`;
	if (s < 6000) return `${Math.round(s / 60)} min`;
	if (s < 172800) return `${Math.round(s / 3600)} h`;
	return `${Math.round(s / 86400)} d`;
}

/** "3 h ago", "in 12 d". */
export function ago(time: string | null | undefined, now = Date.now()): string {
	if (!time) return "never";
	const seconds = (now - Date.parse(time)) / 1000;
	if (Math.abs(seconds) < 5) return "now";
	return seconds >= 0 ? `${span(seconds)} ago` : `in ${span(seconds)}`;
}

const two = (n: number) => String(n).padStart(2, "0");
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "22 Nov 14:03:11.410" in the viewer's zone; the year where it is not this one. */
export function time(text: string, withMs = true): string {
	const at = new Date(text);
	if (Number.isNaN(at.getTime())) return text;
	const year = at.getFullYear() === new Date().getFullYear() ? "" : ` ${at.getFullYear()}`;
	const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
	const ms = withMs ? `.${String(at.getMilliseconds()).padStart(3, "0")}` : "";
	return `${at.getDate()} ${months[at.getMonth()]}${year} ${clock}${ms}`;
}

/** "22 Nov", "22 Nov 14:00": a place on an axis. */
export function tick(ms: number, step: number): string {
	const at = new Date(ms);
	const day = `${at.getDate()} ${months[at.getMonth()]}`;
	if (step >= 86400000) return day;
	const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
	return step >= 60000 ? `${day} ${clock}` : `${clock}:${two(at.getSeconds())}`;
}

/** As a line of a title: UTC, whole. */
export function utc(text: string): string {
	return `${text.replace("T", " ").replace(/Z$/, "")} UTC`;
}

// C0 and C1, marks of direction, what is invisible, and lone surrogates: never left to the browser to interpret.
const odd =
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
	/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\u3164\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export interface Piece {
	text: string;
	odd: boolean;
}

/** Log text in pieces: plain ones, and characters that nobody would see, by name. */
export function pieces(text: string): Piece[] {
	const list: Piece[] = [];
	let from = 0;
	for (const found of text.matchAll(odd)) {
		if (found.index > from) list.push({ text: text.slice(from, found.index), odd: false });
		const code = found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
		list.push({ text: found[0] === "\n" ? "↵" : found[0] === "\t" ? "⇥" : `U+${code}`, odd: true });
		from = found.index + found[0].length;
	}
	if (from < text.length) list.push({ text: text.slice(from), odd: false });
	return list;
}

/** The plain name of a table: "jira" of "jira_audit_logs". */
export function tableName(table: string): string {
	if (table === "atlassian_org_events") return "org";
	if (table === "third_party_alerts") return "alerts";
	return table.replace(/_audit_logs$/, "");
}

/** A value as the search language takes it: in quotes where it must. */
export function quoted(value: string): string {
	if (/^[A-Za-z0-9_.@-]+$/.test(value) && !/^(AND|OR|NOT|TO)$/.test(value) && !value.startsWith("-")) return value;
	return `'${value.replace(/[\\']/g, "\\$&")}'`;
}
