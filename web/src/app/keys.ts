// SPDX-License-Identifier: Apache-2.0
// Keys that do something in the view at hand. Each is one of the help's lines too.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

export interface Key {
	/** As KeyboardEvent.key says; "mod+k" is Ctrl-K or ⌘K. */
	key: string;
	what: string;
	run: () => void;
	/** Also while somebody types in a field. */
	everywhere?: boolean;
}

export const keys = signal<Key[]>([]);

function typing(target: EventTarget | null): boolean {
	const node = target as HTMLElement | null;
	return !!node && (/^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName) || node.isContentEditable);
}

/** Enter on a button or a link is the button's. */
function pressing(event: KeyboardEvent): boolean {
	return event.key === "Enter" && !!(event.target as Element | null)?.closest?.("button, a, summary, [role=option]");
}

addEventListener("keydown", (event) => {
	if (event.defaultPrevented || event.altKey || pressing(event)) return;
	if (document.querySelector("dialog[open]")) return;
	const mod = event.ctrlKey || event.metaKey;
	const name = mod ? `mod+${event.key.toLowerCase()}` : event.key;
	// The key that was added last is the nearest.
	const found = keys.value.findLast((key) => key.key === name && (key.everywhere || !typing(event.target)));
	if (!found) return;
	event.preventDefault();
	found.run();
});

/** Keys that are there while a component is. `deps` as of useEffect. */
export function useKeys(list: Key[], deps: unknown[]) {
	useEffect(() => {
		keys.value = [...keys.peek(), ...list];
		return () => {
			keys.value = keys.peek().filter((key) => !list.includes(key));
		};
	}, deps);
}
