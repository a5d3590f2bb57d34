// SPDX-License-Identifier: Apache-2.0
// The columns of the queue of alerts: of rules, and of single alerts.

import { AlertState, Group } from "../parts/alert";
import { useNarrow } from "../parts/narrow";
import type { Column } from "../parts/rows";
import { count, counted } from "../parts/show";
import { Ago, Log, Severity, Time } from "../parts/text";
import { Value } from "../parts/value";
import type { AlertRow, QueueRow, RuleRow } from "./alerts_list";

interface Asked {
	grouped: boolean;
	marked: Set<string>;
	mark: ((row: QueueRow) => void) | null;
	toggle: (rule: string) => void;
	/** Whether single alerts are shown below a rule. */
	opened: boolean;
}

function MarkBox({ row, marked, mark }: { row: QueueRow; marked: Set<string>; mark: (row: QueueRow) => void }) {
	const some = row.kind === "rule" && !marked.has(row.id) && row.alerts?.some((alert) => marked.has(alert.id));
	return (
		<input
			type="checkbox"
			aria-label={row.kind === "rule" ? `select all alerts of ${row.title}` : `select ${row.alert.title}`}
			checked={marked.has(row.id)}
			indeterminate={!!some}
			onClick={(event) => event.stopPropagation()}
			onChange={() => mark(row)}
		/>
	);
}

function column(
	key: string,
	title: string,
	width: string,
	rule: (row: RuleRow) => preact.ComponentChildren,
	alert: (row: AlertRow) => preact.ComponentChildren,
	right = false,
): Column<QueueRow> {
	return {
		key,
		title,
		head: !title && <span class="hidden">{key}</span>,
		width,
		right,
		show: (row) => (row.kind === "rule" ? rule(row) : alert(row)),
	};
}

export function useColumns({ grouped, marked, mark, toggle, opened }: Asked): Column<QueueRow>[] {
	const narrow = useNarrow();
	const select: Column<QueueRow> = {
		key: "select",
		title: "",
		head: <span class="hidden">select</span>,
		width: "2rem",
		show: (row) => mark && <MarkBox row={row} marked={marked} mark={mark} />,
	};
	const level = column(
		"level",
		narrow ? "" : "Severity",
		narrow ? "2rem" : "7.5rem",
		(row) => <Severity level={row.level} short={narrow} />,
		(row) => <Severity level={row.alert.level} short={narrow} />,
	);
	const title = column(
		"title",
		grouped ? "Rule" : "Alert",
		narrow ? "minmax(10rem, 1fr)" : "minmax(17rem, 3fr)",
		(row) => (
			<span class="rule-row">
				<button
					type="button"
					class="quiet"
					aria-expanded={row.open}
					onClick={(event) => {
						event.stopPropagation();
						toggle(row.id);
					}}
				>
					<span aria-hidden="true">{row.open ? "▾" : "▸"}</span>
					<span class="alert-title">
						<Log text={row.title} />
					</span>
				</button>
			</span>
		),
		(row) => (
			<span class={row.inside ? "in-rule alert-title" : "alert-title"}>
				<a href={`/alerts/${row.alert.id}${location.search}`} onClick={(event) => event.stopPropagation()}>
					<Log text={row.inside && row.alert.group ? row.alert.group : row.alert.title} />
				</a>
			</span>
		),
	);
	const alerts = column(
		"alerts",
		"Alerts",
		narrow ? "4.5rem" : "5rem",
		(row) => <b class="num">{count(row.numbers.alerts)}</b>,
		() => "",
		true,
	);
	const who = column(
		"who",
		"Whose",
		"minmax(12rem, 1.3fr)",
		(row) => <span class="dim">{counted(row.numbers.groups, "group")}</span>,
		(row) => <Group alert={row.alert} />,
	);
	const actor = column(
		"actor",
		"Actor",
		"minmax(8rem, 1fr)",
		(row) =>
			row.numbers.actors === 1 ? (
				<Value field="actor" value={row.numbers.actor ?? ""} />
			) : (
				<span class="dim">{counted(row.numbers.actors, "actor")}</span>
			),
		(row) => <Value field="actor" value={row.alert.actor ?? ""} />,
	);
	const target = column(
		"target",
		"Target",
		"minmax(8rem, 1fr)",
		() => "",
		(row) => <Value field="target" value={row.alert.target ?? ""} />,
	);
	const ip = column(
		"ip",
		"IP",
		"8.5rem",
		() => "",
		(row) => <Value field="ip" value={row.alert.ip ?? ""} />,
	);
	const events = column(
		"events",
		"Events",
		"5rem",
		(row) => <span class="num">{count(row.numbers.events)}</span>,
		(row) => <span class="num">{count(row.alert.events)}</span>,
		true,
	);
	const state = column(
		"state",
		"State",
		"8rem",
		(row) => {
			const open = Object.values(row.numbers.counts.open).reduce((sum, n) => sum + n, 0);
			return <span class="dim">{open === row.numbers.alerts ? "all open" : `${count(open)} open`}</span>;
		},
		(row) => <AlertState alert={row.alert} />,
	);
	const newest = column(
		"newest",
		"Last event",
		"9.5rem",
		(row) => <Time at={row.numbers.newest} ms={false} />,
		(row) => <Time at={row.alert.last_event} ms={false} />,
	);
	const since = column(
		"since",
		narrow ? "Last" : "Ago",
		"6rem",
		(row) => (
			<span class="dim">
				<Ago at={row.numbers.newest} />
			</span>
		),
		(row) => (
			<span class="dim">
				<Ago at={row.alert.last_event} />
			</span>
		),
	);
	if (narrow) return [select, level, title, grouped ? alerts : who, since, newest, state];
	return grouped
		? [select, level, title, alerts, events, actor, ...(opened ? [target, ip] : []), state, newest, since]
		: [select, level, title, who, actor, ip, events, state, newest, since];
}
