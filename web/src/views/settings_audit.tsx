// SPDX-License-Identifier: Apache-2.0
// pugmark's own audit log: what people and tokens did, the newest first.
import { useEffect, useState } from "preact/hooks";
import { get } from "../api";
import { change, place } from "../app/place";
import { download, toCsv } from "../parts/csv";
import { Grid } from "../parts/grid";
import { Empty, Failed, Waiting } from "../parts/notice";
import { Spans } from "../parts/spans";
import { Log, State, Time } from "../parts/text";

interface Act {
	id: number;
	time: string;
	who: string;
	from: string;
	what: string;
	target: string;
	result: string | null;
}

interface Page {
	acts: Act[];
	before?: number;
}

const limit = 200;

function Result({ act }: { act: Act }) {
	if (act.result === null || act.result === undefined)
		return <State good={null}>without a result: it runs, or was cut off</State>;
	const bad = /^(refused|failed)/.test(act.result);
	return bad ? (
		<State good={false}>
			<Log text={act.result} />
		</State>
	) : (
		<Log text={act.result} />
	);
}

export function AuditLog() {
	const params = place.value.params;
	const since = params.get("since") ?? "";
	const until = params.get("until") ?? "";
	const text = params.get("text") ?? "";
	const [typed, setTyped] = useState(text);
	const [acts, setActs] = useState<Act[]>([]);
	const [before, setBefore] = useState<number | undefined>(undefined);
	const [state, setState] = useState<{ error: unknown; loading: boolean }>({ error: null, loading: true });
	const load = (from: number | undefined, was: Act[]) => {
		setState({ error: null, loading: true });
		get<Page>("/audit", { since, until, text, before: from, limit }).then(
			(page) => {
				setActs([...was, ...page.acts]);
				setBefore(page.before);
				setState({ error: null, loading: false });
			},
			(error) => setState({ error, loading: false }),
		);
	};
	useEffect(() => load(undefined, []), [since, until, text]);
	const columns = ["time", "who", "from", "what", "target", "result"] as const;
	const csv = () =>
		download(
			"audit.csv",
			toCsv({
				columns: columns.map((name) => ({ name })),
				rows: acts.map((act) => columns.map((name) => act[name] ?? "")),
			}),
		);
	return (
		<section class="panel" aria-labelledby="audit-title">
			<div class="bar-row">
				<h2 id="audit-title">Audit log</h2>
				<div class="bar-row push">
					<form
						onSubmit={(event) => {
							event.preventDefault();
							change({ text: typed.trim() }, true);
						}}
					>
						<input
							type="search"
							aria-label="find in the audit log"
							placeholder="who, what, to what"
							value={typed}
							onInput={(event) => setTyped(event.currentTarget.value)}
						/>
					</form>
					<Spans since={since} until={until} change={(low, high) => change({ since: low, until: high }, true)} />
					<button type="button" disabled={acts.length === 0} onClick={csv}>
						CSV
					</button>
				</div>
			</div>
			<p class="dim">The row is written before the act, its result after it.</p>
			{!!state.error && <Failed error={state.error} retry={() => load(undefined, [])} />}
			{state.loading && acts.length === 0 && <Waiting />}
			{!state.loading && !state.error && acts.length === 0 && <Empty title="Nobody did anything in this time." />}
			{acts.length > 0 && (
				<Grid label="audit log" heads={[...columns]}>
					{acts.map((act) => (
						<tr key={act.id}>
							<td class="nowrap">
								<Time at={act.time} ms={false} />
							</td>
							<td>
								<Log text={act.who} />
							</td>
							<td>
								<Log text={act.from} />
							</td>
							<td>{act.what}</td>
							<td>
								<Log text={act.target} />
							</td>
							<td>
								<Result act={act} />
							</td>
						</tr>
					))}
				</Grid>
			)}
			{before !== undefined && (
				<button type="button" disabled={state.loading} onClick={() => load(before, acts)}>
					Older ones
				</button>
			)}
		</section>
	);
}
