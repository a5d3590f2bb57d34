// SPDX-License-Identifier: Apache-2.0
// Files that are dropped onto a part of the page, or chosen.
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { say } from "./notice";
import { bytes } from "./show";

function hasFile(event: DragEvent): boolean {
	return !!event.dataTransfer?.types.includes("Files");
}

/** `most`: bytes; a larger file is refused in words. `take` gets the file as it is. */
export function DropArea(props: {
	take: (file: File) => void;
	most: number;
	what: string;
	class?: string;
	children: ComponentChildren;
}) {
	const [over, setOver] = useState(false);
	const take = (file: File | undefined) => {
		if (!file) return;
		if (file.size > props.most) say(`${file.name} is too large: ${bytes(file.size)}, at most ${bytes(props.most)}.`);
		else props.take(file);
	};
	return (
		<div
			role="group"
			class={`drop ${over ? "over" : ""} ${props.class ?? ""}`}
			onDragOver={(event) => {
				if (!hasFile(event)) return;
				event.preventDefault();
				setOver(true);
			}}
			onDragLeave={(event) => {
				if (!event.currentTarget.contains(event.relatedTarget as Node)) setOver(false);
			}}
			onDrop={(event) => {
				if (!hasFile(event)) return;
				event.preventDefault();
				setOver(false);
				take(event.dataTransfer?.files[0]);
			}}
		>
			{props.children}
			{over && <div class="drop-over">Let go to read {props.what}</div>}
		</div>
	);
}

export function ChooseFile({ text, take, most }: { text: string; take: (file: File) => void; most: number }) {
	const input = useRef<HTMLInputElement>(null);
	return (
		<>
			<button type="button" onClick={() => input.current?.click()}>
				{text}
			</button>
			<input
				ref={input}
				type="file"
				class="hidden"
				tabIndex={-1}
				aria-label={text}
				onChange={(event) => {
					const file = event.currentTarget.files?.[0];
					event.currentTarget.value = "";
					if (!file) return;
					if (file.size > most) say(`${file.name} is too large: ${bytes(file.size)}, at most ${bytes(most)}.`);
					else take(file);
				}}
			/>
		</>
	);
}
