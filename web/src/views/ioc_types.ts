// SPDX-License-Identifier: Apache-2.0
// What came of each indicator, and how the page asks further about one.
import type { Level } from "../parts/text";

export interface Answer {
	indicator: string;
	/** Of the file that it stood in. */
	line?: number;
	/** Why it cannot be looked for; nothing else is there then. */
	unusable?: string;
	kind?: string;
	events?: number;
	/** `events` is an upper bound. */
	at_most?: boolean;
	tables?: Record<string, number>;
	first_seen?: string | null;
	last_seen?: string | null;
	actors?: string[];
	more_actors?: boolean;
	caution?: string | null;
}

export interface IocAnswer {
	indicators: Answer[];
	given: number;
	seen: number;
	unusable: number;
	segments_not_indexed: number;
}

export interface Watchlist {
	name: string;
	indicators: number;
	unusable: number;
	bytes: number;
	exact: boolean;
	paused: boolean;
	swept: boolean;
	confidence: number;
	expire_s: number;
	level: Level;
	tags: string | null;
	/** Of a feed. */
	url: string | null;
	changed_at: string | null;
	fetched_at: string | null;
	error: string | null;
	added: number;
	removed: number;
}

export interface Feed {
	name: string;
	url: string;
	settings: Record<string, unknown>;
	secrets: string;
	interval_s: number;
	paused: boolean;
	indicators: number;
	unusable: number;
	added: number;
	removed: number;
	swept: boolean;
	failures: number;
	fetched_at: string | null;
	changed_at: string | null;
	next_at: string | null;
	failing_since: string | null;
	error: string | null;
}

/** What came of putting indicators onto a list. */
export interface Filled {
	name: string;
	indicators: number;
	added: number;
	removed: number;
	duplicates: number;
	contradictory: number;
	unusable: number;
	not_taken: { text: string; line?: number; reason: string | null }[];
	history: { indicators: number; events: number; new_alerts: number; unread_segments: number } | null;
}

export type Shown = "all" | "seen" | "missed" | "unusable";

export function fits(answer: Answer, shown: Shown): boolean {
	if (shown === "all") return true;
	if (answer.unusable !== undefined) return shown === "unusable";
	return shown === (answer.events ? "seen" : "missed");
}

export function eventsText(answer: Answer, count: (n: number) => string): string {
	return `${answer.at_most ? "≤ " : ""}${count(answer.events ?? 0)}`;
}

/** Without its defanging and scheme, as it stands in events. */
function plain(text: string): string {
	return text
		.trim()
		.replace(/\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)|\\\./gi, ".")
		.replace(/\[@\]|\[at\]|\(at\)/gi, "@")
		.replace(/\[:\]/g, ":")
		.replace(/\[:\/\/\]/g, "://")
		.replace(/\[\/\]|\\\//g, "/")
		.replace(/^[a-z*]{3,6}:\/\//i, "")
		.replace(/^["'<]+|[>"',;]+$/g, "");
}

/** A search for its events: addresses by the fields of addresses, the rest by the text. */
export function eventsQuery(answer: Answer): string {
	const text = plain(answer.indicator);
	if (/^ipv[46]/.test(answer.kind ?? "")) {
		const range = /^([0-9a-f.:]+)\s*-\s*([0-9a-f.:]+)$/i.exec(text);
		if (range) {
			const last =
				range[2]!.includes(".") || range[2]!.includes(":") ? range[2]! : range[1]!.replace(/\d+$/, range[2]!);
			return `ip:[${range[1]} TO ${last}]`;
		}
		return text.includes("/") ? `ip:${text}` : text.replace(/:\d+$/, (port) => (text.includes(".") ? "" : port));
	}
	const word = text.replace(/^\*\./, ".");
	return `"${word.replace(/[\\"]/g, "\\$&")}"`;
}

/** A second after the last event, so that it is within the time searched. */
export function until(answer: Answer): string | undefined {
	return answer.last_seen ? new Date(Date.parse(answer.last_seen) + 1000).toISOString() : undefined;
}
