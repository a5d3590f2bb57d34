// SPDX-License-Identifier: Apache-2.0
// Jobs that run and that have ended.
import { get, type Job } from "../api";
import { useLoad } from "../app/load";
import { change, place } from "../app/place";
import { Grid } from "../parts/grid";
import { CancelJob, isOver, JobState, JobView, jobsTurn, jobTitle, Progress, useJob } from "../parts/jobs";
import { Empty, Failed, Waiting } from "../parts/notice";
import { span } from "../parts/show";
import { Ago, Log } from "../parts/text";
import { type Found, NewestEvents } from "./sources_newest";

function Result({ job }: { job: Job }) {
	if (!isOver(job) || job.result === undefined || job.result === null) return null;
	if (Array.isArray((job.result as Found).events)) return <NewestEvents found={job.result as Found} />;
	return (
		<section class="panel" aria-labelledby="result-title">
			<h2 id="result-title">Result</h2>
			<pre class="raw">
				{JSON.stringify(job.result, null, 2)
					.slice(0, 20000)
					.split("\n")
					.map((line, at) => (
						<div key={at}>
							<Log text={line} />
						</div>
					))}
			</pre>
		</section>
	);
}

function took(job: Job): string {
	return span((Date.parse(job.ended ?? new Date().toISOString()) - Date.parse(job.started)) / 1000);
}

export function Jobs() {
	const id = place.value.params.get("job");
	const { data, error, reload } = useLoad(
		(signal) => get<{ jobs: Job[] }>("/jobs", {}, signal),
		[jobsTurn.value],
		3000,
	);
	const one = useJob(id);
	return (
		<>
			{id && !!one.error && <Failed error={one.error} />}
			{id && one.job && (
				<>
					<JobView job={one.job} close={() => change({ job: null })} />
					<Result job={one.job} />
				</>
			)}
			<section class="panel" aria-labelledby="jobs-title">
				<h2 id="jobs-title">Jobs</h2>
				{!!error && <Failed error={error} retry={reload} />}
				{!data && !error && <Waiting />}
				{data?.jobs.length === 0 && (
					<Empty title="No job ran since the service began.">
						<p>Tests of sources, backfills, rules over history and checks of what is stored run as jobs.</p>
					</Empty>
				)}
				{!!data?.jobs.length && (
					<Grid label="jobs" heads={["Job", "State", "Who", "Began", "Took", ""]}>
						{data.jobs.map((job) => (
							<tr key={job.id}>
								<td class="wide-cell">
									<a href={`/settings/jobs?job=${job.id}`}>{jobTitle(job)}</a>
									<Progress job={job} />
								</td>
								<td class="wide-cell">
									<JobState job={job} />
									{job.error && (
										<p class="wrong">
											<Log text={job.error} />
										</p>
									)}
								</td>
								<td>
									<Log text={job.who} />
								</td>
								<td class="nowrap">
									<Ago at={job.started} />
								</td>
								<td class="nowrap">{took(job)}</td>
								<td class="acts-cell">
									<div class="acts">
										<CancelJob job={job} />
									</div>
								</td>
							</tr>
						))}
					</Grid>
				)}
				<p class="dim">The last 64 are kept while the service runs; what came of them stays in the audit log.</p>
			</section>
		</>
	);
}
