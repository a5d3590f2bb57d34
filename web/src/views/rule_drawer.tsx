// SPDX-License-Identifier: Apache-2.0
// One rule: what it looks for, whether it can fire here, its text; switched off, on, or tuned.
import { useEffect, useState } from "preact/hooks";
import { post } from "../api";
import { useLoad } from "../app/load";
import { address, go } from "../app/place";
import { may } from "../app/session";
import { Drawer } from "../parts/dialog";
import { Field } from "../parts/form";
import { Failed, say, sayFailed, Waiting } from "../parts/notice";
import { getRule, kinds, type WholeRule } from "../parts/rules";
import { count, counted, span } from "../parts/show";
import { Log, Severity, State } from "../parts/text";
import { Explained } from "./rule_explained";
import { noteFires } from "./rule_fires";

function path(rule: { id: string }, what: string): string {
	return `/rules/${encodeURIComponent(rule.id)}/${what}`;
}

function Threshold({ rule, changed }: { rule: WholeRule; changed: () => void }) {
	const [text, setText] = useState(String(rule.threshold ?? ""));
	useEffect(() => setText(String(rule.threshold ?? "")), [rule.threshold]);
	if (rule.threshold === null) return null;
	const n = Number(text);
	const good = text.trim() !== "" && Number.isFinite(n) && n >= 0;
	const was = rule.threshold;
	const set = (threshold: number | null, before: number | null) =>
		post(path(rule, "tune"), { threshold }).then(() => {
			changed();
			say(
				threshold === null ? "The number is the rule's own again." : `The number is ${count(threshold)} now.`,
				before === null ? undefined : () => void set(before, null),
			);
		}, sayFailed);
	return (
		<form
			class="close-form"
			onSubmit={(event) => {
				event.preventDefault();
				void set(n, was);
			}}
		>
			<Field
				label="How many it takes to fire"
				type="number"
				value={text}
				change={setText}
				required
				wrong={good ? null : "A number is needed."}
			/>
			<button type="submit" disabled={!good || n === was}>
				Set
			</button>
			<button type="button" onClick={() => void set(null, was)}>
				The rule's own
			</button>
		</form>
	);
}

function Switch({ rule, changed }: { rule: WholeRule; changed: () => void }) {
	const turn = (on: boolean) =>
		post(path(rule, on ? "enable" : "disable")).then(() => {
			changed();
			say(on ? "The rule is on." : "The rule is off: it raises no alerts.", () => void turn(!on));
		}, sayFailed);
	return (
		<button type="button" onClick={() => void turn(!rule.enabled)}>
			{rule.enabled ? "Switch off" : "Switch on"}
		</button>
	);
}

function Yaml({ rule }: { rule: WholeRule }) {
	const { yaml } = rule;
	if (yaml === null) return null;
	return (
		<section>
			<div class="bar-row tight">
				<h3>Its text</h3>
				<button type="button" onClick={() => navigator.clipboard.writeText(yaml).then(() => say("Copied"), sayFailed)}>
					Copy
				</button>
				{may("analyst") && (
					<button
						type="button"
						onClick={() => {
							sessionStorage.setItem("rule", yaml);
							go("/rules/test");
						}}
					>
						Change a copy, and test it
					</button>
				)}
			</div>
			<pre class="raw yaml">
				{yaml
					.replace(/\n$/, "")
					.split("\n")
					.map((line, at) => (
						<div key={at}>{line ? <Log text={line} /> : " "}</div>
					))}
			</pre>
		</section>
	);
}

export function RuleDrawer({ id, changed, close }: { id: string; changed: () => void; close: () => void }) {
	const { data: rule, error, reload } = useLoad((signal) => getRule(id, signal), [id]);
	useEffect(() => {
		if (rule) noteFires(rule);
	}, [rule]);
	const both = () => {
		reload();
		changed();
	};
	return (
		<Drawer title="Rule" close={close}>
			{error ? (
				<Failed error={error} retry={reload} />
			) : !rule ? (
				<Waiting what="Asking the stored events whether it can fire" />
			) : (
				<>
					<div class="event-head">
						<div class="bar-row">
							<Severity level={rule.level} />
							{rule.alone ? (
								<State good={rule.enabled ? true : null}>{rule.enabled ? "on" : "off"}</State>
							) : (
								<span class="dim">part of others</span>
							)}
							<span class="dim">
								{kinds[rule.kind] ?? rule.kind} · {rule.status}
							</span>
						</div>
						<h3 class="alert-title">
							<Log text={rule.title} />
						</h3>
					</div>
					{rule.description && <p class="prose">{rule.description}</p>}
					{rule.remark && <p class="dim">{rule.remark}</p>}
					{rule.falsepositives.length > 0 && <p class="dim">Harmless where: {rule.falsepositives.join("; ")}</p>}
					{may("analyst") && rule.alone && (
						<div class="bar-row">
							<Switch rule={rule} changed={both} />
							<a class="button" href={address("/rules/run", { rule: rule.id })}>
								Run over history
							</a>
						</div>
					)}
					{may("analyst") && <Threshold rule={rule} changed={both} />}
					<p>
						{rule.alerts > 0 ? (
							<a href={address("/alerts", { rule: rule.id, state: "all" })}>{counted(rule.alerts, "alert")}</a>
						) : (
							<span class="dim">It has raised no alert.</span>
						)}
					</p>
					<p class="dim">
						{rule.group.length > 0 && `One alert for each ${rule.group.join(", ")}. `}
						{rule.window_s > 0 && `Events at most ${span(rule.window_s)} apart go into one alert.`}
					</p>
					<Explained rule={rule} />
					{rule.tags.length > 0 && (
						<p class="bar-row tight">
							{rule.tags.map((tag) => (
								<a class="tag" key={tag} href={address("/rules", { text: tag })}>
									{tag}
								</a>
							))}
						</p>
					)}
					{rule.references.length > 0 && (
						<ul class="references">
							{rule.references.map((one) => (
								<li key={one}>
									{one.startsWith("https://") ? (
										<a href={one} target="_blank" rel="noopener noreferrer">
											<Log text={one} />
										</a>
									) : (
										<Log text={one} />
									)}
								</li>
							))}
						</ul>
					)}
					<Yaml rule={rule} />
					<p class="dim">
						<span class="mono">{rule.id}</span>, {rule.shipped ? "ships with pugmark" : <Log text={rule.file} />}
					</p>
				</>
			)}
		</Drawer>
	);
}
