// SPDX-License-Identifier: Apache-2.0
// A rule that is not installed, tried on history: what it would find. Nothing is stored.
import { useEffect, useRef, useState } from "preact/hooks";
import { call, isAbort } from "../api";
import { change, place, searchAddress } from "../app/place";
import { may } from "../app/session";
import { type Alert, Group } from "../parts/alert";
import { DropArea } from "../parts/drop";
import { Empty, Failed, sayFailed, Waiting } from "../parts/notice";
import { count, counted, quoted, span } from "../parts/show";
import { Spans } from "../parts/spans";
import { Log, Time } from "../parts/text";
import { Value } from "../parts/value";
import { SaveRule } from "./rule_save";

interface Said {
	line: number;
	what: string;
}

interface Found {
	errors: Said[];
	warnings?: Said[];
	looked_at?: number;
	events?: number;
	alerts?: number;
	gave_up?: number;
	unread_segments?: number;
	elapsed_ms?: number;
	/** Alerts as they would be; they are not stored. */
	examples?: Alert[];
}

const example = `title: Personal access token created at night
id: 0a4b62a2-6b0f-4f0e-9d3b-1d2c3e4f5a6b
level: medium
logsource:
    product: bitbucket
    service: audit
detection:
    token:
        action|contains: access token created
    night:
        event_time|hour: [22, 23, 0, 1, 2, 3]   # UTC
    condition: token and night
falsepositives:
    - Automation
`;

function SaidList({ list }: { list: Said[] }) {
	return (
		<ul>
			{list.map((one, at) => (
				<li key={at}>
					{one.line > 0 && <b class="num">line {one.line}: </b>}
					<Log text={one.what} />
				</li>
			))}
		</ul>
	);
}

/** Where an example's events are: found by its time and whose they are. */
function around(alert: Alert): string {
	const iso = (text: string, by: number) => new Date(Date.parse(text) + by).toISOString();
	const [field, value] = (["actor", "ip", "target"] as const)
		.map((name): [string, string | null] => [name, alert[name]])
		.find(([, one]) => one) ?? ["", null];
	return searchAddress(value ? `${field}:${quoted(value)}` : "", {
		since: alert.first_event ? iso(alert.first_event, 0) : "all",
		until: alert.last_event ? iso(alert.last_event, 1000) : null,
	});
}

