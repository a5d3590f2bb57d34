// SPDX-License-Identifier: Apache-2.0
// Fields of forms: a label, what it is for, what is wrong with it.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export function Field(props: {
	label: string;
	value: string;
	change: (value: string) => void;
	help?: ComponentChildren;
	wrong?: string | null;
	type?: "text" | "password" | "email" | "date" | "number" | "url";
	placeholder?: string;
	required?: boolean;
	complete?: string;
	focus?: boolean;
	rows?: number;
}) {
	const id = useId();
	const about = props.help || props.wrong ? `${id}-about` : undefined;
	const shared = {
		id,
		value: props.value,
		placeholder: props.placeholder,
		required: props.required,
		"aria-describedby": about,
		"aria-invalid": props.wrong ? true : undefined,
		autocomplete: props.complete ?? "off",
		spellcheck: false,
		autofocus: props.focus,
	};
	return (
		<div class="field">
			<label for={id}>
				{props.label}
				{!props.required && <span class="dim"> (optional)</span>}
			</label>
			{props.rows ? (
				<textarea {...shared} rows={props.rows} onInput={(event) => props.change(event.currentTarget.value)} />
			) : (
				<input {...shared} type={props.type ?? "text"} onInput={(event) => props.change(event.currentTarget.value)} />
			)}
			{about && (
				<div id={about} class={props.wrong ? "about wrong" : "about"}>
					{props.wrong ?? props.help}
				</div>
			)}
		</div>
	);
}

export function Choice(props: {
	label: string;
	value: string;
	options: [value: string, text: string][];
	change: (value: string) => void;
	/** Without its label beside it (it is still read out). */
	bare?: boolean;
}) {
	const id = useId();
	return (
		<div class={props.bare ? "choice" : "field"}>
			<label for={id} class={props.bare ? "hidden" : ""}>
				{props.label}
			</label>
			<select id={id} value={props.value} onChange={(event) => props.change(event.currentTarget.value)}>
				{props.options.map(([value, text]) => (
					<option key={value} value={value}>
						{text}
					</option>
				))}
			</select>
		</div>
	);
}

export function Tick(props: { label: ComponentChildren; value: boolean; change: (value: boolean) => void }) {
	return (
		<label class="tick">
			<input type="checkbox" checked={props.value} onChange={(event) => props.change(event.currentTarget.checked)} />
			<span>{props.label}</span>
		</label>
	);
}
