// SPDX-License-Identifier: Apache-2.0
// Watchlists: all of them.
import { useState } from "preact/hooks";
import { get, post } from "../api";
import { useLoad } from "../app/load";
import { address } from "../app/place";
import { may } from "../app/session";
import { Grid } from "../parts/grid";
import { Empty, Failed, say, sayFailed, Waiting } from "../parts/notice";
import { remove } from "../parts/remove";
import { count, counted, span } from "../parts/show";
import { Ago, Log, Severity, State } from "../parts/text";
import type { Watchlist } from "./ioc_types";
import { WatchForm } from "./ioc_watch_form";

export function path(name: string): string {
	return `/watchlists/${encodeURIComponent(name)}`;
}

export async function pauseList(list: { name: string; paused: boolean }, done: () => void) {
	try {
		await post(`${path(list.name)}/${list.paused ? "resume" : "pause"}`);
		done();
		say(
			list.paused ? `${list.name} is watched for again, and in what came meanwhile.` : `${list.name} is paused.`,
			() => void pauseList({ name: list.name, paused: !list.paused }, done),
		);
	} catch (error) {
		sayFailed(error);
	}
}

export async function removeList(list: { name: string; indicators: number }, what: string, done: () => void) {
	const gone = await remove(
		path(list.name),
		{
			title: `Remove ${list.name}?`,
			text: `Its ${counted(list.indicators, "indicator")} are not watched for any more${what === "feed" ? ", and its secrets are forgotten" : ""}. Alerts that it raised stay.`,
			yes: `Remove the ${what}`,
		},
		`${list.name} is removed.`,
	);
	if (gone) done();
}

export function ListState({ list }: { list: Watchlist }) {
	if (list.error) return <State good={false}>failing</State>;
	if (list.paused) return <State good={null}>paused</State>;
	return <State good={true}>{list.swept ? "watched for" : "watched for; history is being asked"}</State>;
}

export function Watchlists() {
	const { data, error, reload } = useLoad(
		(signal) => get<{ watchlists: Watchlist[] }>("/watchlists", {}, signal),
		[],
		20000,
	);
	const [adding, setAdding] = useState(false);
	const lists = data?.watchlists ?? [];
	return (
		<>
			<div class="bar-row">
				<p class="dim">
					A list is asked of all history when it changes, and of every event that comes. What is seen is an alert.
				</p>
				{may("analyst") && (
					<button type="button" class="main push" aria-expanded={adding} onClick={() => setAdding(!adding)}>
						New list
					</button>
				)}
			</div>
			{adding && <WatchForm text="" file={null} what="all" changed={reload} close={() => setAdding(false)} />}
			{!!error && <Failed error={error} retry={reload} />}
			{!data && !error && <Waiting />}
			{data && lists.length === 0 && !adding && (
				<Empty title="Nothing is watched for yet.">
					<p>Search indicators, then choose “Watch these”; or make a list here; or let a feed fill one.</p>
					<a class="button" href="/ioc">
						Search indicators
					</a>
				</Empty>
			)}
			{lists.length > 0 && (
				<Grid
					label="watchlists"
					panel
					heads={[
						"List",
						"State",
						"Level",
						{ right: "Indicators" },
						{ right: "Unusable" },
						"Ends after",
						"Tags",
						"Changed",
						"",
					]}
				>
					{lists.map((list) => (
						<tr key={list.name}>
							<td>
								<a href={`/ioc/watchlists/${encodeURIComponent(list.name)}`}>{list.name}</a>
								{list.url && (
									<>
										{" "}
										<a class="tag" href="/ioc/feeds">
											feed
										</a>
									</>
								)}
							</td>
							<td>
								<ListState list={list} />
								{list.error && (
									<p class="wrong">
										<Log text={list.error} />
									</p>
								)}
							</td>
							<td>
								<Severity level={list.level} />
							</td>
							<td class="right num">{count(list.indicators)}</td>
							<td class="right num">{count(list.unusable)}</td>
							<td>{list.expire_s ? span(list.expire_s) : "never"}</td>
							<td>
								<Log text={list.tags ?? ""} />
							</td>
							<td class="nowrap">
								<Ago at={list.changed_at} />
							</td>
							<td class="acts-cell">
								<div class="acts">
									<a class="button" href={address("/alerts", { rule: `watchlist:${list.name}` })}>
										Alerts
									</a>
									{may("analyst") && (
										<>
											<button type="button" onClick={() => void pauseList(list, reload)}>
												{list.paused ? "Resume" : "Pause"}
											</button>
											<button
												type="button"
												class="loss"
												onClick={() => void removeList(list, list.url ? "feed" : "list", reload)}
											>
												Remove
											</button>
										</>
									)}
								</div>
							</td>
						</tr>
					))}
				</Grid>
			)}
		</>
	);
}
