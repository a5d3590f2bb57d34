// SPDX-License-Identifier: Apache-2.0
// One alert: what it says, the events that it rests on, what people said of it, and what can be done.
import { useEffect, useState } from "preact/hooks";
import { get } from "../api";
import { useKeys } from "../app/keys";
import { useLoad } from "../app/load";
import { address, change, searchAddress } from "../app/place";
import { may } from "../app/session";
import { type Act, type Alert, AlertState, actOn, Group, groupParts, takes, type WholeAlert } from "../parts/alert";
import { fetchFile } from "../parts/csv";
import { Drawer } from "../parts/dialog";
import { Field } from "../parts/form";
import { Failed, say, sayFailed, Waiting } from "../parts/notice";
import { listRules } from "../parts/rules";
import { count, counted, quoted } from "../parts/show";
import { Log, Severity, Time } from "../parts/text";
import { Value } from "../parts/value";
import { Evidence } from "./alert_evidence";
import { CloseForm } from "./alerts_bulk";

type Run = (alert: Alert, what: Act, body?: { reason?: string; comment?: string }) => Promise<void>;

/** A search for the events around an alert: of whom it is about, an hour before and after. */
function around(alert: Alert): string {
	const iso = (text: string, by: number) => new Date(Date.parse(text) + by).toISOString();
	const who: [string, string | null][] = [
		["actor", alert.actor],
		["ip", alert.ip],
		["target", alert.target],
	];
	const [field, value] = who.find(([, one]) => one) ?? ["", null];
	return searchAddress(value ? `${field}:${quoted(value)}` : "", {
		since: alert.first_event ? iso(alert.first_event, -3600000) : "all",
		until: alert.last_event ? iso(alert.last_event, 3600000) : null,
	});
}

function Facts({ alert }: { alert: WholeAlert }) {
	const named = new Set(groupParts(alert.group).map(([name]) => name));
	const rows: [string, string | null][] = [
		["actor", alert.actor],
		["target", alert.target],
		["ip", alert.ip],
	];
	return (
		<dl class="pairs">
			<dt>whose</dt>
			<dd>
				<Group alert={alert} />
			</dd>
			{rows
				.filter(([name, value]) => value && !named.has(name))
				.map(([name, value]) => [
					<dt key={name}>{name}</dt>,
					<dd key={`${name}-value`}>
						<Value field={name} value={value!} />
					</dd>,
				])}
			<dt>events</dt>
			<dd>
				<span class="num">{count(alert.events)}</span>
				{alert.values !== undefined && `, ${counted(alert.values, "different value")}`}
				{alert.new_events > 0 && <b>, {count(alert.new_events)} since it was acknowledged</b>}
			</dd>
			<dt>first to last</dt>
			<dd>
				<Time at={alert.first_event} ms={false} />
				{alert.last_event !== alert.first_event && (
					<>
						{" – "}
						<Time at={alert.last_event} ms={false} />
					</>
				)}
			</dd>
			<dt>raised</dt>
			<dd>
				<Time at={alert.created_at} ms={false} relative />
			</dd>
			<dt>from</dt>
			<dd>
				{alert.origin && (
					<>
						<Log text={alert.origin} />,{" "}
					</>
				)}
				{alert.sources.map((source, at) => (
					<span key={source}>
						{at > 0 && ", "}
						<Value field="source" value={source} />
					</span>
				))}
			</dd>
			{alert.aliases.length > 0 && (
				<>
					<dt>earlier ids</dt>
					<dd class="mono">{alert.aliases.join(", ")}</dd>
				</>
			)}
		</dl>
	);
}

function Notes({ alert, said }: { alert: WholeAlert; said: (alert: WholeAlert) => void }) {
	const [comment, setComment] = useState("");
	const add = (event: Event) => {
		event.preventDefault();
		actOn(alert.id, "comment", { comment: comment.trim() }).then((now) => {
			setComment("");
			said(now);
			say("The comment is kept.");
		}, sayFailed);
	};
	return (
		<section>
			<h3>Notes</h3>
			{alert.notes.length === 0 && <p class="dim">Nobody has said anything yet.</p>}
			<ol class="notes">
				{alert.notes.map((note, at) => (
					<li key={at}>
						<b>
							<Log text={note.who} />
						</b>{" "}
						<span class="dim">
							<Time at={note.at} ms={false} relative />
						</span>
						<p>
							<Log text={note.text} />
							{note.comment && (
								<>
									: <Log text={note.comment} />
								</>
							)}
						</p>
					</li>
				))}
			</ol>
			{may("analyst") && (
				<form onSubmit={add}>
					<Field label="Comment" value={comment} change={setComment} rows={2} required />
					<button type="submit" disabled={!comment.trim()}>
						Add the comment
					</button>
				</form>
			)}
		</section>
	);
}

