// SPDX-License-Identifier: Apache-2.0
// Search: query, time, histogram, facets, the table of events, and one event in the drawer. All state is in the URL.
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get, isAbort, Problem, url } from "../api";
import { useKeys } from "../app/keys";
import { useLoad } from "../app/load";
import { address, change, place } from "../app/place";
import { TimeBars } from "../parts/chart";
import { bars, type Event, flat, type SearchAnswer } from "../parts/event";
import { EventDrawer } from "../parts/event_drawer";
import { Empty, Failed, say, sayFailed, Waiting } from "../parts/notice";
import { QueryBar } from "../parts/query_bar";
import { type Column, Rows } from "../parts/rows";
import { count, counted, span } from "../parts/show";
import { Spans } from "../parts/spans";
import { Table, Time } from "../parts/text";
import { Value } from "../parts/value";
import { Columns, defaultColumns } from "./search_columns";
import { Facets } from "./search_facets";
import { Saved } from "./search_saved";

const page = 200;
const facetFields = "table,action,actor,ip,target_type";

interface Asked {
	q: string;
	since: string;
	until: string;
	order: string;
}

/** Pages of events, one after another; all that was loaded is kept while the question stays the same. */
function usePages(asked: Asked, columns: string[], turn: number) {
	const [events, setEvents] = useState<Event[]>([]);
	const [answer, setAnswer] = useState<SearchAnswer | null>(null);
	const [error, setError] = useState<unknown>(null);
	const [loading, setLoading] = useState(true);
	const [of, setOf] = useState<Asked | null>(null);
	const control = useRef<AbortController | null>(null);
	const busy = useRef(false);
	const load = useCallback(
		(after: string | undefined, before: Event[]) => {
			const mine = new AbortController();
			control.current = mine;
			busy.current = true;
			setLoading(true);
			const query = { ...asked, limit: page, columns: ["event_time", ...columns].join(","), after };
			get<SearchAnswer>("/search", query, mine.signal).then(
				(next) => {
					busy.current = false;
					setEvents([...before, ...next.events]);
					setAnswer(next);
					setOf(asked);
					setError(null);
					setLoading(false);
				},
				(reason) => {
					if (isAbort(reason)) return;
					busy.current = false;
					// Where the first page fails, what is there answers another question.
					if (!after) {
						setEvents([]);
						setAnswer(null);
					}
					setError(reason);
					setOf(asked);
					setLoading(false);
				},
			);
		},
		[asked, columns],
	);
	useEffect(() => {
		control.current?.abort();
		load(undefined, []);
		return () => control.current?.abort();
	}, [load, turn]);
	const more = useCallback(() => {
		if (!busy.current && of === asked && answer?.more && answer.next) load(answer.next, events);
	}, [answer, asked, of, events, load]);
	return { events, answer: of === asked ? answer : null, error, loading: loading || of !== asked, more };
}

/** "3 of 160 segments read · 38 ms", and what is missing. */
function Summary({
	rows,
	whole,
	events,
	counting,
}: {
	rows: SearchAnswer;
	whole: SearchAnswer | undefined;
	events: number;
	counting: boolean;
}) {
	const { segments, segments_read: read } = whole ?? rows;
	const all = whole?.counted
		? counted(whole.matched, "event")
		: rows.more
			? `${count(events)} or more events`
			: counted(events, "event");
	return (
		<p class="summary" role="status">
			<b class="num">{all}</b>
			<span>
				{" "}
				· first rows in {span(rows.took_us / 1e6)}
				{whole ? `, all counted in ${span(whole.took_us / 1e6)}` : counting ? ", counting …" : ""}
			</span>
			{segments !== undefined && segments > 0 && read !== undefined && (
				<span>
					{" "}
					· {count(read)} of {counted(segments, "segment")} read
				</span>
			)}
			{(rows.partial || whole?.partial) && (
				<b class="wrong">
					{" "}
					▲ not all of it:{" "}
					{[...rows.problems, ...(whole?.problems ?? [])][0] ?? "the time limit was reached; narrow the time"}
				</b>
			)}
		</p>
	);
}

function columnsOf(names: string[], now: string[], remove: (name: string) => void): Column<Event>[] {
	const time: Column<Event> = {
		key: "event_time",
		title: "Time",
		width: "11.5rem",
		show: (event) => <Time at={event.event_time} />,
	};
	const table: Column<Event> = {
		key: "table",
		title: "Table",
		width: "6rem",
		show: (event) => <Table name={event.table} />,
	};
	return [
		time,
		table,
		...names.map(
			(name): Column<Event> => ({
				key: name,
				title: name,
				width: name === "action" ? "minmax(12rem, 2fr)" : "minmax(9rem, 1fr)",
				show: (event) => <Value field={name} value={flat(event[name])} />,
				head: now.length > 1 && (
					<button
						type="button"
						class="quiet small"
						aria-label={`remove the column ${name}`}
						onClick={() => remove(name)}
					>
						✕
					</button>
				),
			}),
		),
	];
}

