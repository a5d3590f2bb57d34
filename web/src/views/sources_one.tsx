// SPDX-License-Identifier: Apache-2.0
// One source: how it is doing, what it brought, what is missing, what was asked of it; pause, test, backfill, remove.
import { useEffect, useState } from "preact/hooks";
import { get, type Job, Problem, post } from "../api";
import { useLoad } from "../app/load";
import { address, change, go, place, searchAddress } from "../app/place";
import { may } from "../app/session";
import { flat } from "../parts/event";
import { Field } from "../parts/form";
import { isOver, JobView, startJob, useJob } from "../parts/jobs";
import { Empty, Failed, say, sayFailed, Waiting } from "../parts/notice";
import { remove } from "../parts/remove";
import { count, quoted, span } from "../parts/show";
import { Ago, Log, State, Table, Time } from "../parts/text";
import { GapList, LedgerTable } from "./sources_ledger";
import { Lag, Token, Words } from "./sources_list";
import { type Found, NewestEvents } from "./sources_newest";
import { isWell, type Source } from "./sources_types";
import { Volume } from "./sources_volume";

function Facts({ source }: { source: Source }) {
	const settings = Object.entries(source.settings ?? {});
	return (
		<dl class="facts wide">
			<div>
				<dt>Events</dt>
				<dd class="num">
					<a href={searchAddress(`source:${quoted(source.name)}`, { since: "all" })}>{count(source.events)}</a>
					{source.table && (
						<>
							{" in "}
							<Table name={source.table} />
						</>
					)}
				</dd>
			</div>
			<div>
				<dt>Newest event</dt>
				<dd>
					<Time at={source.last_event} ms={false} relative />
				</dd>
			</div>
			<div>
				<dt>Oldest event</dt>
				<dd>
					<Time at={source.first_event} ms={false} />
				</dd>
			</div>
			<div>
				<dt>History</dt>
				<dd>
					{source.history_done ? "read to its beginning" : source.history_to ? "being read" : "–"}
					{source.history_to && !source.history_done && (
						<>
							, now at <Time at={source.history_to} ms={false} />
						</>
					)}
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
					{source.last_attempt && Date.parse(source.last_attempt) - Date.parse(source.last_success ?? "") > 60000 && (
						<span class="dim">
							{" "}
							(tried <Ago at={source.last_attempt} />)
						</span>
					)}
				</dd>
			</div>
			<div>
				<dt>Came late</dt>
				<dd class="num">{count(source.late)}</dd>
			</div>
			<div>
				<dt>Failures in a row</dt>
				<dd class="num">{count(source.failures)}</dd>
			</div>
			{source.interval_s !== undefined && (
				<div>
					<dt>Interval</dt>
					<dd>
						{span(source.interval_s)}
						{source.look_back_s ? `, ${span(source.look_back_s)} of look-back` : ""}
					</dd>
				</div>
			)}
			<div>
				<dt>Token ends</dt>
				<dd>
					<Token source={source} />
				</dd>
			</div>
			{source.instance && (
				<div>
					<dt>Instance</dt>
					<dd>
						<Log text={source.instance} />
					</dd>
				</div>
			)}
			{settings.map(([name, value]) => (
				<div key={name}>
					<dt>{name.replace(/_/g, " ")}</dt>
					<dd>
						<Log text={flat(value)} />
					</dd>
				</div>
			))}
			{source.secrets && (
				<div>
					<dt>Sealed</dt>
					<dd>
						<Log text={source.secrets.replace(/_/g, " ")} />
					</dd>
				</div>
			)}
		</dl>
	);
}

function Backfill({ start, close }: { start: (since: string) => void; close: () => void }) {
	const [since, setSince] = useState("");
	return (
		<form
			class="panel inline-form"
			onSubmit={(event) => {
				event.preventDefault();
				start(since.trim());
			}}
		>
			<Field
				label="Read again from"
				value={since}
				change={setSince}
				placeholder="-90d"
				focus
				help="2026-01-01, or -90d. Empty: what is new, and what is left of the history. Nothing is stored twice."
			/>
			<div class="buttons">
				<button type="submit" class="main">
					Backfill
				</button>
				<button type="button" onClick={close}>
					Cancel
				</button>
			</div>
		</form>
	);
}

/** The form with what is known of the source: for a new token, or other settings. */
function again(source: Source): string {
	if (source.kind === "hook") return "/settings/hooks";
	return source.kind ? address(`/sources/connect/${source.kind}`, { from: source.name }) : "/sources/connect";
}