function Buttons({ alert, act }: { alert: WholeAlert; act: Run }) {
	const [closing, setClosing] = useState(false);
	useKeys(
		[{ key: "e", what: "acknowledge this alert", run: () => void act(alert, "ack") }],
		[alert.id, alert.state, act],
	);
	if (alert.state === "withdrawn")
		return (
			<p class="dim">
				The stored events no longer support it, so it is withdrawn. It comes back by itself if they do again.
			</p>
		);
	return (
		<div class="bar-row">
			{takes(alert, "ack") && (
				<button type="button" class="main" onClick={() => void act(alert, "ack")} title="e">
					Acknowledge
				</button>
			)}
			{takes(alert, "close") && (
				<button type="button" aria-expanded={closing} onClick={() => setClosing(!closing)}>
					Close …
				</button>
			)}
			{takes(alert, "reopen") && (
				<button type="button" onClick={() => void act(alert, "reopen")}>
					Reopen
				</button>
			)}
			{closing && takes(alert, "close") && (
				<CloseForm
					many={1}
					cancel={() => setClosing(false)}
					close={(reason, comment) => {
						setClosing(false);
						void act(alert, "close", { reason, comment });
					}}
				/>
			)}
		</div>
	);
}

/** `seen`: when the list last saw it change; `act`: null where the role may not. */
export function AlertDrawer(props: {
	id: string;
	seen: string | undefined;
	act: Run | null;
	changed: (alert: Alert) => void;
	close: () => void;
}) {
	const { id, seen, act, changed, close } = props;
	const { data, error, reload } = useLoad(
		(signal) => get<WholeAlert>(`/alerts/${encodeURIComponent(id)}`, {}, signal),
		[id, seen],
	);
	const [alert, setAlert] = useState<WholeAlert>();
	useEffect(() => setAlert(data), [data]);
	const rules = useLoad(listRules, []);
	const rule = rules.data?.find((one) => one.id === alert?.rule);
	const run: Run | null =
		act &&
		(async (one, what, body) => {
			await act(one, what, body);
			reload();
		});
	return (
		<Drawer title="Alert" close={close}>
			{error ? (
				<Failed error={error} retry={reload} />
			) : !alert ? (
				<Waiting />
			) : (
				<>
					<div class="event-head">
						<div class="bar-row">
							<Severity level={alert.level} /> <AlertState alert={alert} />
							{alert.provisional && <span class="tag">provisional</span>}
						</div>
						<h3 class="alert-title">
							<Log text={alert.title} />
						</h3>
						{alert.provisional && (
							<p class="dim">The history of a source is still being read; what it counts may change.</p>
						)}
					</div>
					{run && <Buttons alert={alert} act={run} />}
					{rule?.description && <p class="about-rule">{rule.description}</p>}
					{rule && rule.falsepositives.length > 0 && (
						<p class="dim">Harmless where: {rule.falsepositives.join("; ")}</p>
					)}
					<div class="bar-row">
						<a href={address(`/rules/${alert.rule}`)}>The rule</a>
						<a href={around(alert)}>All events around it</a>
						<a href={address("/alerts", { rule: alert.rule, state: "all" })}>All alerts of the rule</a>
						<button
							type="button"
							class="push"
							title="the raw events, the proofs that they are as they were stored, and the program that checks them (docs/evidence.md)"
							onClick={() => fetchFile("/evidence/bundle", { alert: alert.id }, "evidence.zip").catch(sayFailed)}
						>
							Download evidence
						</button>
					</div>
					<Facts alert={alert} />
					<Evidence alert={alert} show={(event) => change({ event }, true)} />
					<Notes
						alert={alert}
						said={(now) => {
							setAlert(now);
							changed(now);
						}}
					/>
					<p class="dim mono">{alert.id}</p>
				</>
			)}
		</Drawer>
	);
}
