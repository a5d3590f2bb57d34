// SPDX-License-Identifier: Apache-2.0
// Alerts as the API gives them, what people do about them, and how they are shown in lists of a few.
import { post } from "../api";
import type { Event } from "./event";
import { count } from "./show";
import { Ago, type Level, Log, levels, Severity } from "./text";
import { Value } from "./value";

export type AlertState = "open" | "acknowledged" | "closed" | "withdrawn";

export interface Alert {
	id: string;
	state: AlertState;
	reason: string | null;
	level: Level;
	title: string;
	rule: string;
	/** "actor: mallory": whose events are in it. */
	group: string;
	first_event: string | null;
	last_event: string | null;
	events: number;
	new_events: number;
	values?: number;
	actor: string | null;
	target: string | null;
	ip: string | null;
	origin: string | null;
	sources: string[];
	provisional: boolean;
	created_at: string;
	changed_at: string;
}

export interface WholeAlert extends Alert {
	evidence: { id: string; table: string; time: string | null; event: Event | null }[];
	notes: { at: string; who: string; text: string; comment?: string | null }[];
	aliases: string[];
}

export type AlertCounts = Record<AlertState, Record<Level, number>>;

export const reasons: [string, string][] = [
	["true-positive", "true positive: it was an attack"],
	["benign", "benign: it happened, and was meant to"],
	["false-positive", "false positive: the rule is wrong here"],
	["duplicate", "duplicate: another alert has it"],
];

export type Act = "ack" | "close" | "reopen" | "comment";

export function actOn(id: string, act: Act, body: { reason?: string; comment?: string } = {}): Promise<WholeAlert> {
	const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value));
	return post<WholeAlert>(`/alerts/${encodeURIComponent(id)}/${act}`, given);
}

/** Whether an act does something to an alert. */
export function takes(alert: Alert, act: Act): boolean {
	if (alert.state === "withdrawn") return act === "comment";
	if (act === "ack") return alert.state === "open";
	if (act === "close") return alert.state !== "closed";
	if (act === "reopen") return alert.state !== "open";
	return true;
}

export interface Done {
	done: number;
	failed: { id: string; why: string }[];
	/** Those that there are, as they are now. */
	alerts: Alert[];
}

/** The same to many: at most `atOnce` in one request. */
export const atOnce = 250;
export function actOnMany(ids: string[], act: Act, body: { reason?: string; comment?: string } = {}): Promise<Done> {
	const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value));
	return post<Done>(`/alerts/${act}`, { ids, ...given });
}

/** "actor: mallory, ip: 203.0.113.7" as names and values; a value may have commas of its own. */
export function groupParts(group: string): [name: string, value: string][] {
	if (!group) return [];
	return group.split(/, (?=[A-Za-z_][\w.]*: )/).map((part) => {
		const at = part.indexOf(": ");
		return at < 0 ? ["", part] : [part.slice(0, at), part.slice(at + 2)];
	});
}

/** Whose events are in an alert. */
export function Group({ alert }: { alert: Alert }) {
	const parts = groupParts(alert.group);
	if (parts.length === 0) return <span class="dim">everybody</span>;
	return (
		<span class="group">
			{parts.map(([name, value], at) => (
				<span key={at}>
					<span class="dim">{name}</span>
					<Value field={searchable(name)} value={value} />
				</span>
			))}
		</span>
	);
}

/** The fields of groups that the search language has no name for are searched as words of any field. */
function searchable(name: string): string {
	return name === "account" ? "target" : name || "target";
}

export function rank(level: Level): number {
	const at = levels.indexOf(level);
	return at < 0 ? levels.length : at;
}

export function AlertState({ alert }: { alert: Alert }) {
	const shape = { open: "●", acknowledged: "◐", closed: "✓", withdrawn: "–" }[alert.state];
	return (
		<span class={alert.state === "open" ? "" : "dim"}>
			<span aria-hidden="true">{shape} </span>
			{alert.state}
			{alert.reason && `: ${alert.reason}`}
			{alert.new_events > 0 && <b> +{count(alert.new_events)} new</b>}
		</span>
	);
}

/** A few alerts, one a line, each a link to it; `plain`: they are not stored, so there is nothing to open. */
export function AlertList({ alerts, plain = false }: { alerts: Alert[]; plain?: boolean }) {
	return (
		<ul class="alert-list">
			{alerts.map((alert) => (
				<li key={alert.id}>
					<Severity level={alert.level} />
					{plain ? (
						<Log text={alert.title} />
					) : (
						<a href={`/alerts/${alert.id}`}>
							<Log text={alert.title} />
						</a>
					)}
					<span class="alert-list-who">
						<Group alert={alert} />
						{alert.state !== "open" && <span class="dim"> · {alert.state}</span>}
					</span>
					<Ago at={alert.last_event} />
				</li>
			))}
		</ul>
	);
}
