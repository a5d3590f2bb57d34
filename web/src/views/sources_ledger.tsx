// SPDX-License-Identifier: Apache-2.0
// What was asked of a source and what came of it, and what is missing.
import { useState } from "preact/hooks";
import { get } from "../api";
import { useLoad } from "../app/load";
import { Grid } from "../parts/grid";
import { Failed, Waiting } from "../parts/notice";
import { bytes, count, counted, span } from "../parts/show";
import { Log, State, Time } from "../parts/text";
import type { Gap, Ledger, Window } from "./sources_types";

function number(n: number | undefined): string {
	return String(n ?? 0).padStart(5, "0");
}

function GapWords({ gap }: { gap: Gap }) {
	if (gap.node !== undefined)
		return (
			<>
				node <Log text={gap.node} />: {gap.day}.{number(gap.first)}
				{gap.last !== gap.first && ` to ${number(gap.last)}`} never came
			</>
		);
	if (gap.object !== undefined)
		return (
			<>
				object <Log text={gap.object} />
				{gap.bytes ? ` (${bytes(gap.bytes)})` : ""} could not be read
			</>
		);
	return (
		<>
			from {gap.from ? <Time at={gap.from} ms={false} /> : "the beginning"} to <Time at={gap.to} ms={false} />
		</>
	);
}

export function GapList({ name, turn, refetch }: { name: string; turn: unknown; refetch: (() => void) | null }) {
	const { data, error, reload } = useLoad(
		(signal) => get<{ gaps: Gap[] }>(`/sources/${encodeURIComponent(name)}/gaps`, {}, signal),
		[name, turn],
	);
	return (
		<section class="panel" aria-labelledby="gaps-title">
			<h2 id="gaps-title">Gaps{data && data.gaps.length > 0 ? `: ${count(data.gaps.length)}` : ""}</h2>
			{!!error && <Failed error={error} retry={reload} />}
			{!data && !error && <Waiting />}
			{data?.gaps.length === 0 && <p>No gaps: all that was asked for is there.</p>}
			{data && data.gaps.length > 0 && (
				<>
					<ul class="gap-list">
						{data.gaps.slice(0, 100).map((gap, at) => (
							<li key={at}>
								<GapWords gap={gap} />
								{gap.at_start && (
									<span class="dim"> (before the first file that came: it may be of a time before pugmark)</span>
								)}
								{gap.why && (
									<p class="dim">
										<Log text={gap.why} />
									</p>
								)}
							</li>
						))}
					</ul>
					{data.gaps.length > 100 && <p class="dim">and {count(data.gaps.length - 100)} more</p>}
					<p class="dim">
						They close by themselves when what was missing comes. Is it still on the server? Then send it, or have it
						asked for once more.
					</p>
					{refetch && (
						<button type="button" onClick={refetch}>
							Ask for it again
						</button>
					)}
				</>
			)}
		</section>
	);
}

const kinds: Record<string, string> = { sweep: "new events", late: "late ones", backfill: "history", file: "files" };

function What({ window }: { window: Window }) {
	if (window.kind === "file") return window.name ? <Log text={window.name} /> : <span>all that is new</span>;
	const from = typeof window.from === "string" ? window.from : null;
	return (
		<>
			{from ? <Time at={from} ms={false} /> : "the beginning"} to <Time at={window.to} ms={false} />
		</>
	);
}

function Equation({ ledger }: { ledger: Ledger }) {
	const sums = ledger.sums;
	const rest = sums.records - sums.stored - sums.duplicates - sums.expired - sums.rejects;
	return (
		<p class="equation">
			received <b class="num">{counted(sums.records, "record")}</b> = <b class="num">{count(sums.stored)}</b> stored +{" "}
			<b class="num">{count(sums.duplicates)}</b> known already + <b class="num">{count(sums.expired)}</b> older than
			kept + <b class="num">{count(sums.rejects)}</b> not readable
			{rest !== 0 && (
				<>
					{" "}
					<State good={false}>{count(rest)} not accounted for</State>
				</>
			)}
			<br />
			<span class="dim">
				in {counted(sums.requests, "request")}, {count(sums.errors)} of which failed; {count(sums.late)} came late
				{sums.late > 0 && `, by ${span(sums.max_late_s)} at most`}
			</span>
		</p>
	);
}

export function LedgerTable({ name, turn }: { name: string; turn: string }) {
	const [limit, setLimit] = useState(50);
	const { data, error, reload } = useLoad(
		(signal) => get<Ledger>(`/sources/${encodeURIComponent(name)}/ledger`, { limit }, signal),
		[name, turn, limit],
	);
	return (
		<section class="panel" aria-labelledby="ledger-title">
			<h2 id="ledger-title">Ledger</h2>
			{!!error && <Failed error={error} retry={reload} />}
			{!data && !error && <Waiting />}
			{data && <Equation ledger={data} />}
			{data && data.windows.length === 0 && (
				<p>Nothing was asked of it yet: it begins when pugmark serve runs, or by Backfill.</p>
			)}
			{data && data.windows.length > 0 && (
				<Grid
					label="ledger"
					kind="ledger"
					heads={[
						"Ended",
						"For",
						"State",
						"What was asked for",
						{ right: "Records" },
						{ right: "New" },
						{ right: "Late" },
						{ right: "Errors" },
					]}
				>
					{data.windows.map((window, at) => (
						<tr key={at}>
							<td>
								<Time at={window.ended_at ?? window.begun_at} ms={false} />
							</td>
							<td>{kinds[window.kind] ?? window.kind}</td>
							<td>
								<State good={window.state === "settled" ? true : window.state === "failed" ? false : null}>
									{window.state}
								</State>
							</td>
							<td>
								<What window={window} />
								{window.windows > 1 && <span class="dim"> ({counted(window.windows, "window")} in one)</span>}
								{window.why && (
									<p class="dim">
										<Log text={window.why} />
									</p>
								)}
							</td>
							<td class="right num">{count(window.records)}</td>
							<td class="right num">{count(window.stored)}</td>
							<td class="right num">{count(window.late)}</td>
							<td class="right num">{count(window.errors)}</td>
						</tr>
					))}
				</Grid>
			)}
			{data && data.windows.length === limit && (
				<button type="button" onClick={() => setLimit(limit * 4)}>
					Older ones
				</button>
			)}
		</section>
	);
}
