// SPDX-License-Identifier: Apache-2.0
// What the queue of alerts has loaded: rules with their numbers, the alerts of those that are open, or all one by one.
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get } from "../api";
import { useLoad } from "../app/load";
import type { Alert, AlertCounts } from "../parts/alert";
import { sayFailed } from "../parts/notice";
import { type Level, levels } from "../parts/text";
import type { AlertRule } from "./alerts_list";

/** More than these are not loaded at once, of one rule or of all; the page says so then. */
export const most = 50000;

interface List {
	alerts: Alert[];
	counts: AlertCounts;
}
interface Rules {
	rules: AlertRule[];
	counts: AlertCounts;
}
export type Filter = Record<"state" | "rule" | "text" | "since" | "until", string>;

/** Whether alerts came or changed since `counts`: asked now and then, so that the list never moves under the hand. */
export function useNews(counts: AlertCounts | undefined): boolean {
	const now = useLoad((signal) => get<List>("/alerts", { limit: 1 }, signal), [counts], 30000);
	return !!counts && !!now.data && !now.loading && JSON.stringify(counts) !== JSON.stringify(now.data.counts);
}

/** Alerts by rule, loaded when they are wanted; what is seen stays until it is there anew. */
function useMembers(filter: Filter, chosen: string, open: Set<string>, turn: number) {
	const [held, setHeld] = useState(new Map<string, Alert[]>());
	const asked = useRef(new Map<string, Promise<Alert[]>>());
	const key = JSON.stringify([filter, chosen]);
	useEffect(() => {
		asked.current = new Map();
		setHeld((was) => new Map([...was].filter(([rule]) => open.has(rule))));
	}, [key, turn]);
	useEffect(() => setHeld(new Map()), [key]);
	const load = (rule: string): Promise<Alert[]> => {
		const mine = asked.current;
		const known = mine.get(rule);
		if (known) return known;
		const coming = get<List>("/alerts", { ...filter, rule, levels: chosen, limit: most }).then((answer) => {
			// A title of one rule may be the id of another.
			const alerts = answer.alerts.filter((alert) => alert.rule === rule);
			if (asked.current === mine) setHeld((was) => new Map(was).set(rule, alerts));
			return alerts;
		});
		mine.set(rule, coming);
		coming.catch(() => mine.delete(rule));
		return coming;
	};
	return { held, setHeld, load };
}

/** A list after some of its alerts changed: `fits` says which belong to it. */
function merged(list: Alert[], fresh: Alert[], fits: (alert: Alert) => boolean): Alert[] {
	const now = new Map(fresh.map((alert) => [alert.id, alert]));
	const known = new Set(list.map((alert) => alert.id));
	return [...list.map((alert) => now.get(alert.id) ?? alert), ...fresh.filter((alert) => !known.has(alert.id))].filter(
		fits,
	);
}

export function useQueue(filter: Filter, chosen: string, grouped: boolean, open: Set<string>) {
	const [turn, setTurn] = useState(0);
	const words = Object.values(filter);
	const rules = useLoad(
		async (signal) => {
			const ask = (some: string) => get<Rules>("/alerts", { ...filter, group: "rule", levels: some }, signal);
			const [all, some] = await Promise.all([ask(""), chosen && grouped ? ask(chosen) : null]);
			return { all, shown: some ?? all };
		},
		[...words, chosen, grouped],
	);
	const list = useLoad<List | null>(
		(signal) =>
			grouped ? Promise.resolve(null) : get<List>("/alerts", { ...filter, levels: chosen, limit: most }, signal),
		[...words, chosen, grouped],
	);
	const [alerts, setAlerts] = useState<Alert[]>([]);
	useEffect(() => setAlerts(list.data?.alerts ?? []), [list.data]);
	const members = useMembers(filter, chosen, open, turn);
	useEffect(() => {
		for (const rule of grouped ? open : []) members.load(rule).catch(sayFailed);
	}, [...words, chosen, grouped, open, turn]);
	const reload = useCallback(() => {
		rules.reload();
		list.reload();
		setTurn((n) => n + 1);
	}, [rules.reload, list.reload]);
	/** Alerts as they are now. */
	const changed = (fresh: Alert[]) => {
		if (fresh.length === 0) return;
		const states = !filter.state ? ["open", "acknowledged"] : filter.state === "all" ? null : filter.state.split(",");
		const fits = (alert: Alert) => !states || states.includes(alert.state);
		setAlerts((was) => merged(was, fresh, fits));
		members.setHeld((was) => {
			const next = new Map(was);
			for (const [rule, known] of was) {
				const mine = fresh.filter((alert) => alert.rule === rule);
				if (mine.length > 0) next.set(rule, merged(known, mine, fits));
			}
			return next;
		});
		rules.reload();
	};
	const totals = useMemo(() => {
		const sums = new Map<Level, number>();
		for (const rule of rules.data?.all.rules ?? [])
			for (const level of levels)
				for (const state of Object.values(rule.counts)) sums.set(level, (sums.get(level) ?? 0) + state[level]);
		return sums;
	}, [rules.data]);
	const known = useMemo(() => (grouped ? [...members.held.values()].flat() : alerts), [grouped, members.held, alerts]);
	return {
		rules: rules.data?.shown.rules ?? [],
		counts: rules.data?.all.counts,
		totals,
		members: members.held,
		load: members.load,
		/** Alerts that are loaded, of all rules. */
		known,
		loading: rules.loading || list.loading,
		error: rules.error || list.error,
		reload,
		changed,
		cut: alerts.length >= most || [...members.held.values()].some((one) => one.length >= most),
	};
}
