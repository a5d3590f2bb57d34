// SPDX-License-Identifier: Apache-2.0
// Rules over history again, as a job: tried first, or for good.
import { useState } from "preact/hooks";
import { get, type Job } from "../api";
import { useLoad } from "../app/load";
import { address, change, place } from "../app/place";
import { type Alert, AlertList, rank } from "../parts/alert";
import { Choice, Tick } from "../parts/form";
import { isOver, JobView, startJob, useJob } from "../parts/jobs";
import { Empty, Failed, sayFailed } from "../parts/notice";
import { listRules } from "../parts/rules";
import { count, counted, span } from "../parts/show";
import { Spans } from "../parts/spans";
import { Ago } from "../parts/text";

interface Summary {
	rows: number;
	hits: number;
	alerts: number;
	new: number;
	changed: number;
	withdrawn: number;
	gave_up: number;
	unread_segments: number;
	seconds: number;
}

const gravest = (a: Alert, b: Alert) =>
	rank(a.level) - rank(b.level) || ((a.last_event ?? "") < (b.last_event ?? "") ? 1 : -1);

/** What a job of `detect run` found: lines of alerts, and a summary as the last. */
function read(job: Job): { alerts: Alert[]; summary: Summary | null } {
	const lines = Array.isArray(job.result) ? job.result : job.result ? [job.result] : [];
	const summary = lines.findLast((line) => typeof line === "object" && line !== null && "rows" in line);
	return { alerts: lines.filter((line) => line && "first_event" in line).sort(gravest), summary: summary ?? null };
}

function Result({ job }: { job: Job & { result_cut?: boolean; asked?: { dry_run?: boolean; rule?: string } } }) {
	const { alerts, summary } = read(job);
	const dry = job.asked?.dry_run === true;
	return (
		<section class="panel" aria-label="what it found">
			{summary && (
				<>
					<h2>
						<span class="num">{counted(summary.alerts, "alert")}</span> of{" "}
						<span class="num">{counted(summary.rows, "event")}</span>
						{dry && ", nothing was written"}
					</h2>
					<p>
						{!dry &&
							`${count(summary.new)} new, ${count(summary.changed)} changed, ${count(summary.withdrawn)} withdrawn; `}
						in {span(summary.seconds)}
					</p>
					{summary.unread_segments > 0 && (
						<p class="wrong">
							▲ {counted(summary.unread_segments, "segment")} could not be read: verify what is stored
						</p>
					)}
					{summary.gave_up > 0 && (
						<p class="wrong">
							▲ {counted(summary.gave_up, "value was", "values were")} too much for a regular expression: its rule did
							not see {summary.gave_up === 1 ? "it" : "them"}
						</p>
					)}
				</>
			)}
			{alerts.length > 0 && <AlertList alerts={alerts.slice(0, 50)} plain={dry} />}
			{(alerts.length > 50 || job.result_cut) && (
				<p class="dim">Only {count(Math.min(alerts.length, 50))} are shown, the gravest first.</p>
			)}
			{summary && !dry && (
				<a class="button" href={address("/alerts", { rule: job.asked?.rule ?? null })}>
					To the alerts
				</a>
			)}
		</section>
	);
}

function Earlier({ at }: { at: string }) {
	const { data } = useLoad((signal) => get<{ jobs: Job[] }>("/jobs", {}, signal), [at]);
	const list = (data?.jobs ?? []).filter((job) => job.kind === "rules run" && job.id !== at);
	if (list.length === 0)
		return at ? null : (
			<Empty title="No run over history is known since the service began.">
				<p>Rules look at each event as it is stored. A new or changed rule sees history only by a run.</p>
			</Empty>
		);
	return (
		<section class="panel" aria-labelledby="earlier-runs">
			<h2 id="earlier-runs">Earlier runs</h2>
			<ul class="top-list">
				{list.map((job) => (
					<li key={job.id}>
						<a href={address("/rules/run", { job: job.id })}>{job.title}</a>
						<span>{job.state}</span>
						<Ago at={job.started} />
					</li>
				))}
			</ul>
		</section>
	);
}

export function RulesRun() {
	const { params } = place.value;
	const rule = params.get("rule") ?? "";
	const since = params.get("since") ?? "";
	const until = params.get("until") ?? "";
	const id = params.get("job") ?? "";
	const [dry, setDry] = useState(true);
	const rules = useLoad(listRules, []);
	const { job, error } = useJob(id || null);
	const start = (event: Event) => {
		event.preventDefault();
		const body = { dry_run: dry, ...(rule ? { rule } : {}), ...(since ? { since } : {}), ...(until ? { until } : {}) };
		startJob("/rules/run", body).then((started) => change({ job: started.id }), sayFailed);
	};
	return (
		<>
			<p class="dim">
				What is stored is looked at again. Alerts that were found before stay as they are, with all that was said of
				them; what nothing supports any more is withdrawn.
			</p>
			<form class="bar-row" onSubmit={start}>
				<Choice
					bare
					label="rule"
					value={rule}
					change={(one) => change({ rule: one }, true)}
					options={[
						["", "all rules that are on"],
						...(rules.data ?? []).filter((one) => one.alone).map((one): [string, string] => [one.id, one.title]),
					]}
				/>
				<Spans since={since} until={until} change={(low, high) => change({ since: low, until: high }, true)} />
				<Tick label="only say what it would find" value={dry} change={setDry} />
				<button type="submit" class="main" disabled={!!job && !isOver(job)}>
					{dry ? "Try" : "Run"}
				</button>
			</form>
			{error ? <Failed error={error} /> : null}
			{job && <JobView job={job} close={() => change({ job: null })} />}
			{job?.state === "done" && <Result job={job} />}
			<Earlier at={id} />
		</>
	);
}
