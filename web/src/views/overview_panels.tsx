// SPDX-License-Identifier: Apache-2.0
// Panels of the overview: who and what most, what was never seen before today, how the sources are doing.
import { wellStates } from "../app/health";
import { Empty } from "../parts/notice";
import { count, span } from "../parts/show";
import { Ago, Log, State } from "../parts/text";
import { Value } from "../parts/value";
import type { NewValue } from "./overview";

export interface SourceLine {
	name: string;
	state: string;
	text?: string | null;
	lag_s: number | null;
	last_event?: string | null;
}

/** "12.4 %" of all; the number itself stands beside it. */
function share(n: number, all: number): string {
	const part = (100 * n) / Math.max(all, 1);
	return part < 0.1 ? "< 0.1 %" : `${part.toFixed(1)} %`;
}

export function Top(props: { title: string; field: string; list: { value: string; count: number }[]; all: number }) {
	const { title, field, list, all } = props;
	const most = Math.max(1, ...list.map((one) => one.count));
	const id = `top-${field}`;
	return (
		<section class="panel" aria-labelledby={id}>
			<h2 id={id}>{title}</h2>
			{list.length === 0 && <Empty title={`No event of this time names an ${field}.`} />}
			<ol class="top-list">
				{list.map(({ value, count: n }) => (
					<li key={value}>
						<meter min={0} max={most} value={n} aria-hidden="true" />
						<Value field={field} value={value} />
						<span class="num">{count(n)}</span>
						<span class="num dim">{share(n, all)}</span>
					</li>
				))}
			</ol>
		</section>
	);
}

export function NewToday({ actors, ips, until }: { actors: NewValue[]; ips: NewValue[]; until: string }) {
	const lists: [string, string, NewValue[]][] = [
		["actor", "actors", actors],
		["ip", "addresses", ips],
	];
	return (
		<section class="panel" aria-labelledby="new-today">
			<h2 id="new-today">New {until ? "in the last 24 h of this time" : "in the last 24 h"}</h2>
			<p class="dim">Not in any event before, as far as history is stored.</p>
			{lists.map(([field, name, list]) => (
				<div key={field}>
					<h3>
						{list.length === 0
							? `No new ${name}`
							: `${count(list.length)}${list.length >= 20 ? " or more" : ""} ${name}`}
					</h3>
					<ol class="top-list">
						{list.map((one) => (
							<li key={one.value}>
								<Value field={field} value={one.value} />
								<span class="num">{count(one.count)}</span>
								<Ago at={one.first_seen} />
							</li>
						))}
					</ol>
				</div>
			))}
		</section>
	);
}

export function SourceHealth({ sources }: { sources: SourceLine[] }) {
	return (
		<section class="panel" aria-labelledby="source-health">
			<h2 id="source-health">Sources</h2>
			{sources.length === 0 ? (
				<Empty title="No source is connected.">
					<p>What is stored came from files.</p>
					<a class="button" href="/sources">
						To the sources
					</a>
				</Empty>
			) : (
				<ul class="top-list sources-list">
					{sources.map((source) => (
						<li key={source.name}>
							<a href={`/sources/${encodeURIComponent(source.name)}`}>
								<Log text={source.name} />
							</a>
							<State good={source.state === "paused" ? null : wellStates.includes(source.state)}>{source.state}</State>
							<span class="dim num">
								{source.lag_s !== null && source.lag_s !== undefined ? (
									`${span(source.lag_s)} behind`
								) : source.last_event ? (
									<>
										last event <Ago at={source.last_event} />
									</>
								) : (
									"no event yet"
								)}
							</span>
							{source.text && !wellStates.includes(source.state) && (
								<p class="text">
									<Log text={source.text} />
								</p>
							)}
						</li>
					))}
				</ul>
			)}
		</section>
	);
}
