// SPDX-License-Identifier: Apache-2.0
// Work that takes long: started here, followed here, shown with its steps; and the header's word on what runs.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { followJob, get, type Job, post } from "../api";
import { useLoad } from "../app/load";
import { place } from "../app/place";
import { may } from "../app/session";
import { sayFailed } from "./notice";
import { bytes, count, counted } from "./show";
import { Ago, Log, State } from "./text";

/** Changed whenever a job is started or ends here, so that lists of jobs look again. */
export const jobsTurn = signal(0);

/** Starts a job by a request that answers 202 with it. */
export async function startJob(path: string, body: unknown = {}): Promise<Job> {
	const { job } = await post<{ job: Job }>(path, body);
	jobsTurn.value++;
	return job;
}

async function cancelJob(id: string) {
	await post(`/jobs/${encodeURIComponent(id)}/cancel`);
	jobsTurn.value++;
}

const titles: Record<string, (target: string) => string> = {
	"source try": (target) => `Test ${target}`,
	"source add": (target) => `Connect ${target}`,
	"source test": (target) => `Test ${target} again`,
	"source backfill": (target) => `Backfill ${target}`,
	"source refetch": (target) => `Ask ${target} for what is missing`,
	"feed add": (target) => `Add the feed ${target}`,
	compact: () => "Compact what is stored",
	"rules run": (target) => (target ? `Rule ${target} over history` : "Rules over history"),
	verify: () => "Verify what is stored",
	rebuild: (target) => (target ? `Decode ${target} again` : "Decode all tables again"),
	"rejects retry": () => "Read again what could not be read",
	"cluster status": () => "Ask how the cluster is",
	"cluster load": () => "Send to the cluster, and compare",
	"feed update": (target) => `Update the feed ${target}`,
	"notifier add": (target) => `Add the notifier ${target}`,
	"notifier test": (target) => `Test the notifier ${target}`,
};

export function jobTitle(job: Job): string {
	return titles[job.kind]?.(job.target ?? "") ?? job.title;
}

export function isOver(job: Job): boolean {
	return job.state !== "running";
}

/** One job, as it goes on. `ended` is told once, when it was seen to run and ends. */
export function useJob(id: string | null, ended?: (job: Job) => void): { job: Job | undefined; error: unknown } {
	const [state, setState] = useState<{ job: Job | undefined; error: unknown }>({ job: undefined, error: null });
	useEffect(() => {
		setState({ job: undefined, error: null });
		if (!id) return;
		let stop = () => {};
		let gone = false;
		get<Job>(`/jobs/${encodeURIComponent(id)}`).then(
			(job) => {
				if (gone) return;
				setState({ job, error: null });
				if (isOver(job)) {
					ended?.(job);
					return;
				}
				stop = followJob(id, (next, over) => {
					setState({ job: next, error: null });
					if (!over) return;
					jobsTurn.value++;
					ended?.(next);
				});
			},
			(error) => !gone && setState({ job: undefined, error }),
		);
		return () => {
			gone = true;
			stop();
		};
	}, [id]);
	return state;
}

const marks = { running: "…", ok: "✓", note: "·", warning: "!", failed: "✗" };
const spoken = { running: "running", ok: "done", note: "note", warning: "warning", failed: "failed" };

function Steps({ job }: { job: Job }) {
	return (
		<ol class="steps" aria-live="polite">
			{job.steps.map((step, at) => (
				<li key={at} class={`step-${step.state}`}>
					<span class="mark" role="img" aria-label={spoken[step.state]}>
						{marks[step.state] ?? "·"}
					</span>
					<div>
						<Log text={step.text || step.name} />
						{step.advice && (
							<p class="advice">
								<Log text={step.advice} />
							</p>
						)}
					</div>
				</li>
			))}
			{!isOver(job) && job.steps.at(-1)?.state !== "running" && (
				<li class="step-running">
					<span class="mark" aria-hidden="true">
						…
					</span>
					<div class="dim">{job.steps.length ? "the next step" : "begins"}</div>
				</li>
			)}
		</ol>
	);
}

