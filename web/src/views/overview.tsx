// SPDX-License-Identifier: Apache-2.0
// Overview: what happened, what is to be looked at, how the sources are doing, what is new. One answer of the API.
import { get } from "../api";
import { useKeys } from "../app/keys";
import { useLoad } from "../app/load";
import { change, place, searchAddress } from "../app/place";
import { may } from "../app/session";
import { type Alert, type AlertCounts, AlertList } from "../parts/alert";
import { TimeBars } from "../parts/chart";
import { Empty, Failed, Waiting } from "../parts/notice";
import { count, counted } from "../parts/show";
import { Spans } from "../parts/spans";
import { Severities } from "./overview_alerts";
import { NewToday, SourceHealth, type SourceLine, Top } from "./overview_panels";

interface Answer {
	events: number;
	partial: boolean;
	histogram: {
		bucket_us: number;
		no_time: number;
		buckets: { time: string; count: number; tables: Record<string, number> }[];
	};
	top_actors: { value: string; count: number }[];
	top_actions: { value: string; count: number }[];
	alerts: AlertCounts & { newest: Alert[] };
	sources: SourceLine[];
	new_today: { actors: NewValue[]; ips: NewValue[] };
}

export interface NewValue {
	value: string;
	count: number;
	first_seen: string | null;
}

function chartOf(histogram: Answer["histogram"]) {
	const series = [...new Set(histogram.buckets.flatMap((bucket) => Object.keys(bucket.tables)))].sort();
	return {
		series,
		bucket: histogram.bucket_us / 1000,
		bars: histogram.buckets.map((bucket) => ({
			begin: Date.parse(bucket.time),
			parts: series.map((name) => bucket.tables[name] ?? 0),
		})),
	};
}

/** A new house: no source, no event, no alert. */
function bare(data: Answer): boolean {
	return data.events === 0 && data.sources.length === 0 && data.alerts.newest.length === 0;
}

/** Nothing in the time: is there nothing at all, or only not here? */
function Nothing({ sources }: { sources: SourceLine[] }) {
	const { data } = useLoad((signal) => get<{ tables: { events: number }[] }>("/status", {}, signal), []);
	if (!data) return <Waiting />;
	const stored = data.tables.reduce((sum, table) => sum + table.events, 0);
	if (stored > 0)
		return (
			<Empty title={`None of ${counted(stored, "stored event")} is of this time.`}>
				<button type="button" class="main" onClick={() => change({ since: "all", until: null })}>
					Show all time
				</button>
			</Empty>
		);
	if (sources.length > 0)
		return (
			<Empty title="No events yet.">
				<p>
					{counted(sources.length, "source")} {sources.length === 1 ? "is" : "are"} connected; what they send is here as
					soon as it is stored.
				</p>
				<a class="button main" href="/sources">
					Look at the sources
				</a>
			</Empty>
		);
	return (
		<Empty title="Nothing is connected, and nothing is stored.">
			<p>
				Connect Jira, Confluence or Bitbucket; it takes two minutes. The newest events come first, then the history.
			</p>
			<a class="button main" href={may("admin") ? "/sources/connect" : "/sources"}>
				{may("admin") ? "Connect a source" : "To the sources"}
			</a>
		</Empty>
	);
}

export function Overview() {
	const params = place.value.params;
	const since = params.get("since") ?? "-7d";
	const until = params.get("until") ?? "";
	const asked = { since: since === "all" ? "1970-01-01" : since, until };
	const { data, error, loading, reload } = useLoad(
		(signal) => get<Answer>("/overview", asked, signal),
		[since, until],
		60000,
	);
	const setTime = (low: string, high: string) => change({ since: low || "all", until: high });
	useKeys([{ key: "r", what: "load again", run: reload }], []);
	const chart = data && chartOf(data.histogram);
	const times = { since, until };
	return (
		<div class="view overview">
			<header>
				<h1>Overview</h1>
				<Spans since={since === "all" ? "" : since} until={until} change={setTime} />
				{data && (
					<span class="summary" role="status">
						<b class="num">{counted(data.events, "event")}</b>
						{loading && " · loading …"}
						{data.partial && <b class="wrong"> ▲ not all of it: the time limit was reached; choose a shorter time</b>}
					</span>
				)}
				<a class="button push" href={searchAddress("", times)}>
					Search these
				</a>
			</header>
			{error ? <Failed error={error} retry={reload} /> : null}
			{!data && !error && <Waiting />}
			{data && data.events === 0 && <Nothing sources={data.sources} />}
			{data && data.events > 0 && chart && (
				<section class="panel" aria-labelledby="over-time">
					<h2 id="over-time">Events over time</h2>
					<TimeBars
						{...chart}
						height={110}
						zoom={(low, high) => setTime(new Date(low).toISOString(), new Date(high).toISOString())}
					/>
					{data.histogram.no_time > 0 && (
						<p class="dim num">{count(data.histogram.no_time)} without a time are not drawn</p>
					)}
				</section>
			)}
			{data && !bare(data) && (
				<>
					<div class="grid overview-first">
						<section class="panel" aria-labelledby="by-severity">
							<h2 id="by-severity">Alerts, of all time</h2>
							<Severities counts={data.alerts} />
						</section>
						<section class="panel" aria-labelledby="newest-alerts">
							<h2 id="newest-alerts">The newest alerts</h2>
							{data.alerts.newest.length > 0 ? (
								<AlertList alerts={data.alerts.newest} />
							) : (
								<Empty title="No alert is open.">
									<a href="/rules">What the rules look for</a>
								</Empty>
							)}
						</section>
					</div>
					<div class="grid">
						{data.events > 0 && (
							<>
								<Top title="Busiest actors" field="actor" list={data.top_actors} all={data.events} />
								<Top title="Most frequent actions" field="action" list={data.top_actions} all={data.events} />
								<NewToday actors={data.new_today.actors} ips={data.new_today.ips} until={until} />
							</>
						)}
						<SourceHealth sources={data.sources} />
					</div>
				</>
			)}
		</div>
	);
}
