// SPDX-License-Identifier: Apache-2.0
// The page's one modal dialog (a loss is confirmed in it) and its one drawer.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Question {
	title: string;
	text: string;
	yes: string;
	answer: (yes: boolean) => void;
}

const question = signal<Question | null>(null);

/** Asks before something is lost. `yes` is what the button says: "Remove source". */
export function confirmLoss(title: string, text: string, yes: string): Promise<boolean> {
	return new Promise((answer) => {
		question.value = { title, text, yes, answer };
	});
}

export function Confirmation() {
	const box = useRef<HTMLDialogElement>(null);
	const asked = question.value;
	useEffect(() => {
		if (asked && !box.current?.open) box.current?.showModal();
	}, [asked]);
	if (!asked) return null;
	const end = (yes: boolean) => {
		box.current?.close();
		question.value = null;
		asked.answer(yes);
	};
	return (
		<dialog ref={box} aria-labelledby="confirm-title" onCancel={() => end(false)}>
			<h2 id="confirm-title">{asked.title}</h2>
			<p>{asked.text}</p>
			<div class="buttons">
				<button type="button" onClick={() => end(false)}>
					Cancel
				</button>
				<button type="button" class="loss" onClick={() => end(true)}>
					{asked.yes}
				</button>
			</div>
		</dialog>
	);
}

/** Drawers that are open, the uppermost last: an alert, and an event of it. */
const drawers: object[] = [];

/** Beside the content; Escape closes it and the focus goes back to where it was. */
export function Drawer({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
	const box = useRef<HTMLElement>(null);
	const latest = useRef(close);
	latest.current = close;
	useEffect(() => {
		const before = document.activeElement as HTMLElement | null;
		box.current?.focus({ preventScroll: true });
		const me = {};
		drawers.push(me);
		const onKey = (event: KeyboardEvent) => {
			if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
			if (drawers.at(-1) !== me) return;
			event.preventDefault();
			latest.current();
		};
		addEventListener("keydown", onKey);
		return () => {
			drawers.splice(drawers.indexOf(me), 1);
			removeEventListener("keydown", onKey);
			if (before?.isConnected) before.focus({ preventScroll: true });
		};
	}, []);
	return (
		<aside class="drawer" ref={box} tabIndex={-1} aria-label={title}>
			<header>
				<h2>{title}</h2>
				<button type="button" class="quiet" onClick={close} aria-label="close (Escape)">
					✕
				</button>
			</header>
			<div class="drawer-body">{children}</div>
		</aside>
	);
}
