// SPDX-License-Identifier: Apache-2.0
// One indicator: where and when it was seen, by whom, and the ways on from it.
import { useRef } from "preact/hooks";
import { get } from "../api";
import { useLoad } from "../app/load";
import { address, go, searchAddress } from "../app/place";
import { may } from "../app/session";
import { TimeBars } from "../parts/chart";
import { Drawer } from "../parts/dialog";
import { bars, type SearchAnswer } from "../parts/event";
import { Failed, say, sayFailed } from "../parts/notice";
import { count, counted } from "../parts/show";
import { Log, Table, Time } from "../parts/text";
import { Value } from "../parts/value";
import { type Answer, eventsQuery, eventsText, until } from "./ioc_types";
import { WatchForm } from "./ioc_watch_form";

function Course({ answer }: { answer: Answer }) {
	const query = eventsQuery(answer);
	const { data, error, reload } = useLoad(
		(signal) =>
			get<SearchAnswer>(
				"/search",
				{ q: query, since: answer.first_seen, until: until(answer), limit: 0, count: true, histogram: 80 },
				signal,
			),
		[query],
	);
	if (error) return <Failed error={error} retry={reload} />;
	if (!data) return <div class="chart-waiting">counting …</div>;
	const zoom = (low: number, high: number) =>
		go(searchAddress(query, { since: new Date(low).toISOString(), until: new Date(high).toISOString() }));
	return (
		<>
			{data.histogram && data.histogram.buckets.length > 1 && (
				<TimeBars {...bars(data.histogram)} height={72} zoom={zoom} />
			)}
			{data.matched !== answer.events && (
				<p class="dim">
					The search finds {counted(data.matched, "event")}: it looks for the text in every field, indicators are
					compared by kind.
				</p>
			)}
		</>
	);
}

export function IocDrawer({ answer, close }: { answer: Answer; close: () => void }) {
	const seen = !!answer.events;
	const watch = useRef<HTMLDetailsElement>(null);
	const copy = () => navigator.clipboard.writeText(answer.indicator).then(() => say("Copied"), sayFailed);
	return (
		<Drawer title="Indicator" close={close}>
			<p class="ioc-name">
				<Log text={answer.indicator} />
			</p>
			{answer.unusable !== undefined ? (
				<p class="wrong">
					✗ unusable: <Log text={answer.unusable} />
				</p>
			) : (
				<p>
					{answer.kind}
					{answer.caution && (
						<>
							{" · "}
							<Log text={answer.caution} />
						</>
					)}
					{" · "}
					{seen ? <b class="num">{eventsText(answer, count)} events</b> : <b>never seen</b>}
				</p>
			)}
			<div class="bar-row">
				{seen && (
					<a
						class="button main"
						href={searchAddress(eventsQuery(answer), { since: answer.first_seen, until: until(answer) })}
					>
						Its events
					</a>
				)}
				{answer.unusable === undefined && (
					<a class="button" href={address("/entity", { value: answer.indicator })}>
						Entity
					</a>
				)}
				<button type="button" onClick={() => void copy()}>
					Copy
				</button>
			</div>
			{seen && (
				<>
					<Course answer={answer} />
					<table class="plain">
						<tbody>
							{Object.entries(answer.tables ?? {}).map(([name, n]) => (
								<tr key={name}>
									<th scope="row">
										<Table name={name} />
									</th>
									<td class="right num">
										<a
											href={searchAddress(`table:${name} ${eventsQuery(answer)}`, {
												since: answer.first_seen,
												until: until(answer),
											})}
										>
											{counted(n, "event")}
										</a>
									</td>
								</tr>
							))}
						</tbody>
					</table>
					<dl class="facts">
						<div>
							<dt>First seen</dt>
							<dd>
								<Time at={answer.first_seen} ms={false} relative />
							</dd>
						</div>
						<div>
							<dt>Last seen</dt>
							<dd>
								<Time at={answer.last_seen} ms={false} relative />
							</dd>
						</div>
					</dl>
					<section>
						<h3>By whom</h3>
						{answer.actors?.length ? (
							<ul class="who-list">
								{answer.actors.map((actor) => (
									<li key={actor}>
										<Value field="actor" value={actor} />
									</li>
								))}
								{answer.more_actors && <li class="dim">and more</li>}
							</ul>
						) : (
							<p class="dim">The events name nobody.</p>
						)}
					</section>
				</>
			)}
			{answer.unusable === undefined && may("analyst") && (
				<details ref={watch}>
					<summary>Watch this</summary>
					<WatchForm
						text={answer.indicator}
						file={null}
						what="all"
						close={() => watch.current?.removeAttribute("open")}
					/>
				</details>
			)}
			{!seen && answer.unusable === undefined && (
				<p class="dim">
					No event that is stored has it. The Overview says how far back that is; fields that no column takes are not
					among what is compared: <a href={searchAddress(eventsQuery(answer), { since: "all" })}>search for its text</a>
					.
				</p>
			)}
		</Drawer>
	);
}
