// SPDX-License-Identifier: Apache-2.0
// What is done with alerts, one or thousands: acknowledged, closed with a reason, and taken back.
import { useRef, useState } from "preact/hooks";
import { type Act, type Alert, actOnMany, atOnce, reasons, takes } from "../parts/alert";
import { Choice, Field } from "../parts/form";
import { say, sayFailed } from "../parts/notice";
import { count, counted } from "../parts/show";

export interface Bulk {
	what: string;
	done: number;
	total: number;
	stop: () => void;
}

const past: Record<string, string> = { ack: "acknowledged", close: "closed", reopen: "reopened" };

/** One step of what is to be done: an act, and to which. */
interface Step {
	what: Act;
	ids: string[];
	body?: { reason?: string; comment?: string };
}

/** Runs steps, some hundred alerts a request; `note` is told what came of each. Returns alerts as they are now, and what did not take it. */
async function each(steps: Step[], note: (done: number, fresh: Alert[]) => void, stopped: () => boolean) {
	const now = new Map<string, Alert>();
	const failed: string[] = [];
	let done = 0;
	for (const { what, ids, body } of steps) {
		for (let at = 0; at < ids.length && !stopped(); at += atOnce) {
			const part = ids.slice(at, at + atOnce);
			const answer = await actOnMany(part, what, body);
			const not = new Set(answer.failed.map((one) => one.id));
			for (const alert of answer.alerts) if (!not.has(alert.id)) now.set(alert.id, alert);
			failed.push(...answer.failed.map((one) => one.why));
			done += part.length;
			note(done, answer.alerts);
		}
	}
	return { now, failed };
}

/** What brings alerts back to what they were before `what` was done to them. */
function back(was: Alert[], what: Act): Step[] {
	const ids = (list: Alert[]) => list.map((alert) => alert.id);
	const of = (state: string) => was.filter((alert) => alert.state === state);
	const steps: Step[] = [];
	for (const [reason] of reasons) {
		const list = of("closed").filter((alert) => (alert.reason ?? "benign") === reason);
		steps.push({ what: "close", ids: ids(list), body: { reason } });
	}
	const open = [...of("open"), ...(what === "close" ? of("acknowledged") : [])];
	steps.push({ what: "reopen", ids: ids(open) }, { what: "ack", ids: ids(of("acknowledged")) });
	return steps.filter((step) => step.ids.length > 0);
}

/** `changed`: alerts as they are now, told after each request. */
export function useActs(changed: (alerts: Alert[]) => void) {
	const [bulk, setBulk] = useState<Bulk | null>(null);
	const busy = useRef(false);
	const latest = useRef(changed);
	latest.current = changed;
	const run = async (steps: Step[], what: string) => {
		const total = steps.reduce((sum, step) => sum + step.ids.length, 0);
		let stopped = false;
		const stop = () => {
			stopped = true;
		};
		busy.current = true;
		if (total > atOnce) setBulk({ what, done: 0, total, stop });
		try {
			return await each(
				steps,
				(done, fresh) => {
					if (total > atOnce) setBulk({ what, done, total, stop });
					latest.current(fresh);
				},
				() => stopped,
			);
		} catch (error) {
			sayFailed(error);
			return null;
		} finally {
			busy.current = false;
			setBulk(null);
		}
	};
	const act = async (alerts: Alert[], what: Act, body: { reason?: string; comment?: string } = {}) => {
		const list = alerts.filter((alert) => takes(alert, what));
		if (list.length === 0) {
			say(alerts.length === 1 ? `That alert is ${alerts[0]!.state}.` : "None of these alerts takes that.");
			return;
		}
		if (busy.current) {
			say("Wait until what runs is done, or stop it.");
			return;
		}
		const answer = await run([{ what, ids: list.map((alert) => alert.id), body }], past[what] ?? what);
		if (!answer) return;
		const { now, failed } = answer;
		if (failed.length)
			sayFailed(new Error(`${counted(failed.length, "alert is", "alerts are")} as before: ${failed[0]}`));
		const done = list.filter((alert) => now.has(alert.id));
		if (done.length === 0) return;
		const rest = list.length - done.length - failed.length;
		const text = `${counted(done.length, "alert")} ${past[what]}${rest ? `, ${count(rest)} left as they were` : ""}.`;
		say(text, () => void undo(done, what));
	};
	const undo = async (before: Alert[], what: Act) => {
		if (busy.current) return;
		const answer = await run(back(before, what), "taken back");
		if (!answer) return;
		if (answer.failed.length) sayFailed(new Error(answer.failed[0]!));
		else say(`Taken back: ${counted(before.length, "alert")}.`);
	};
	return { act, bulk };
}

/** Why an alert is closed, and a comment. */
export function CloseForm({
	many,
	close,
	cancel,
}: {
	many: number;
	close: (reason: string, comment: string) => void;
	cancel: () => void;
}) {
	const [reason, setReason] = useState("benign");
	const [comment, setComment] = useState("");
	return (
		<form
			class="close-form"
			onSubmit={(event) => {
				event.preventDefault();
				close(reason, comment.trim());
			}}
		>
			<Choice label="Reason" value={reason} options={reasons} change={setReason} />
			<Field label="Comment" value={comment} change={setComment} focus />
			<button type="submit" class="main">
				Close {many === 1 ? "the alert" : counted(many, "alert")}
			</button>
			<button type="button" onClick={cancel}>
				Cancel
			</button>
		</form>
	);
}

/** Over the list while alerts are selected, or while something is done to many. */
export function ChosenBar(props: {
	chosen: Alert[];
	bulk: Bulk | null;
	act: (alerts: Alert[], what: Act, body?: { reason?: string; comment?: string }) => Promise<void>;
	clear: () => void;
}) {
	const { chosen, bulk, act, clear } = props;
	const [closing, setClosing] = useState(false);
	if (bulk)
		return (
			<div class="chosen-bar bar-row" role="status">
				<progress max={bulk.total} value={bulk.done} aria-label={bulk.what} />
				<span class="num">
					{count(bulk.done)} of {counted(bulk.total, "alert")} {bulk.what}
				</span>
				<button type="button" onClick={bulk.stop}>
					Stop
				</button>
			</div>
		);
	if (chosen.length === 0) return null;
	const run = (what: Act, body?: { reason?: string; comment?: string }) => {
		setClosing(false);
		void act(chosen, what, body).then(clear);
	};
	const can = (what: Act) => chosen.filter((alert) => takes(alert, what)).length;
	return (
		<div class="chosen-bar bar-row">
			<b class="num">{counted(chosen.length, "alert")} selected</b>
			<button type="button" disabled={can("ack") === 0} onClick={() => run("ack")} title="e">
				Acknowledge{can("ack") !== chosen.length && ` ${count(can("ack"))}`}
			</button>
			<button type="button" disabled={can("close") === 0} aria-expanded={closing} onClick={() => setClosing(!closing)}>
				Close …
			</button>
			{can("reopen") > 0 && (
				<button type="button" onClick={() => run("reopen")}>
					Reopen{can("reopen") !== chosen.length && ` ${count(can("reopen"))}`}
				</button>
			)}
			<button type="button" class="quiet" onClick={clear}>
				Select none
			</button>
			{closing && (
				<CloseForm
					many={can("close")}
					close={(reason, comment) => run("close", { reason, comment })}
					cancel={() => setClosing(false)}
				/>
			)}
		</div>
	);
}
