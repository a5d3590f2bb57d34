// SPDX-License-Identifier: Apache-2.0
// How many events a source brought over time: a histogram of a search for its events.
import { get } from "../api";
import { useLoad } from "../app/load";
import { go, searchAddress } from "../app/place";
import { Spark, TimeBars } from "../parts/chart";
import { bars, type SearchAnswer } from "../parts/event";
import { Failed } from "../parts/notice";
import { counted, quoted } from "../parts/show";
import type { Source } from "./sources_types";

function ask(source: Source, since: string, most: number, signal: AbortSignal) {
	return get<SearchAnswer>(
		"/search",
		{
			q: `source:${quoted(source.name)}`,
			table: source.table,
			since,
			limit: 0,
			count: true,
			histogram: most,
			secondary: source.secondary ? true : undefined,
		},
		signal,
	);
}

export function VolumeSpark({ source }: { source: Source }) {
	const { data } = useLoad((signal) => ask(source, "-7d", 42, signal), [source.name, source.events], 120000);
	if (!data?.histogram) return <div class="spark-room" />;
	const label = `${counted(data.matched, "event")} in the last 7 days`;
	return (
		<div class="spark-room" title={label}>
			<Spark values={data.histogram.buckets.map((bucket) => bucket.count)} label={label} width={210} height={28} />
		</div>
	);
}

export function Volume({ source }: { source: Source }) {
	const { data, error, reload } = useLoad(
		(signal) => ask(source, "-30d", 120, signal),
		[source.name, source.events],
		60000,
	);
	if (error) return <Failed error={error} retry={reload} />;
	if (!data) return <div class="chart-waiting">counting …</div>;
	if (!data.histogram || data.matched === 0) return <p class="dim">No event in the last 30 days.</p>;
	const zoom = (low: number, high: number) =>
		go(
			searchAddress(`source:${quoted(source.name)}`, {
				since: new Date(low).toISOString(),
				until: new Date(high).toISOString(),
			}),
		);
	return <TimeBars {...bars(data.histogram)} zoom={zoom} />;
}
