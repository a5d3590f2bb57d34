// SPDX-License-Identifier: Apache-2.0
// One line per indicator, in the order given; and the same as CSV or as a list.
import { useMemo } from "preact/hooks";
import { download, toCsv } from "../parts/csv";
import { Empty, say, sayFailed } from "../parts/notice";
import { type Column, Rows } from "../parts/rows";
import { count, counted, tableName } from "../parts/show";
import { Log, State, Time } from "../parts/text";
import { Value } from "../parts/value";
import { type Answer, eventsText, fits, type Shown } from "./ioc_types";

export interface Numbered extends Answer {
	/** Its place among those given. */
	n: number;
}

/** A column for each table in which one was seen. */
function columnsOf(rows: Numbered[]): Column<Numbered>[] {
	const at = 4;
	const seen = tablesOf(rows).map(
		(name): Column<Numbered> => ({
			key: name,
			title: tableName(name),
			width: "6rem",
			right: true,
			show: (row) => {
				const n = row.tables?.[name];
				return n ? <span class="num">{count(n)}</span> : row.events ? <span class="dim">0</span> : null;
			},
		}),
	);
	return [...columns.slice(0, at), ...seen, ...columns.slice(at)];
}

function tablesOf(rows: Numbered[]): string[] {
	return [...new Set(rows.flatMap((row) => Object.keys(row.tables ?? {})))].sort();
}

const columns: Column<Numbered>[] = [
	{
		key: "seen",
		title: "Result",
		width: "5.8rem",
		show: (row) =>
			row.unusable !== undefined ? (
				<span class="unusable">✗ unusable</span>
			) : row.events ? (
				<State good={false}>seen</State>
			) : (
				<span class="dim">○ not seen</span>
			),
	},
	{ key: "indicator", title: "Indicator", width: "minmax(13rem, 2fr)", show: (row) => <Log text={row.indicator} /> },
	{ key: "kind", title: "Kind", width: "5rem", show: (row) => row.kind ?? "" },
	{
		key: "events",
		title: "Events",
		width: "5.5rem",
		right: true,
		show: (row) => (row.unusable === undefined ? <span class="num">{eventsText(row, count)}</span> : null),
	},
	{
		key: "note",
		title: "Note",
		width: "minmax(10rem, 1.6fr)",
		show: (row) => {
			const text = row.unusable ?? row.caution;
			return text && <span title={text}>{text}</span>;
		},
	},
	{
		key: "first",
		title: "First seen",
		width: "8.5rem",
		show: (row) => row.first_seen && <Time at={row.first_seen} ms={false} />,
	},
	{
		key: "last",
		title: "Last seen",
		width: "8.5rem",
		show: (row) => row.last_seen && <Time at={row.last_seen} ms={false} />,
	},
	{
		key: "by",
		title: "By whom",
		width: "minmax(8rem, 1fr)",
		show: (row) =>
			row.actors?.length ? (
				<>
					<Value field="actor" value={row.actors[0]!} />
					{row.actors.length > 1 && <span class="dim"> and {more(row)}</span>}
				</>
			) : null,
	},
];

export function more(row: Answer): string {
	const n = (row.actors?.length ?? 1) - 1;
	return row.more_actors ? `${count(n)} or more` : count(n);
}

export function Results(props: {
	rows: Numbered[];
	shown: Shown;
	chosen: number | undefined;
	open: (n: number) => void;
}) {
	const { rows, shown } = props;
	const shownColumns = useMemo(() => columnsOf(rows), [rows]);
	const some = useMemo(() => rows.filter((row) => fits(row, shown)), [rows, shown]);
	if (rows.length === 0)
		return (
			<Empty title="No indicator was found in it.">
				<p>One a line is always understood; files also as CSV, STIX, MISP, OpenIOC, Zeek or a report's text.</p>
			</Empty>
		);
	if (some.length === 0)
		return (
			<Empty
				title={
					{
						all: "",
						seen: "None of them was seen in any event.",
						missed: "All of them were seen.",
						unusable: "All of them could be used.",
					}[shown]
				}
			/>
		);
	return (
		<section class="ioc-rows" aria-label="indicators">
			<Rows
				rows={some}
				columns={shownColumns}
				label="indicators, in the order given"
				id={(row) => String(row.n)}
				chosen={props.chosen === undefined ? undefined : String(props.chosen)}
				open={(row) => props.open(row.n)}
			/>
		</section>
	);
}

/** As CSV: a column for each table that has hits. */
function csv(rows: Numbered[]): string {
	const tables = tablesOf(rows);
	return toCsv({
		columns: [
			"indicator",
			"line",
			"kind",
			"result",
			"events",
			"at_most",
			...tables,
			"first_seen",
			"last_seen",
			"actors",
			"note",
		].map((name) => ({ name })),
		rows: rows.map((row) => [
			row.indicator,
			row.line ?? "",
			row.kind ?? "",
			row.unusable !== undefined ? "unusable" : row.events ? "seen" : "not seen",
			row.events ?? "",
			row.at_most ? "yes" : "",
			...tables.map((name) => row.tables?.[name] ?? 0),
			row.first_seen ?? "",
			row.last_seen ?? "",
			`${(row.actors ?? []).join("; ")}${row.more_actors ? "; …" : ""}`,
			row.unusable ?? row.caution ?? "",
		]),
	});
}

/** Those shown that can be used, one a line. */
export function toText(rows: Numbered[], shown: Shown): string {
	return rows
		.filter((row) => row.unusable === undefined && fits(row, shown))
		.map((row) => row.indicator)
		.join("\n");
}

export function ExportButtons({ rows, shown }: { rows: Numbered[]; shown: Shown }) {
	const some = () => rows.filter((row) => fits(row, shown));
	const copy = () => {
		const list = some();
		navigator.clipboard
			.writeText(csv(list))
			.then(() => say(`${counted(list.length, "line")} copied as CSV.`), sayFailed);
	};
	return (
		<>
			<button type="button" onClick={copy}>
				Copy
			</button>
			<button type="button" onClick={() => download("indicators.csv", csv(some()))}>
				CSV
			</button>
		</>
	);
}