function Examples({ alerts }: { alerts: Alert[] }) {
	return (
		<div class="scroll">
			<table class="plain" aria-label="examples">
				<thead>
					<tr>
						{["First event", "Rule", "Whose", "Actor", "Target", "IP"].map((name) => (
							<th scope="col" key={name}>
								{name}
							</th>
						))}
						<th scope="col" class="right">
							Events
						</th>
					</tr>
				</thead>
				<tbody>
					{alerts.map((alert) => (
						<tr key={alert.id}>
							<td>
								<Time at={alert.first_event} ms={false} />
							</td>
							<td class="alert-title">
								<Log text={alert.title} />
							</td>
							<td>
								<Group alert={alert} />
							</td>
							{(["actor", "target", "ip"] as const).map((field) => (
								<td key={field}>
									<Value field={field} value={alert[field] ?? ""} />
								</td>
							))}
							<td class="right num">
								<a href={around(alert)}>{count(alert.events)}</a>
							</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

function Result({ found }: { found: Found }) {
	if (found.errors.length > 0)
		return (
			<div class="failed" role="alert">
				<p>▲ The rule cannot be used:</p>
				<SaidList list={found.errors} />
			</div>
		);
	const examples = [...(found.examples ?? [])].sort((a, b) => ((a.first_event ?? "") < (b.first_event ?? "") ? 1 : -1));
	const alerts = found.alerts ?? 0;
	const looked = `${counted(found.looked_at ?? 0, "event")} looked at in ${span((found.elapsed_ms ?? 0) / 1000)}`;
	return (
		<section class="panel" aria-label="what it would find">
			{alerts === 0 && !found.events ? (
				<Empty title="It would have found nothing in this time.">
					<p>{looked}. Try all time; or leave out conditions one by one, and see which one never holds.</p>
					<button type="button" onClick={() => change({ since: "all", until: null })}>
						Choose all time
					</button>
				</Empty>
			) : (
				<>
					<h2>
						It would have raised <span class="num">{counted(alerts, "alert")}</span>, of{" "}
						<span class="num">{counted(found.events ?? 0, "event")}</span>
					</h2>
					<p class="dim">{looked}; nothing was stored.</p>
				</>
			)}
			{(found.unread_segments ?? 0) > 0 && (
				<p class="wrong">▲ {counted(found.unread_segments!, "segment")} could not be read: the numbers are too low</p>
			)}
			{(found.gave_up ?? 0) > 0 && (
				<p class="wrong">
					▲ {counted(found.gave_up!, "value")} took a regular expression too long, and were passed over
				</p>
			)}
			{(found.warnings ?? []).length > 0 && (
				<>
					<h3>Worth knowing</h3>
					<SaidList list={found.warnings!} />
				</>
			)}
			{examples.length > 0 && <Examples alerts={examples} />}
			{alerts > examples.length && <p class="dim">{count(examples.length)} of them, as examples.</p>}
			<p class="dim">To use the rule, save it: an admin can do so here.</p>
		</section>
	);
}

export function RuleTest() {
	const { params } = place.value;
	const since = params.get("since") ?? "-30d";
	const until = params.get("until") ?? "";
	// The text is too long for the address; it stays for as long as the tab does.
	const [yaml, setText] = useState(sessionStorage.getItem("rule") ?? example);
	const [found, setFound] = useState<Found | null>(null);
	const [error, setError] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const control = useRef<AbortController | null>(null);
	useEffect(() => () => control.current?.abort(), []);
	const set = (text: string) => {
		setText(text);
		sessionStorage.setItem("rule", text);
	};
	const run = async () => {
		control.current?.abort();
		const mine = new AbortController();
		control.current = mine;
		setBusy(true);
		setError(null);
		try {
			const body = { yaml, ...(since && since !== "all" ? { since } : {}), ...(until ? { until } : {}) };
			setFound(await call<Found>("POST", "/rules/test", { body, signal: mine.signal }));
		} catch (reason) {
			if (!isAbort(reason)) {
				setFound(null);
				setError(reason);
			}
		}
		if (control.current === mine) setBusy(false);
	};
	return (
		<>
			<p class="dim">
				A Sigma rule, tried on what is stored: what would it have found? Nothing is stored, no alert is raised.
			</p>
			<DropArea take={(file) => file.text().then(set, sayFailed)} most={65536} what="a rule">
				<textarea
					rows={18}
					class="wide"
					aria-label="the rule, as Sigma YAML"
					spellcheck={false}
					value={yaml}
					onInput={(event) => set(event.currentTarget.value)}
					onKeyDown={(event) => {
						if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
						event.preventDefault();
						void run();
					}}
				/>
			</DropArea>
			<div class="bar-row">
				<button
					type="button"
					class="main"
					disabled={!yaml.trim() || busy}
					onClick={() => void run()}
					title="Ctrl-Enter"
				>
					Test it
				</button>
				<Spans
					since={since === "all" ? "" : since}
					until={until}
					change={(low, high) => change({ since: low || "all", until: high })}
				/>
				{busy && (
					<button
						type="button"
						onClick={() => {
							control.current?.abort();
							setBusy(false);
						}}
					>
						Stop
					</button>
				)}
				<button type="button" class="quiet push" onClick={() => set(example)}>
					The example
				</button>
			</div>
			{may("admin") && (
				<div class="bar-row">
					<SaveRule yaml={yaml} />
				</div>
			)}
			{busy && <Waiting what="Looking at history" />}
			{error ? <Failed error={error} retry={() => void run()} /> : null}
			{found && !busy && <Result found={found} />}
		</>
	);
}
