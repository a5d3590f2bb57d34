// SPDX-License-Identifier: Apache-2.0
// All sources and how they are doing, as cards or as a table.
import { get } from "../api";
import { useLoad } from "../app/load";
import { change, place, searchAddress } from "../app/place";
import { may } from "../app/session";
import { Grid } from "../parts/grid";
import { Failed, Waiting } from "../parts/notice";
import { count, counted, quoted, span } from "../parts/show";
import { Ago, Log, State, Table } from "../parts/text";
import { KindCards } from "./sources_start";
import { advice, isWell, path, type Source, tokenDays } from "./sources_types";
import { VolumeSpark } from "./sources_volume";

function query(source: Source): string {
	return `source:${quoted(source.name)}`;
}

export function Token({ source }: { source: Source }) {
	const days = tokenDays(source);
	if (days === null) {
		const has = !["folder", "s3", "bitbucket", "hook"].includes(source.kind ?? "folder");
		return <span class="dim">{has ? "not known" : "no token"}</span>;
	}
	const word = days < 0 ? "expired" : `in ${span(days * 86400)}`;
	return days < 14 ? <State good={false}>{word}</State> : <span title={source.token_expires ?? ""}>{word}</span>;
}

export function Lag({ source }: { source: Source }) {
	if (source.lag_received_s === null) return <span class="dim">–</span>;
	const searchable = source.lag_searchable_s ?? 0;
	return (
		<span
			class="num"
			title={`of the newest event: on its way ${source.lag_received_s} s, searchable after ${searchable} s more`}
		>
			{span(source.lag_received_s + searchable)}
		</span>
	);
}

/** The state in words, why, and what to do. */
export function Words({ source }: { source: Source }) {
	const said = source.text && source.text !== source.state;
	if (!said && !source.error && !advice(source)) return null;
	return (
		<div class="words">
			{said && (
				<p>
					<Log text={source.text} />
				</p>
			)}
			{source.error && source.error !== source.text && (
				<p class="wrong">
					<Log text={source.error} />
				</p>
			)}
			{advice(source) && <p class="dim">{advice(source)}</p>}
		</div>
	);
}

function Card({ source }: { source: Source }) {
	return (
		<section class="panel source" aria-label={source.name}>
			<div class="bar-row">
				<h2>
					<a href={path(source.name)}>{source.name}</a>
				</h2>
				{source.table && <Table name={source.table} />}
				<span class="push">
					<State good={isWell(source.state)}>{source.state}</State>
				</span>
			</div>
			<Words source={source} />
			<VolumeSpark source={source} />
			<dl class="facts">
				<div>
					<dt>Events</dt>
					<dd class="num">
						<a href={searchAddress(query(source), { since: "-30d" })}>{count(source.events)}</a>
					</dd>
				</div>
				<div>
					<dt>Newest</dt>
					<dd>
						<Ago at={source.last_event} />
					</dd>
				</div>
				<div>
					<dt>Lag</dt>
					<dd>
						<Lag source={source} />
					</dd>
				</div>
				<div>
					<dt>Last read</dt>
					<dd>
						<Ago at={source.last_success} />
					</dd>
				</div>
				<div>
					<dt>Gaps</dt>
					<dd>
						{source.gaps ? (
							<State good={false}>
								<a href={path(source.name)}>{count(source.gaps)}</a>
							</State>
						) : (
							"none"
						)}
					</dd>
				</div>
				<div>
					<dt>Token ends</dt>
					<dd>
						<Token source={source} />
					</dd>
				</div>
			</dl>
		</section>
	);
}

function AsTable({ sources }: { sources: Source[] }) {
	return (
		<Grid
			label="sources"
			panel
			kind="sources-table"
			heads={[
				"Source",
				"State",
				"Why, and what to do",
				"Last 7 days",
				{ right: "Events" },
				"Newest",
				"Lag",
				"Last read",
				{ right: "Gaps" },
				"Token ends",
			]}
		>
			{sources.map((source) => (
				<tr key={source.name}>
					<th scope="row">
						<a href={path(source.name)}>{source.name}</a>
					</th>
					<td>
						<State good={isWell(source.state)}>{source.state}</State>
					</td>
					<td class="why">
						<Words source={source} />
					</td>
					<td>
						<VolumeSpark source={source} />
					</td>
					<td class="right num">{count(source.events)}</td>
					<td>
						<Ago at={source.last_event} />
					</td>
					<td>
						<Lag source={source} />
					</td>
					<td>
						<Ago at={source.last_success} />
					</td>
					<td class="right num">{count(source.gaps)}</td>
					<td>
						<Token source={source} />
					</td>
				</tr>
			))}
		</Grid>
	);
}

export function SourceList() {
	const table = place.value.params.get("as") === "table";
	const { data, error, reload } = useLoad((signal) => get<{ sources: Source[] }>("/sources", {}, signal), [], 15000);
	const sources = data?.sources ?? [];
	const ill = sources.filter((source) => isWell(source.state) === false).length;
	if (data && sources.length === 0)
		return (
			<div class="view">
				<header>
					<h1>Sources</h1>
				</header>
				{may("admin") ? (
					<>
						<p>Nothing is connected yet. Each of these takes two minutes:</p>
						<KindCards />
					</>
				) : (
					<p>Nothing is connected yet. An admin connects the first source.</p>
				)}
			</div>
		);
	return (
		<div class="view">
			<header>
				<h1>Sources</h1>
				{data && (
					<span class="dim">
						{counted(sources.length, "source")}
						{ill ? `, ${count(ill)} not well` : ""}
					</span>
				)}
				<div class="bar-row push">
					<div class="segments" role="group" aria-label="shown as">
						<button type="button" aria-pressed={!table} onClick={() => change({ as: null }, true)}>
							Cards
						</button>
						<button type="button" aria-pressed={table} onClick={() => change({ as: "table" }, true)}>
							Table
						</button>
					</div>
					{may("admin") && (
						<a class="button main" href="/sources/connect">
							Connect a source
						</a>
					)}
				</div>
			</header>
			{!!error && <Failed error={error} retry={reload} />}
			{!data && !error && <Waiting />}
			{table ? (
				<AsTable sources={sources} />
			) : (
				<div class="source-cards">
					{sources.map((source) => (
						<Card key={source.name} source={source} />
					))}
				</div>
			)}
		</div>
	);
}