function Acts({ source, done, started }: { source: Source; done: () => void; started: (job: Job) => void }) {
	const [filling, setFilling] = useState(false);
	const [busy, setBusy] = useState(false);
	if (!may("admin")) return null;
	const at = `/sources/${encodeURIComponent(source.name)}`;
	const job = async (what: string, body: unknown = {}) => {
		setBusy(true);
		try {
			started(await startJob(`${at}/${what}`, body));
			setFilling(false);
		} catch (error) {
			sayFailed(error);
		}
		setBusy(false);
	};
	const pause = async (what: "pause" | "resume") => {
		try {
			await post(`${at}/${what}`);
			done();
			if (what === "pause")
				say(`${source.name} is paused: what is being read now is finished first.`, () => void pause("resume"));
			else say(`${source.name} is read again.`);
		} catch (error) {
			sayFailed(error);
		}
	};
	const drop = async () => {
		const gone = await remove(
			hook ? `/hooks/${encodeURIComponent(source.name)}` : at,
			{
				title: `Remove ${source.name}?`,
				text: "The connection and its token are forgotten. Its events, its ledger and alerts stay. Connected again, it doubles nothing.",
				yes: "Remove the source",
			},
			`${source.name} is removed. Its events are kept.`,
		);
		if (gone) go("/sources");
	};
	const hook = source.kind === "hook";
	const paused = source.paused ?? source.state === "paused";
	return (
		<>
			<div class="bar-row push">
				{source.state !== "gone" && (
					<>
						{!hook && (
							<>
								<button type="button" disabled={busy} onClick={() => void job("test")}>
									Test again
								</button>
								<button type="button" aria-expanded={filling} onClick={() => setFilling(!filling)}>
									Backfill
								</button>
							</>
						)}
						<button type="button" onClick={() => void pause(paused ? "resume" : "pause")}>
							{paused ? "Resume" : "Pause"}
						</button>
					</>
				)}
				<a class="button" href={again(source)}>
					{hook ? "Hooks" : "Connect again"}
				</a>
				{source.state !== "gone" && (
					<button type="button" class="loss" onClick={() => void drop()}>
						Remove
					</button>
				)}
			</div>
			{filling && (
				<Backfill start={(since) => void job("backfill", since ? { since } : {})} close={() => setFilling(false)} />
			)}
		</>
	);
}

export function OneSource({ name }: { name: string }) {
	const jobId = place.value.params.get("job");
	const at = `/sources/${encodeURIComponent(name)}`;
	const [fresh, setFresh] = useState(false);
	const { data, error, reload } = useLoad((signal) => get<Source>(at, {}, signal), [name], fresh ? 2000 : 10000);
	// While its history is being read one wants to see it come.
	const coming = data?.state === "new" || (!!data?.history_to && !data.history_done && data.state !== "paused");
	useEffect(() => setFresh(coming), [coming]);
	const running = useJob(jobId, reload);
	const found = running.job && isOver(running.job) ? (running.job.result as Found | undefined) : undefined;
	if (error instanceof Problem && error.status === 404)
		return (
			<Empty title="There is no such source.">
				<a class="button" href="/sources">
					All sources
				</a>
			</Empty>
		);
	if (error && !data) return <Failed error={error} retry={reload} />;
	if (!data) return <Waiting />;
	return (
		<div class="view">
			<header>
				<h1>
					<a href="/sources">Sources</a> / {data.name}
				</h1>
				<State good={isWell(data.state)}>{data.state}</State>
				{data.events > 0 && (
					<a class="button" href={searchAddress(`source:${quoted(name)}`, { since: "-30d" })}>
						Its events
					</a>
				)}
				<Acts source={data} done={reload} started={(job) => change({ job: job.id }, true)} />
			</header>
			{!!error && <Failed error={error} retry={reload} />}
			<Words source={data} />
			{running.job && <JobView job={running.job} close={() => change({ job: null }, true)} />}
			{found?.events && <NewestEvents found={found} />}
			<section class="panel" aria-labelledby="volume-title">
				<h2 id="volume-title">Events of the last 30 days</h2>
				<Volume source={data} />
			</section>
			<section class="panel" aria-labelledby="facts-title">
				<h2 id="facts-title">How it is doing</h2>
				<Facts source={data} />
			</section>
			<GapList
				name={name}
				turn={`${data.gaps} ${running.job?.state ?? ""}`}
				refetch={
					may("admin")
						? () =>
								startJob(`/sources/${encodeURIComponent(name)}/refetch`).then(
									(job) => change({ job: job.id }, true),
									sayFailed,
								)
						: null
				}
			/>
			<LedgerTable name={name} turn={data.last_success ?? ""} />
		</div>
	);
}