export function Progress({ job }: { job: Job }) {
	const at = job.progress;
	if (!at) return null;
	const whole = at.total !== null && at.total > 0;
	const amount = (n: number) => (at.unit === "bytes" ? bytes(n) : at.unit ? counted(n, at.unit, at.unit) : count(n));
	return (
		<div class="progress">
			{!isOver(job) && <progress aria-label={jobTitle(job)} {...(whole ? { value: at.done, max: at.total! } : {})} />}
			<span class="num">
				{at.done >= 0 && (whole ? `${amount(at.done)} of ${amount(at.total!)}` : amount(at.done))}
				{at.text && !isOver(job) && (
					<>
						{at.done >= 0 && " · "}
						<Log text={at.text} />
					</>
				)}
			</span>
		</div>
	);
}

export function JobState({ job }: { job: Job }) {
	const good = { running: null, done: true, failed: false, cancelled: null }[job.state];
	return <State good={good}>{job.state}</State>;
}

export function CancelJob({ job }: { job: Job }) {
	const [asked, setAsked] = useState(false);
	if (isOver(job) || !may("analyst")) return null;
	const cancel = () => {
		setAsked(true);
		cancelJob(job.id).catch((error) => {
			setAsked(false);
			sayFailed(error);
		});
	};
	return (
		<button type="button" disabled={asked} onClick={cancel} aria-label={`cancel: ${jobTitle(job)}`}>
			{asked ? "Cancelling …" : "Cancel"}
		</button>
	);
}

/** Whether the step that failed has said what the error says. */
function said(job: Job): boolean {
	const last = job.steps.at(-1);
	return last?.state === "failed" && !!last.text && !!job.error?.startsWith(last.text);
}

/** A job with all that it says: state, progress, steps, error. */
export function JobView({ job, close }: { job: Job; close?: () => void }) {
	return (
		<section class="panel job" aria-label={jobTitle(job)}>
			<div class="bar-row">
				<h2>
					<Log text={jobTitle(job)} />
				</h2>
				<JobState job={job} />
				<span class="dim">
					{job.who}, <Ago at={job.ended ?? job.started} />
				</span>
				<div class="bar-row push">
					<CancelJob job={job} />
					{isOver(job) && place.value.id !== "jobs" && <a href={`/settings/jobs?job=${job.id}`}>What came of it</a>}
					{close && isOver(job) && (
						<button type="button" class="quiet" onClick={close} aria-label="close">
							✕
						</button>
					)}
				</div>
			</div>
			<Progress job={job} />
			{job.steps.length > 0 && <Steps job={job} />}
			{job.error && !said(job) && (
				<p class="wrong" role="alert">
					▲ <Log text={job.error} />
				</p>
			)}
		</section>
	);
}

/** In the header: how many jobs run, and a small panel with the last ones. */
export function JobsIndicator() {
	const [open, setOpen] = useState(false);
	const [busy, setBusy] = useState(false);
	const here = place.value;
	useEffect(() => setOpen(false), [here]);
	const { data } = useLoad(
		(signal) => get<{ jobs: Job[] }>("/jobs", {}, signal),
		[jobsTurn.value],
		busy || open ? 2000 : 20000,
	);
	const jobs = data?.jobs ?? [];
	const running = jobs.filter((job) => !isOver(job)).length;
	useEffect(() => setBusy(running > 0), [running]);
	const recent = jobs.filter((job) => !isOver(job) || Date.now() - Date.parse(job.ended ?? job.started) < 600_000);
	if (!recent.length && !open) return null;
	return (
		<div
			class={running ? "jobs" : "jobs idle"}
			role="group"
			aria-label="jobs"
			onKeyDown={(event) => event.key === "Escape" && setOpen(false)}
		>
			<button type="button" class="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
				{running ? counted(running, "job") : "jobs"}
				<span aria-hidden="true">{running ? " …" : " ▾"}</span>
			</button>
			{open && (
				<div class="jobs-box">
					{jobs.length === 0 && <p class="dim">No job runs.</p>}
					{jobs.slice(0, 6).map((job) => (
						<div key={job.id} class="jobs-one">
							<div class="bar-row">
								<a href={`/settings/jobs?job=${job.id}`}>
									<Log text={jobTitle(job)} />
								</a>
								<span class="push">
									<JobState job={job} />
								</span>
							</div>
							<Progress job={job} />
							{job.error && (
								<p class="wrong">
									<Log text={job.error} />
								</p>
							)}
							<CancelJob job={job} />
						</div>
					))}
					<a href="/settings/jobs">All jobs</a>
				</div>
			)}
		</div>
	);
}
