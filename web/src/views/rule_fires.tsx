// SPDX-License-Identifier: Apache-2.0
// Whether rules can fire here: asked rule by rule, when one wants to know, since each asks the stored events.
import { signal } from "@preact/signals";
import { isAbort } from "../api";
import { sayFailed } from "../parts/notice";
import { type Explain, getRule, type Rule, type WholeRule } from "../parts/rules";
import { State } from "../parts/text";

const known = signal<ReadonlyMap<string, Explain>>(new Map());
const run = signal<{ done: number; total: number; stop: () => void } | null>(null);

/** Notes what is known of a rule, from wherever it was asked. */
export function noteFires(rule: WholeRule) {
	known.value = new Map(known.peek()).set(rule.id, rule.explain);
}

export function useFires() {
	const now = run.value;
	return { running: now !== null, done: now?.done ?? 0, total: now?.total ?? 0, stop: now?.stop ?? (() => {}) };
}

/** Two at a time, so that others are answered meanwhile. */
export async function checkAll(rules: Rule[]) {
	const control = new AbortController();
	const list = rules.filter((rule) => !known.peek().has(rule.id) && rule.alerts === 0);
	let at = 0;
	let done = rules.length - list.length;
	const note = () => {
		run.value = { done, total: rules.length, stop: () => control.abort() };
	};
	note();
	const worker = async () => {
		while (at < list.length && !control.signal.aborted) {
			const rule = list[at++]!;
			noteFires(await getRule(rule.id, control.signal));
			done++;
			note();
		}
	};
	try {
		await Promise.all([worker(), worker()]);
	} catch (error) {
		control.abort();
		if (!isAbort(error)) sayFailed(error);
	}
	run.value = null;
}

export function Fires({ rule }: { rule: Rule }) {
	const now = known.value.get(rule.id);
	if (rule.alerts > 0 && !now) return <State good={true}>it did</State>;
	if (!now) return <span class="dim">not checked</span>;
	return (
		<span title={now.why.join("; ")}>
			<State good={now.can_fire}>{now.can_fire ? "it can" : "not here"}</State>
		</span>
	);
}
