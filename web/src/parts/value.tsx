// SPDX-License-Identifier: Apache-2.0
// A value out of an event. A click offers: filter, exclude, search it as an indicator, open the entity, copy.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { address, change, go, place, searchAddress } from "../app/place";
import { say } from "./notice";
import { quoted } from "./show";
import { Log } from "./text";

interface Menu {
	field: string;
	value: string | null;
	x: number;
	y: number;
	from: HTMLElement;
}

const menu = signal<Menu | null>(null);

/** The query with one more condition. `value`: null = the event has none. */
function narrowed(query: string, field: string, value: string | null, not: boolean): string {
	const condition =
		value === null
			? `${not ? "" : "NOT "}${field}:*`
			: `${not ? "NOT " : ""}${field}:${value === "" ? '""' : quoted(value)}`;
	const was = query.trim();
	if (!was) return condition;
	return /\bOR\b/.test(was) ? `(${was}) ${condition}` : `${was} ${condition}`;
}

function filter(field: string, value: string | null, not: boolean) {
	const here = place.value;
	if (here.view === "search") change({ q: narrowed(here.params.get("q") ?? "", field, value, not), event: null });
	else go(searchAddress(narrowed("", field, value, not), { since: here.params.get("since") }));
}

/** `field`: as the search language names it. `none`: what an empty value is shown as, to be filtered for too. */
export function Value({ field, value, none }: { field: string; value: string | null; none?: string }) {
	if (!value && !none) return <span class="dim">–</span>;
	return (
		<button
			type="button"
			class="value"
			aria-haspopup="menu"
			onClick={(event) => {
				event.stopPropagation();
				const box = event.currentTarget.getBoundingClientRect();
				menu.value = { field, value, x: box.left, y: box.bottom, from: event.currentTarget };
			}}
		>
			{value ? <Log text={value} /> : <span class="dim">{value === null ? none : "empty text"}</span>}
		</button>
	);
}

export function ValueMenu() {
	const box = useRef<HTMLDivElement>(null);
	const open = menu.value;
	useEffect(() => {
		if (!open) return;
		const node = box.current!;
		const size = node.getBoundingClientRect();
		node.style.left = `${Math.max(4, Math.min(open.x, innerWidth - size.width - 8))}px`;
		node.style.top = `${open.y + size.height > innerHeight ? Math.max(4, open.y - size.height - 24) : open.y}px`;
		node.querySelector("button")?.focus();
		const close = () => {
			menu.value = null;
		};
		const outside = (event: Event) => {
			if (!node.contains(event.target as Node)) close();
		};
		addEventListener("pointerdown", outside);
		addEventListener("resize", close);
		return () => {
			removeEventListener("pointerdown", outside);
			removeEventListener("resize", close);
		};
	}, [open]);
	if (!open) return null;
	const acts: [string, () => void][] = [
		["Filter for this", () => filter(open.field, open.value, false)],
		["Exclude this", () => filter(open.field, open.value, true)],
	];
	const value = open.value;
	if (value)
		acts.push(
			["Search as indicator", () => go(address("/ioc", { q: value }))],
			["Open entity", () => go(address("/entity", { value }))],
			[
				"Copy",
				() => {
					navigator.clipboard.writeText(value).then(
						() => say("Copied"),
						() => say("The browser does not let this page copy"),
					);
				},
			],
		);
	const move = (event: KeyboardEvent) => {
		const items = [...box.current!.querySelectorAll("button")];
		const at = items.indexOf(document.activeElement as HTMLButtonElement);
		if (event.key === "Escape" || event.key === "Tab") {
			menu.value = null;
			open.from.focus();
		} else if (event.key === "ArrowDown") items[(at + 1) % items.length]?.focus();
		else if (event.key === "ArrowUp") items[(at + items.length - 1) % items.length]?.focus();
		else return;
		event.preventDefault();
		event.stopPropagation();
	};
	return (
		<div class="menu" role="menu" tabIndex={-1} ref={box} aria-label={`what to do with ${open.field}`} onKeyDown={move}>
			<div class="menu-head">
				{open.field}: {value ? <Log text={value.length > 60 ? `${value.slice(0, 60)}…` : value} /> : "no value"}
			</div>
			{acts.map(([name, run]) => (
				<button
					type="button"
					role="menuitem"
					key={name}
					onClick={() => {
						menu.value = null;
						run();
					}}
				>
					{name}
				</button>
			))}
		</div>
	);
}
