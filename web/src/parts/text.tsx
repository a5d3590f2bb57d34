// SPDX-License-Identifier: Apache-2.0
// Small things that are shown everywhere: log text, times, severities, tables' names.
import { ago, pieces, tableName, time, utc } from "./show";

/** Text out of a log: data, with what is invisible made visible. */
export function Log({ text }: { text: string }) {
	return (
		<bdi class="log">
			{pieces(text).map((piece, at) =>
				piece.odd ? (
					<span class="odd" key={at}>
						{piece.text}
					</span>
				) : (
					piece.text
				),
			)}
		</bdi>
	);
}

/** A time in the viewer's zone, with UTC on hover. */
export function Time({
	at,
	relative = false,
	ms = true,
}: {
	at: string | null | undefined;
	relative?: boolean;
	ms?: boolean;
}) {
	if (!at) return <span class="dim">–</span>;
	return (
		<time dateTime={at} title={utc(at)} class="num">
			{time(at, ms)}
			{relative && <span class="dim"> · {ago(at)}</span>}
		</time>
	);
}

/** Only "3 h ago", the whole on hover. */
export function Ago({ at }: { at: string | null | undefined }) {
	if (!at) return <span class="dim">never</span>;
	return (
		<time dateTime={at} title={`${time(at)} · ${utc(at)}`} class="num">
			{ago(at)}
		</time>
	);
}

export type Level = "informational" | "low" | "medium" | "high" | "critical";
export const levels: Level[] = ["critical", "high", "medium", "low", "informational"];

const shapes: Record<Level, string> = { critical: "◆", high: "▲", medium: "●", low: "○", informational: "·" };

/** A severity: a colour, a shape and a word; `short`: the word is read out only. */
export function Severity({ level, short = false }: { level: Level; short?: boolean }) {
	return (
		<span class={`level ${level}`}>
			<span aria-hidden="true">{shapes[level] ?? "·"}</span> {short ? <span class="hidden">{level}</span> : level}
		</span>
	);
}

/** How a source or a rule is doing: a shape and a word. */
export function State({ good, children }: { good: boolean | null; children: preact.ComponentChildren }) {
	const kind = good === null ? "idle" : good ? "good" : "bad";
	return (
		<span class={`state ${kind}`}>
			<span aria-hidden="true">{good === null ? "○" : good ? "●" : "▲"}</span> {children}
		</span>
	);
}

export function Table({ name }: { name: string }) {
	return (
		<span class="tag" title={name}>
			{tableName(name)}
		</span>
	);
}
