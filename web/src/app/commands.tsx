// SPDX-License-Identifier: Apache-2.0
// Ctrl-K: everything that one can go to, by a few letters; or the words are searched for.
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { address, go, searchAddress } from "./place";
import { nextTheme } from "./theme";
import { views } from "./views";

const open = signal(false);

export function openCommands() {
	open.value = true;
}

interface Command {
	name: string;
	run: () => void;
}

function found(text: string): Command[] {
	const wanted = text.trim();
	const all: Command[] = [
		...views
			.filter((view) => view.path !== "entity")
			.map((view) => ({ name: `Go to ${view.title}`, run: () => go(`/${view.path}`) })),
		{ name: "Connect a source", run: () => go("/sources/connect") },
		{ name: "Open alerts, the gravest first", run: () => go("/alerts") },
		{ name: "Change the colours", run: nextTheme },
	];
	const letters = wanted.toLowerCase();
	const hits = all.filter((command) => command.name.toLowerCase().includes(letters));
	if (!wanted) return hits;
	return [
		...hits,
		{ name: `Search events: ${wanted}`, run: () => go(searchAddress(wanted)) },
		{ name: `Search indicator: ${wanted}`, run: () => go(address("/ioc", { q: wanted })) },
		{ name: `Open entity: ${wanted}`, run: () => go(address("/entity", { value: wanted })) },
	];
}

export function Commands() {
	const box = useRef<HTMLDialogElement>(null);
	const [text, setText] = useState("");
	const [at, setAt] = useState(0);
	const shown = open.value;
	useEffect(() => {
		if (!shown) return;
		setText("");
		setAt(0);
		if (!box.current?.open) box.current?.showModal();
	}, [shown]);
	if (!shown) return null;
	const list = found(text);
	const close = () => {
		box.current?.close();
		open.value = false;
	};
	const run = (command: Command | undefined) => {
		close();
		command?.run();
	};
	return (
		<dialog
			ref={box}
			class="commands"
			aria-label="commands"
			onCancel={close}
			onClick={(event) => event.target === box.current && close()}
		>
			<input
				role="combobox"
				aria-expanded="true"
				aria-controls="commands-list"
				aria-activedescendant={`command-${at}`}
				aria-label="what to do, or words to search for"
				placeholder="Go to, or search for …"
				value={text}
				onInput={(event) => {
					setText(event.currentTarget.value);
					setAt(0);
				}}
				onKeyDown={(event) => {
					if (event.key === "ArrowDown") setAt((at + 1) % list.length);
					else if (event.key === "ArrowUp") setAt((at + list.length - 1) % list.length);
					else if (event.key === "Enter") run(list[at]);
					else return;
					event.preventDefault();
				}}
			/>
			<div role="listbox" id="commands-list" aria-label="commands">
				{list.map((command, n) => (
					<button
						type="button"
						role="option"
						tabIndex={-1}
						id={`command-${n}`}
						key={command.name}
						aria-selected={n === at}
						onClick={() => run(command)}
					>
						{command.name}
					</button>
				))}
			</div>
		</dialog>
	);
}
