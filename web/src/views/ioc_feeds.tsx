// SPDX-License-Identifier: Apache-2.0
// Feeds: watchlists that are filled from elsewhere. How the last fetch went, and one more now, as a job.
import { useState } from "preact/hooks";
import { get } from "../api";
import { useLoad } from "../app/load";
import { change, place } from "../app/place";
import { may } from "../app/session";
import { Grid } from "../parts/grid";
import { JobView, startJob, useJob } from "../parts/jobs";
import { Empty, Failed, sayFailed, Waiting } from "../parts/notice";
import { count, span } from "../parts/show";
import { Ago, Log, State } from "../parts/text";
import { FeedForm } from "./ioc_feed_form";
import type { Feed } from "./ioc_types";
import { pauseList, removeList } from "./ioc_watchlists";

function FeedState({ feed }: { feed: Feed }) {
	if (feed.paused) return <State good={null}>paused</State>;
	if (feed.error)
		return (
			<>
				<State good={false}>failing</State>
				<p class="wrong">
					<Log text={feed.error} />
				</p>
				<p class="dim">
					since <Ago at={feed.failing_since} />, {count(feed.failures)} in a row; tried again by itself
				</p>
			</>
		);
	if (!feed.fetched_at) return <State good={null}>never fetched</State>;
	return <State good={true}>fetched</State>;
}

/** A change that looks like a mistake is refused until somebody takes it. */
function refused(feed: Feed): boolean {
	return !!feed.error && /--accept/.test(feed.error);
}

export function Feeds() {
	const { data, error, reload } = useLoad((signal) => get<{ feeds: Feed[] }>("/feeds", {}, signal), [], 20000);
	const [adding, setAdding] = useState(false);
	const { job } = useJob(place.value.params.get("job"), reload);
	const feeds = data?.feeds ?? [];
	const update = (feed: Feed, accept: boolean) => {
		startJob(`/feeds/${encodeURIComponent(feed.name)}/update`, accept ? { accept } : {}).then(
			(started) => change({ job: started.id }, true),
			sayFailed,
		);
	};
	return (
		<>
			<div class="bar-row">
				<p class="dim">
					A feed is a watchlist that is filled from an address or a TAXII server; one from a file is added on the
					server: <code>pugmark ioc add blocklist --file-feed PATH</code>
				</p>
				{may("admin") && !adding && (
					<button type="button" class="push" onClick={() => setAdding(true)}>
						Add a feed
					</button>
				)}
			</div>
			{adding && (
				<FeedForm
					started={(started) => {
						setAdding(false);
						change({ job: started.id }, true);
					}}
					close={() => setAdding(false)}
				/>
			)}
			{job && <JobView job={job} close={() => change({ job: null }, true)} />}
			{!!error && <Failed error={error} retry={reload} />}
			{!data && !error && <Waiting />}
			{data && feeds.length === 0 && (
				<Empty title="There is no feed yet.">
					<p>{may("admin") ? "Add one" : "An admin adds one"}: plain lists, CSV (URLhaus, ThreatFox), STIX, MISP.</p>
					<a class="button" href="/ioc/watchlists">
						Watchlists by hand
					</a>
				</Empty>
			)}
			{feeds.length > 0 && (
				<Grid
					label="feeds"
					panel
					heads={["Feed", "State", { right: "Indicators" }, "Last change", "Fetched", "Next", "Every", ""]}
				>
					{feeds.map((feed) => (
						<tr key={feed.name}>
							<td>
								<a href={`/ioc/watchlists/${encodeURIComponent(feed.name)}`}>{feed.name}</a>
								<p class="dim">
									<Log text={feed.url} />
								</p>
							</td>
							<td>
								<FeedState feed={feed} />
							</td>
							<td class="right num">
								{count(feed.indicators)}
								{feed.unusable > 0 && <p class="dim">{count(feed.unusable)} unusable</p>}
							</td>
							<td class="nowrap">
								<Ago at={feed.changed_at} />
								<p class="dim num">
									+{count(feed.added)} −{count(feed.removed)}
								</p>
							</td>
							<td class="nowrap">
								<Ago at={feed.fetched_at} />
							</td>
							<td class="nowrap">
								{feed.paused ? (
									"–"
								) : feed.next_at && Date.parse(feed.next_at) > Date.now() ? (
									<Ago at={feed.next_at} />
								) : (
									"due now"
								)}
							</td>
							<td>{span(feed.interval_s)}</td>
							<td class="acts-cell">
								{may("analyst") && (
									<div class="acts">
										<button type="button" onClick={() => update(feed, false)}>
											Update now
										</button>
										{refused(feed) && (
											<button type="button" onClick={() => update(feed, true)}>
												Accept the change
											</button>
										)}
										<button type="button" onClick={() => void pauseList(feed, reload)}>
											{feed.paused ? "Resume" : "Pause"}
										</button>
										<button type="button" class="loss" onClick={() => void removeList(feed, "feed", reload)}>
											Remove
										</button>
									</div>
								)}
							</td>
						</tr>
					))}
				</Grid>
			)}
		</>
	);
}
