// SPDX-License-Identifier: Apache-2.0
// The queue of alerts in the order of triage: by rule, the gravest first; or one by one, the newest first.
import { type Alert, type AlertCounts, rank } from "../parts/alert";
import { type Level, levels } from "../parts/text";

/** A rule and its alerts in numbers, as the API counts them. */
export interface AlertRule {
	rule: string;
	title: string;
	alerts: number;
	events: number;
	groups: number;
	actors: number;
	/** Of all of its alerts, where they have the same one. */
	actor: string | null;
	newest: string | null;
	counts: AlertCounts;
}
export interface RuleRow {
	kind: "rule";
	id: string;
	title: string;
	level: Level;
	numbers: AlertRule;
	/** Its alerts, where they are loaded. */
	alerts: Alert[] | undefined;
	open: boolean;
}
export interface AlertRow {
	kind: "alert";
	id: string;
	alert: Alert;
	inside: boolean;
}
export type QueueRow = RuleRow | AlertRow;

/** Times of the API sort as text. */
function later(a: string | null, b: string | null): number {
	const [x, y] = [a ?? "", b ?? ""];
	return x === y ? 0 : x < y ? 1 : -1;
}
const byTime = (a: Alert, b: Alert) => later(a.last_event, b.last_event);

function alertRows(alerts: Alert[], inside: boolean): AlertRow[] {
	return alerts.map((alert) => ({ kind: "alert", id: alert.id, alert, inside }));
}

/** The gravest level that some of a rule's alerts have. */
function gravest(rule: AlertRule): Level {
	return levels.find((level) => Object.values(rule.counts).some((state) => state[level] > 0)) ?? "informational";
}

/** Rules, and below those that are open their alerts, as far as they are there. */
export function ruleRows(rules: AlertRule[], members: Map<string, Alert[]>, open: Set<string>): QueueRow[] {
	return rules
		.map((rule): RuleRow => {
			const alerts = members.get(rule.rule);
			const level = gravest(rule);
			return {
				kind: "rule",
				id: rule.rule,
				title: rule.title,
				level,
				numbers: rule,
				alerts,
				open: open.has(rule.rule),
			};
		})
		.sort((a, b) => rank(a.level) - rank(b.level) || later(a.numbers.newest, b.numbers.newest))
		.flatMap<QueueRow>((row) => {
			const inside = [...((row.open && row.alerts) || [])];
			return [
				row,
				...alertRows(
					inside.sort((a, b) => rank(a.level) - rank(b.level) || byTime(a, b)),
					true,
				),
			];
		});
}

/** All one by one. */
export function singleRows(alerts: Alert[]): QueueRow[] {
	return alertRows([...alerts].sort(byTime), false);
}
