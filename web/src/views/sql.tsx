// SPDX-License-Identifier: Apache-2.0
// SQL: one SELECT over the tables, its result as a grid or a chart. The question is in the URL.
import { useEffect, useRef, useState } from "preact/hooks";
import { call, isAbort } from "../api";
import { useKeys } from "../app/keys";
import { change, place } from "../app/place";
import { download, toCsv } from "../parts/csv";
import { flat } from "../parts/event";
import { Choice } from "../parts/form";
import { Empty, Failed, say, sayFailed, Waiting } from "../parts/notice";
import { type Column, Rows } from "../parts/rows";
import { count, counted, span } from "../parts/show";
import { Log } from "../parts/text";
import { SqlChart } from "./sql_chart";

export interface Result {
	columns: { name: string; type: string }[];
	rows: unknown[][];
	more: boolean;
	elapsed_ms: number;
}

const examples: [string, string][] = [
	[
		"Busiest addresses",
		"select ip, count(*) as events, count(distinct actor) as actors\nfrom events where ip <> ''\ngroup by ip order by events desc limit 20",
	],
	[
		"Events by day and table",
		"select date_trunc('day', event_time) as day, table_name, count(*) as events\nfrom events group by all order by day",
	],
	[
		"Failed logins, then one that worked",
		"with guesses as (\n  select actor, ip, count(*) as failures, max(event_time) as last_failure\n  from bitbucket_audit_logs where action = 'User login failed'\n  group by actor, ip having failures >= 10)\nselect g.actor, g.ip, failures, min(l.event_time) as logged_in\nfrom guesses g join bitbucket_audit_logs l using (actor, ip)\nwhere l.action = 'User logged in'\n  and l.event_time between last_failure and last_failure + interval 10 minutes\ngroup by all order by logged_in",
	],
	[
		"Rights granted at night",
		"select event_time, table_name, actor, action, target, ip\nfrom events\nwhere regexp_matches(action, 'permission (granted|added)')\n  and hour(event_time) not between 6 and 20\norder by event_time desc limit 100",
	],
];

/** The widths of columns, after what stands in them. */
function columnsOf(result: Result): Column<[number, unknown[]]>[] {
	return result.columns.map(({ name, type }, at) => {
		const longest = Math.max(name.length, ...result.rows.slice(0, 100).map((row) => flat(row[at]).length));
		return {
			key: `${at} ${name}`,
			title: name,
			width: `${Math.min(Math.max(longest + 3, 6), 48)}ch`,
			right: /INT|DOUBLE|FLOAT|DECIMAL/.test(type),
			show: ([, row]) =>
				row[at] === null ? (
					<span class="dim">null</span>
				) : typeof row[at] === "number" && Number.isInteger(row[at]) && /INT/.test(type) ? (
					count(row[at])
				) : (
					<Log text={flat(row[at])} />
				),
		};
	});
}

export function Sql() {
	const params = place.value.params;
	const asked = params.get("sql") ?? "";
	const shown = params.get("as") === "chart" ? "chart" : "grid";
	const [text, setText] = useState(asked || examples[0]![1]);
	const [result, setResult] = useState<Result | null>(null);
	const [error, setError] = useState<unknown>(null);
	const [since, setSince] = useState(0);
	const control = useRef<AbortController | null>(null);
	const box = useRef<HTMLTextAreaElement>(null);
	const ask = async (sql: string) => {
		control.current?.abort();
		const mine = new AbortController();
		control.current = mine;
		setSince(Date.now());
		setError(null);
		try {
			setResult(await call<Result>("POST", "/sql", { body: { sql, limit: 5000 }, signal: mine.signal }));
		} catch (reason) {
			if (isAbort(reason)) return;
			setResult(null);
			setError(reason);
		}
		if (control.current === mine) setSince(0);
	};
	useEffect(() => {
		if (asked) void ask(asked);
		if (asked) setText(asked);
		return () => control.current?.abort();
	}, [asked]);
	const run = () => (text === asked ? void ask(text) : change({ sql: text }));
	const stop = () => {
		control.current?.abort();
		setSince(0);
		say("Stopped.");
	};
	useKeys([{ key: "/", what: "to the SQL", run: () => box.current?.focus() }], []);
	return (
		<div class="search">
			<h1 class="hidden">SQL</h1>
			<textarea
				ref={box}
				rows={8}
				aria-label="SQL"
				spellcheck={false}
				value={text}
				onInput={(event) => setText(event.currentTarget.value)}
				onKeyDown={(event) => {
					if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
					event.preventDefault();
					run();
				}}
			/>
			<div class="bar-row">
				<button type="button" class="main" onClick={run} disabled={!text.trim()} title="Ctrl-Enter">
					Run
				</button>
				{since > 0 && (
					<button type="button" onClick={stop}>
						Stop
					</button>
				)}
				<Choice
					bare
					label="example"
					value=""
					change={(sql) => sql && setText(sql)}
					options={[["", "examples …"], ...examples.map(([name, sql]): [string, string] => [sql, name])]}
				/>
				<span class="dim">
					One SELECT over events, jira_audit_logs, confluence_audit_logs, bitbucket_audit_logs, sources, segments,
					rejects.
				</span>
				<span class="push bar-row tight">
					<button type="button" aria-pressed={shown === "grid"} onClick={() => change({ as: null }, true)}>
						Grid
					</button>
					<button type="button" aria-pressed={shown === "chart"} onClick={() => change({ as: "chart" }, true)}>
						Chart
					</button>
					<button
						type="button"
						disabled={!result}
						onClick={() =>
							result && navigator.clipboard.writeText(toCsv(result)).then(() => say("Copied as CSV."), sayFailed)
						}
					>
						Copy
					</button>
					<button type="button" disabled={!result} onClick={() => result && download("pugmark-sql.csv", toCsv(result))}>
						CSV
					</button>
				</span>
			</div>
			{error ? <Failed error={error} /> : null}
			{since > 0 && <Waiting what="Asking" />}
			{result && !since && (
				<p class="summary" role="status">
					<b class="num">{counted(result.rows.length, "row")}</b> in {span(result.elapsed_ms / 1000)}
					{result.more && <b class="wrong"> ▲ there are more: only the first {count(result.rows.length)} are shown</b>}
				</p>
			)}
			{result && !since && result.rows.length === 0 && <Empty title="The answer has no rows." />}
			{result && !since && result.rows.length > 0 && shown === "grid" && (
				<div class="sql-grid">
					<Rows
						rows={result.rows.map((row, at): [number, unknown[]] => [at, row])}
						columns={columnsOf(result)}
						label="result"
						id={([at]) => String(at)}
					/>
				</div>
			)}
			{result && !since && result.rows.length > 0 && shown === "chart" && <SqlChart result={result} />}
		</div>
	);
}
