// SPDX-License-Identifier: Apache-2.0
// Alerts: the queue, by rule or one by one, with its filters in the URL; triage of one or of many.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { change, go, place } from "../app/place";
import { may } from "../app/session";
import type { AlertCounts } from "../parts/alert";
import { EventDrawer } from "../parts/event_drawer";
import { Empty, Failed, sayFailed, Waiting } from "../parts/notice";
import { Rows } from "../parts/rows";
import { count, counted } from "../parts/show";
import { type Level, levels } from "../parts/text";
import { AlertDrawer } from "./alert_drawer";
import { ChosenBar, useActs } from "./alerts_bulk";
import { useColumns } from "./alerts_columns";
import { Filters, Levels } from "./alerts_filters";
import { type QueueRow, ruleRows, singleRows } from "./alerts_list";
import { most, useNews, useQueue } from "./alerts_load";

/** The address of the queue with its filters, and one alert open in it. */
function alertAddress(id: string | null): string {
	const words = new URLSearchParams(place.value.params);
	words.delete("event");
	const text = words.toString();
	return `/alerts${id ? `/${id}` : ""}${text ? `?${text}` : ""}`;
}

export function Alerts() {
	const { id, params } = place.value;
	const text = (name: string) => params.get(name) ?? "";
	const asked = {
		state: text("state"),
		rule: text("rule"),
		text: text("text"),
		since: text("since"),
		until: text("until"),
	};
	const chosenLevels = text("levels").split(",").filter(Boolean) as Level[];
	const open = useMemo(() => new Set(text("open").split(",").filter(Boolean)), [text("open")]);
	const grouped = text("by") !== "time";
	const loaded = useQueue(asked, text("levels"), grouped, open);
	const { act, bulk } = useActs(loaded.changed);
	const { rules, members, known } = loaded;
	const rows = useMemo(
		() => (grouped ? ruleRows(rules, members, open) : singleRows(known)),
		[grouped, rules, members, known, open],
	);
	const total = grouped ? rules.reduce((sum, rule) => sum + rule.alerts, 0) : known.length;
	const [marked, setMarked] = useState(new Set<string>());
	useEffect(() => setMarked(new Set()), [...Object.values(asked), text("levels")]);
	const chosen = useMemo(() => known.filter((alert) => marked.has(alert.id)), [known, marked]);
	const markAll = (ids: string[]) => {
		setMarked((was) => {
			const all = ids.every((one) => was.has(one));
			const next = new Set(was);
			for (const one of ids) {
				if (all) next.delete(one);
				else next.add(one);
			}
			return next;
		});
	};
	/** A rule's alerts are loaded first, so that one sees how many they are. */
	const mark = (row: QueueRow) => {
		if (row.kind === "alert") markAll([row.alert.id]);
		else if (row.alerts) markAll(row.alerts.map((alert) => alert.id));
		else loaded.load(row.id).then((alerts) => markAll(alerts.map((alert) => alert.id)), sayFailed);
	};
	/** Rows that are marked, rules among them whose alerts all are. */
	const markedRows = useMemo(() => {
		const set = new Set(marked);
		for (const row of rows) {
			if (row.kind === "rule" && row.alerts?.length && row.alerts.every((alert) => marked.has(alert.id)))
				set.add(row.id);
		}
		return set;
	}, [rows, marked]);
	const openRow = (row: QueueRow) => {
		if (row.kind === "alert") go(alertAddress(row.alert.id), !!id);
		else toggle(row.id);
	};
	const toggle = (rule: string) => {
		const next = new Set(open);
		if (!next.delete(rule)) next.add(rule);
		change({ open: [...next].join(",") }, true);
	};
	const analyst = may("analyst");
	const latest = useRef({ chosen, mark, act, id });
	latest.current = { chosen, mark, act, id };
	const acts = useMemo(() => {
		const acknowledge = (row: QueueRow | undefined) => {
			const now = latest.current;
			if (now.id) return; // the drawer's own key
			if (row?.kind === "rule" && now.chosen.length === 0) {
				now.mark(row); // a rule's alerts are selected first, so that one sees how many
				return;
			}
			const list = now.chosen.length ? now.chosen : row?.kind === "alert" ? [row.alert] : [];
			if (list.length === 0) return;
			void now.act(list, "ack").then(() => setMarked(new Set()));
		};
		return analyst ? [{ key: "e", what: "acknowledge", run: acknowledge }] : [];
	}, [analyst]);
	const columns = useColumns({
		grouped,
		marked: markedRows,
		mark: analyst ? mark : null,
		toggle,
		opened: open.size > 0,
	});
	const news = useNews(loaded.counts) && !bulk;
	const one = known.find((alert) => alert.id === id);
	return (
		<div class="search alerts">
			<h1 class="hidden">Alerts</h1>
			<Filters text={asked.text} rule={asked.rule} />
			<div class="bar-row">
				<Levels totals={loaded.totals} chosen={chosenLevels} />
				<p class="summary" role="status">
					<b class="num">{counted(total, "alert")}</b>
					{grouped && rows.length > 0 && ` of ${counted(rules.length, "rule")}`}
					{loaded.loading && " · loading …"}
					{loaded.cut && <b class="wrong"> ▲ only the newest {count(most)}: filter by rule or time</b>}
				</p>
				{news && (
					<button type="button" onClick={loaded.reload}>
						Alerts have changed: load them
					</button>
				)}
			</div>
			{loaded.error ? <Failed error={loaded.error} retry={loaded.reload} /> : null}
			{analyst && <ChosenBar chosen={chosen} bulk={bulk} act={act} clear={() => setMarked(new Set())} />}
			<section class="alerts-rows" aria-label="alerts" aria-busy={loaded.loading}>
				{rows.length > 0 ? (
					<Rows
						rows={rows}
						columns={columns}
						label="alerts"
						id={(row) => row.id}
						chosen={id || undefined}
						open={openRow}
						follow={(row) => row.kind === "alert" && openRow(row)}
						marked={markedRows}
						mark={analyst ? mark : undefined}
						acts={acts}
					/>
				) : !loaded.counts || loaded.loading ? (
					!loaded.error && <Waiting />
				) : (
					<NoAlert counts={loaded.counts} hidden={[...loaded.totals.values()].reduce((sum, n) => sum + n, 0)} />
				)}
			</section>
			{id && (
				<AlertDrawer
					id={id}
					key={id}
					seen={one?.changed_at}
					act={analyst ? (alert, what, body) => act([alert], what, body) : null}
					changed={(alert) => loaded.changed([alert])}
					close={() => go(alertAddress(null), true)}
				/>
			)}
			{text("event") && (
				<EventDrawer
					id={text("event")}
					close={() => change({ event: null }, true)}
					show={(event) => change({ event }, true)}
				/>
			)}
		</div>
	);
}