export function Search() {
	const params = place.value.params;
	const text = (name: string) => params.get(name) ?? "";
	const q = text("q");
	const since = params.has("since") ? text("since") : "-7d";
	const until = text("until");
	const order = text("order");
	const chosen = text("event");
	const columnText = text("columns") || defaultColumns;
	const asked = useMemo(() => ({ q, since: since === "all" ? "" : since, until, order }), [q, since, until, order]);
	const columns = useMemo(() => columnText.split(",").filter(Boolean), [columnText]);
	const [turn, setTurn] = useState(0);
	const { events, answer, error, loading, more } = usePages(asked, columns, turn);
	const whole = useLoad(
		(signal) =>
			get<SearchAnswer>(
				"/search",
				{
					...asked,
					order: "",
					limit: 0,
					count: true,
					histogram: 120,
					histogram_by: "table",
					facet: facetFields,
				},
				signal,
			),
		[asked, turn],
	);
	const problem = error instanceof Problem && error.status === 400 ? error : null;
	const setTime = (low: string, high: string) => change({ since: low || "all", until: high });
	const typed = useRef(q);
	const run = (query: string) => {
		if (query === q) setTurn((n) => n + 1);
		else change({ q: query, event: null });
	};
	const remove = (name: string) => change({ columns: columns.filter((one) => one !== name).join(",") }, true);
	const share = () => {
		navigator.clipboard.writeText(location.href).then(() => say("The address of this search is copied."), sayFailed);
	};
	useKeys([{ key: "r", what: "run again", run: () => setTurn((n) => n + 1) }], []);
	const chart = whole.data?.histogram && bars(whole.data.histogram);
	const ranged = (low: number, high: number) => setTime(new Date(low).toISOString(), new Date(high).toISOString());
	return (
		<div class="search">
			<h1 class="hidden">Search</h1>
			<div class="search-bar">
				<QueryBar value={q} since={asked.since} problem={problem} typed={typed} run={run} />
				<Spans since={asked.since} until={until} change={setTime} />
				<button type="button" class="main" onClick={() => run(typed.current)}>
					Run
				</button>
				<Saved query={{ q, since: asked.since, until, columns: columnText }} />
				<button type="button" onClick={share}>
					Share
				</button>
				<details class="more-menu">
					<summary class="button">Export</summary>
					<div class="more-box">
						{["csv", "ndjson", "raw"].map((format) => (
							<a
								key={format}
								class="button"
								download
								href={url("/export", {
									...asked,
									order: "",
									format,
									...(format === "csv" ? { columns: ["event_time", "table", ...columns].join(",") } : {}),
								})}
							>
								{{ csv: "CSV, these columns", ndjson: "NDJSON, all fields", raw: "the raw lines" }[format]}
							</a>
						))}
					</div>
				</details>
				<a class="button" href={address("/sql")}>
					SQL
				</a>
			</div>
			{error && !problem ? <Failed error={error} retry={() => setTurn((n) => n + 1)} /> : null}
			{chart && chart.bars.length > 0 && !problem && <TimeBars {...chart} zoom={ranged} />}
			{whole.loading && !chart && <div class="chart-waiting">counting …</div>}
			{whole.error && !problem && !error ? <Failed error={whole.error} retry={whole.reload} /> : null}
			{!answer && loading && <p class="summary">Searching …</p>}
			{answer && !problem && (
				<Summary
					rows={answer}
					whole={whole.loading ? undefined : whole.data}
					events={events.length}
					counting={whole.loading}
				/>
			)}
			<div class="search-body">
				<Facets facets={problem ? undefined : whole.data?.facets} loading={whole.loading} />
				<section class="search-rows" aria-label="events" aria-busy={loading}>
					<Columns columns={columns} order={order} />
					{events.length > 0 ? (
						<Rows
							rows={events}
							columns={columnsOf(columns, columns, remove)}
							label="events that match"
							id={(event) => event.event_id}
							chosen={chosen || undefined}
							open={(event) => change({ event: event.event_id }, !!chosen)}
							more={answer?.more ? more : undefined}
						/>
					) : loading ? (
						<Waiting what="Searching" />
					) : problem ? (
						<Empty title="The query cannot be read: what is wrong stands below the bar." />
					) : error ? null : (
						<NoMatch asked={asked} widen={() => setTime("", "")} />
					)}
				</section>
			</div>
			{chosen && (
				<EventDrawer
					id={chosen}
					close={() => change({ event: null }, true)}
					show={(id) => change({ event: id }, true)}
				/>
			)}
		</div>
	);
}

/** Why there is nothing, and the next step. */
function NoMatch({ asked, widen }: { asked: Asked; widen: () => void }) {
	const status = useLoad(
		(signal) => get<{ tables: { events: number }[]; connected: unknown[] }>("/status", {}, signal),
		[],
	);
	if (!status.data) return <Waiting />;
	const stored = status.data.tables.reduce((sum, table) => sum + table.events, 0);
	if (stored === 0)
		return (
			<Empty title="No events are stored yet.">
				<p>Connect a source, and its newest events are here in a minute.</p>
				<a class="button main" href="/sources/connect">
					Connect a source
				</a>
			</Empty>
		);
	const limited = asked.since || asked.until;
	return (
		<Empty title={`None of ${counted(stored, "event")} matches${limited ? " in this time" : ""}.`}>
			<div class="buttons center">
				{limited && (
					<button type="button" class="main" onClick={widen}>
						Search all time
					</button>
				)}
				{asked.q && (
					<button type="button" onClick={() => change({ q: null })}>
						Show everything
					</button>
				)}
			</div>
		</Empty>
	);
}
