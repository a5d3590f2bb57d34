// SPDX-License-Identifier: Apache-2.0
// Who is told of alerts: webhooks, Slack, Teams, syslog, mail.
import { useState } from "preact/hooks";
import { get, type Job, post } from "../api";
import { useLoad } from "../app/load";
import { change, place } from "../app/place";
import { may } from "../app/session";
import { flat } from "../parts/event";
import { Grid } from "../parts/grid";
import { JobView, startJob, useJob } from "../parts/jobs";
import { Empty, Failed, say, sayFailed, Waiting } from "../parts/notice";
import { remove } from "../parts/remove";
import { count } from "../parts/show";
import { Ago, type Level, Log, Severity, State } from "../parts/text";
import { AddNotifier } from "./settings_notify_form";

interface Notifier {
	name: string;
	kind: string;
	settings: Record<string, unknown>;
	level: Level;
	rules: string | null;
	paused: boolean;
	waiting: number;
	given_up: number;
	created_at: string | null;
	last_sent: string | null;
	last_failed: string | null;
	last_error: string | null;
}

function where(notifier: Notifier): string {
	const settings = notifier.settings ?? {};
	return flat(settings.host ?? settings.server ?? settings.to ?? settings.url ?? "");
}

function NotifierState({ notifier }: { notifier: Notifier }) {
	if (notifier.paused) return <State good={null}>paused</State>;
	if (notifier.last_error)
		return (
			<>
				<State good={false}>failing</State>
				<p class="wrong">
					<Log text={notifier.last_error} />
				</p>
			</>
		);
	return <State good={true}>ready</State>;
}

export function Notifiers() {
	const { data, error, reload } = useLoad(
		(signal) => get<{ notifiers: Notifier[] }>("/notifiers", {}, signal),
		[],
		20000,
	);
	const [adding, setAdding] = useState(false);
	const { job } = useJob(place.value.params.get("job"), (ended: Job) => {
		reload();
		if (ended.kind === "notifier add" && ended.state === "done") setAdding(false);
	});
	const notifiers = data?.notifiers ?? [];
	const at = (notifier: Notifier) => `/notifiers/${encodeURIComponent(notifier.name)}`;
	const show = (started: Job) => change({ job: started.id }, true);
	const pause = async (notifier: Notifier, what: "pause" | "resume") => {
		try {
			await post(`${at(notifier)}/${what}`);
			if (what === "pause") say(`${notifier.name} is paused: its messages wait.`, () => void pause(notifier, "resume"));
			else say(`${notifier.name} is told again, also of what waited.`);
		} catch (reason) {
			sayFailed(reason);
		}
		reload();
	};
	const drop = async (notifier: Notifier) => {
		const waits = notifier.waiting ? ` ${count(notifier.waiting)} waiting messages are lost.` : "";
		const gone = await remove(
			at(notifier),
			{
				title: `Remove ${notifier.name}?`,
				text: `Nobody is told by it any more, and its secrets are forgotten.${waits}`,
				yes: "Remove",
			},
			`${notifier.name} is removed.`,
		);
		if (gone !== null) reload();
	};
	return (
		<>
			<section class="panel" aria-labelledby="notify-title">
				<div class="bar-row">
					<h2 id="notify-title">Notifications</h2>
					{may("admin") && (
						<button type="button" class="main push" aria-expanded={adding} onClick={() => setAdding(!adding)}>
							Add
						</button>
					)}
				</div>
				<p class="dim">
					They are told of each new alert, and of closed ones that open again. What fails is tried again for a day.
				</p>
				{!!error && <Failed error={error} retry={reload} />}
				{!data && !error && <Waiting />}
				{data && notifiers.length === 0 && !adding && (
					<Empty title="Nobody is told of alerts yet.">
						<p>A webhook, Slack, Teams, syslog or mail.</p>
					</Empty>
				)}
				{notifiers.length > 0 && (
					<Grid
						label="notifications"
						heads={["Name", "Kind", "Where", "State", "From", "Of rules", { right: "Waiting" }, "Last sent", ""]}
					>
						{notifiers.map((notifier) => (
							<tr key={notifier.name}>
								<td>{notifier.name}</td>
								<td>{notifier.kind}</td>
								<td>
									<Log text={where(notifier)} />
								</td>
								<td>
									<NotifierState notifier={notifier} />
								</td>
								<td>
									<Severity level={notifier.level} />
								</td>
								<td>{notifier.rules ? <Log text={notifier.rules} /> : "all"}</td>
								<td class="right num">
									{count(notifier.waiting)}
									{notifier.given_up > 0 && <p class="wrong">{count(notifier.given_up)} given up</p>}
								</td>
								<td class="nowrap">
									<Ago at={notifier.last_sent} />
								</td>
								<td class="acts-cell">
									{may("admin") && (
										<div class="acts">
											<button type="button" onClick={() => startJob(`${at(notifier)}/test`).then(show, sayFailed)}>
												Test
											</button>
											<button
												type="button"
												onClick={() => void pause(notifier, notifier.paused || notifier.given_up ? "resume" : "pause")}
											>
												{notifier.paused ? "Resume" : notifier.given_up ? "Try again" : "Pause"}
											</button>
											<button type="button" class="loss" onClick={() => void drop(notifier)}>
												Remove
											</button>
										</div>
									)}
								</td>
							</tr>
						))}
					</Grid>
				)}
			</section>
			{job && <JobView job={job} close={() => change({ job: null }, true)} />}
			{adding && <AddNotifier started={show} close={() => setAdding(false)} />}
		</>
	);
}