/** Why there is none, and the next step. */
function NoAlert({ counts, hidden }: { counts: AlertCounts; hidden: number }) {
	const { params } = place.value;
	const sum = (state: keyof AlertCounts) => levels.reduce((n, level) => n + counts[state][level], 0);
	const live = sum("open") + sum("acknowledged");
	const all = live + sum("closed") + sum("withdrawn");
	const filtered = ["state", "levels", "rule", "text", "since", "until"].some((name) => params.get(name));
	if (all === 0)
		return (
			<Empty title="No rule has found anything yet.">
				<p>Rules look at every event as it is stored. Some need a level of the audit log that is not set.</p>
				<a class="button main" href="/rules">
					Which rules can fire here
				</a>
			</Empty>
		);
	if (filtered)
		return (
			<Empty title={`None of ${counted(hidden || all, "alert")} is left by the filters.`}>
				<button type="button" class="main" onClick={() => go("/alerts")}>
					Show what is open
				</button>
			</Empty>
		);
	return (
		<Empty title="All done: no alert is open.">
			<p>
				{counted(sum("closed"), "is", "are")} closed, {count(sum("withdrawn"))} withdrawn.
			</p>
			<button type="button" onClick={() => change({ state: "closed" })}>
				Show those that are closed
			</button>
		</Empty>
	);
}
