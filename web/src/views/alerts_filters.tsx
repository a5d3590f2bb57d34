// SPDX-License-Identifier: Apache-2.0
// Filters of the queue of alerts; all of them are in the URL.
import { useEffect, useRef, useState } from "preact/hooks";
import { useKeys } from "../app/keys";
import { useLoad } from "../app/load";
import { change, place } from "../app/place";
import { Choice } from "../parts/form";
import { listRules } from "../parts/rules";
import { count } from "../parts/show";
import { Spans } from "../parts/spans";
import { type Level, levels, Severity } from "../parts/text";

export function Filters({ text, rule }: { text: string; rule: string }) {
	const params = place.value.params;
	const box = useRef<HTMLInputElement>(null);
	const [typed, setTyped] = useState(text);
	useEffect(() => setTyped(text), [text]);
	const rules = useLoad(listRules, []);
	useKeys([{ key: "/", what: "find alerts", run: () => box.current?.focus() }], []);
	const withAlerts = (rules.data ?? []).filter((one) => one.alerts > 0 || one.id === rule);
	return (
		<div class="search-bar">
			<form
				class="query"
				onSubmit={(event) => {
					event.preventDefault();
					change({ text: typed.trim() });
				}}
			>
				<input
					ref={box}
					type="search"
					aria-label="find in title, group, actor, target, address"
					placeholder="Find in title, actor, target, address"
					value={typed}
					onInput={(event) => setTyped(event.currentTarget.value)}
					onBlur={() => typed.trim() !== text && change({ text: typed.trim() })}
				/>
			</form>
			<Choice
				bare
				label="state"
				value={params.get("state") ?? ""}
				change={(state) => change({ state })}
				options={[
					["", "open, acknowledged"],
					["open", "open"],
					["acknowledged", "acknowledged"],
					["closed", "closed"],
					["withdrawn", "withdrawn"],
					["all", "all states"],
				]}
			/>
			<Choice
				bare
				label="rule"
				value={rule}
				change={(id) => change({ rule: id })}
				options={[
					["", "all rules"],
					...withAlerts.map((one): [string, string] => [one.id, one.title]),
					...(rule && !withAlerts.some((one) => one.id === rule) ? [[rule, rule] as [string, string]] : []),
				]}
			/>
			<Spans
				since={params.get("since") ?? ""}
				until={params.get("until") ?? ""}
				change={(since, until) => change({ since, until })}
			/>
			<Choice
				bare
				label="order"
				value={params.get("by") ?? ""}
				change={(by) => change({ by }, true)}
				options={[
					["", "by rule"],
					["time", "one by one"],
				]}
			/>
		</div>
	);
}

/** How many there are of each severity; a click shows those alone. */
export function Levels({ totals, chosen }: { totals: Map<Level, number>; chosen: Level[] }) {
	const toggle = (level: Level) => {
		const next = chosen.includes(level) ? chosen.filter((one) => one !== level) : [...chosen, level];
		change({ levels: next.length === levels.length ? "" : next.join(",") }, true);
	};
	return (
		<div class="levels-bar" role="group" aria-label="severities">
			{levels.map((level) => (
				<button type="button" key={level} aria-pressed={chosen.includes(level)} onClick={() => toggle(level)}>
					<Severity level={level} /> <span class="num">{count(totals.get(level) ?? 0)}</span>
				</button>
			))}
		</div>
	);
}
