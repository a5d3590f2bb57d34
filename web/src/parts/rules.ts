// SPDX-License-Identifier: Apache-2.0
// Rules as the API lists them.
import { get } from "../api";
import type { Level } from "./text";

export interface Rule {
	id: string;
	title: string;
	level: Level;
	status: string;
	kind: string;
	product: string;
	/** The audit level that it needs: base, advanced, full; "" is any. */
	coverage: string;
	file: string;
	description: string;
	/** Why it raises nothing by itself. */
	remark: string;
	tags: string[];
	falsepositives: string[];
	shipped: boolean;
	enabled: boolean;
	/** It raises alerts by itself; else it is part of others. */
	alone: boolean;
	alerts: number;
}

export function listRules(signal?: AbortSignal): Promise<Rule[]> {
	return get<{ rules: Rule[] }>("/rules", {}, signal).then((answer) => answer.rules);
}

export const kinds: Record<string, string> = {
	event: "single events",
	event_count: "number of events",
	value_count: "number of values",
	temporal: "together",
	temporal_ordered: "one after another",
	first_seen: "first seen",
	rare: "rarely seen",
};

/** What an expression was seen to match in one table. */
export interface Seen {
	table: string;
	/** Of a test: the table has its field. */
	has_field?: boolean;
	events: number;
	last_seen: string | null;
}

/** A rule taken apart: can it fire here? Of a correlation, the rules that it is made of. */
export interface Explain {
	rule: string;
	title: string;
	can_fire: boolean;
	/** Why it cannot, a sentence each. */
	why: string[];
	/** The audit level that it needs, and those that were seen. */
	coverage?: string;
	levels?: { table: string; BASE: number; ADVANCED: number; FULL: number }[];
	tests?: { test: string; negated: boolean; seen: Seen[] }[];
	matches?: Seen[];
	correlation?: string;
	timespan_s?: number;
	rules?: Explain[];
}

export interface WholeRule extends Rule {
	author: string;
	date: string;
	modified: string;
	references: string[];
	/** Whose events go into one alert, and for how long after one another. */
	group: string[];
	window_s: number;
	/** The number in its condition as it is set; null where it has none. */
	threshold: number | null;
	yaml: string | null;
	explain: Explain;
}

export function getRule(id: string, signal?: AbortSignal): Promise<WholeRule> {
	return get<WholeRule>(`/rules/${encodeURIComponent(id)}`, {}, signal);
}
