// SPDX-License-Identifier: Apache-2.0
// One watchlist and what is on it.
import { useState } from "preact/hooks";
import { get, Problem } from "../api";
import { useLoad } from "../app/load";
import { address, go } from "../app/place";
import { may } from "../app/session";
import { flat } from "../parts/event";
import { Grid } from "../parts/grid";
import { Empty, Failed, Waiting } from "../parts/notice";
import { bytes, count, counted } from "../parts/show";
import { Log, Severity, Time } from "../parts/text";
import type { Watchlist } from "./ioc_types";
import { WatchForm } from "./ioc_watch_form";
import { ListState, path, pauseList, removeList } from "./ioc_watchlists";

interface Entry {
	indicator: string;
	kind: string;
	confidence: number | null;
	expires: string | null;
	tags: string | null;
	description: string | null;
}

interface One {
	watchlist: Watchlist;
	indicators: Entry[];
	more: boolean;
}

export function OneWatchlist({ name }: { name: string }) {
	const [limit, setLimit] = useState(200);
	const [adding, setAdding] = useState(false);
	const { data, error, reload } = useLoad((signal) => get<One>(path(name), { limit }, signal), [name, limit]);
	const list = data?.watchlist;
	if (error instanceof Problem && error.status === 404)
		return (
			<Empty title="There is no such list.">
				<a class="button" href="/ioc/watchlists">
					All watchlists
				</a>
			</Empty>
		);
	const entries = data?.indicators ?? [];
	return (
		<>
			<div class="bar-row">
				<h2>
					<a href="/ioc/watchlists">Watchlists</a> / {name}
				</h2>
				{list && (
					<>
						<ListState list={list} />
						<Severity level={list.level} />
						<span class="dim">
							{counted(list.indicators, "indicator")}, {bytes(list.bytes)}
						</span>
						<div class="bar-row push">
							<a class="button" href={address("/alerts", { rule: `watchlist:${name}` })}>
								Alerts
							</a>
							{may("analyst") && (
								<>
									{!list.url && (
										<button type="button" class="main" aria-expanded={adding} onClick={() => setAdding(!adding)}>
											Add indicators
										</button>
									)}
									<button type="button" onClick={() => void pauseList(list, reload)}>
										{list.paused ? "Resume" : "Pause"}
									</button>
									<button
										type="button"
										class="loss"
										onClick={() => void removeList(list, list.url ? "feed" : "list", () => go("/ioc/watchlists"))}
									>
										Remove
									</button>
								</>
							)}
						</div>
					</>
				)}
			</div>
			{adding && (
				<WatchForm
					text=""
					file={null}
					what="all"
					list={name}
					close={() => {
						setAdding(false);
						reload();
					}}
				/>
			)}
			{!!error && <Failed error={error} retry={reload} />}
			{!data && !error && <Waiting />}
			{data && entries.length === 0 && <Empty title="The list is empty." />}
			{entries.length > 0 && (
				<Grid
					label="watchlists"
					panel
					heads={["Indicator", "Kind", "Ends", { right: "Confidence" }, "What its list says", ""]}
				>
					{entries.map((entry, at) => {
						return (
							<tr key={at}>
								<td>
									<Log text={entry.indicator} />
								</td>
								<td>{entry.kind}</td>
								<td>{entry.expires ? <Time at={entry.expires} ms={false} /> : "never"}</td>
								<td class="right num">{entry.confidence ?? ""}</td>
								<td>
									<Log text={[flat(entry.tags), flat(entry.description)].filter(Boolean).join(" · ")} />
								</td>
								<td class="acts-cell">
									<a href={address("/ioc", { q: entry.indicator })}>seen?</a>
								</td>
							</tr>
						);
					})}
				</Grid>
			)}
			{list && data?.more && (
				<button type="button" onClick={() => setLimit(limit * 5)}>
					More of {count(list.indicators)}
				</button>
			)}
		</>
	);
}
