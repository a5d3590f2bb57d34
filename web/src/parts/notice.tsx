// SPDX-License-Identifier: Apache-2.0
// What a view says where it has nothing to show: that it waits, that there is nothing and what to do, what went wrong.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Problem, words } from "../api";

export function Waiting({ what = "Loading" }: { what?: string }) {
	return (
		<p class="waiting" role="status">
			{what} …
		</p>
	);
}

/** `children`: the next step, as buttons or links. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
	return (
		<div class="empty">
			<p class="title">{title}</p>
			{children}
		</div>
	);
}

/** What happened, and what to do; the technical text behind "details". */
export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
	const problem = error instanceof Problem ? error : null;
	return (
		<div class="failed" role="alert">
			<p>
				<span aria-hidden="true">▲ </span>
				{words(error)}
			</p>
			{problem?.suggestion && <p>{problem.suggestion}</p>}
			{problem && problem.status > 0 && (
				<details>
					<summary>details</summary>
					<code>HTTP {problem.status}</code>
				</details>
			)}
			{retry && (
				<button type="button" onClick={retry}>
					Try again
				</button>
			)}
		</div>
	);
}

interface Said {
	id: number;
	text: string;
	bad: boolean;
	undo?: () => void;
}

const said = signal<Said[]>([]);
let last = 0;

/** A line that says what was done, and goes by itself; `undo` takes it back. */
export function say(text: string, undo?: () => void) {
	add({ id: ++last, text, bad: false, ...(undo ? { undo } : {}) }, undo ? 10000 : 5000);
}

export function sayFailed(error: unknown) {
	add({ id: ++last, text: words(error), bad: true }, 12000);
}

function add(line: Said, ms: number) {
	said.value = [...said.value.slice(-3), line];
	setTimeout(() => drop(line.id), ms);
}

function drop(id: number) {
	said.value = said.value.filter((line) => line.id !== id);
}

export function Lines() {
	return (
		<div class="lines" aria-live="polite">
			{said.value.map((line) => (
				<div key={line.id} class={line.bad ? "line bad" : "line"} role={line.bad ? "alert" : "status"}>
					<span>{line.text}</span>
					{line.undo && (
						<button
							type="button"
							onClick={() => {
								drop(line.id);
								line.undo?.();
							}}
						>
							Undo
						</button>
					)}
					<button type="button" class="quiet" aria-label="dismiss" onClick={() => drop(line.id)}>
						✕
					</button>
				</div>
			))}
		</div>
	);
}
