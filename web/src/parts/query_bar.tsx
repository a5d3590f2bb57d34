// SPDX-License-Identifier: Apache-2.0
// The query bar: fields and values are offered while one types; what is wrong stands under its place.
import { useEffect, useRef, useState } from "preact/hooks";
import { get, type Problem } from "../api";
import { useKeys } from "../app/keys";
import { count, quoted } from "./show";
import { Log } from "./text";

interface Field {
	name: string;
	type: string;
	tables: string[];
	description?: string;
}

interface Offer {
	insert: string;
	show: string;
	note: string;
}

let fields: Promise<Field[]> | null = null;
export function allFields(): Promise<Field[]> {
	fields ??= get<{ fields: Field[] }>("/fields").then(
		(answer) => answer.fields,
		(error) => {
			fields = null;
			throw error;
		},
	);
	return fields;
}

/** The word that the cursor is in: where it begins, its field where it has one, and what is typed of it. */
function wordAt(text: string, cursor: number): { from: number; field: string | null; typed: string } {
	const before = text.slice(0, cursor);
	const found = /(?:([A-Za-z_][\w.]*):)?("[^"]*|'[^']*|[^\s()"':]*)$/.exec(before)!;
	const typed = found[2]!;
	return { from: cursor - typed.length, field: found[1] ?? null, typed: typed.replace(/^["']/, "") };
}

async function offers(text: string, cursor: number, since: string, signal: AbortSignal): Promise<Offer[]> {
	const word = wordAt(text, cursor);
	if (word.field) {
		const answer = await get<{ values: { value: string; count: number }[] }>(
			"/values",
			{ field: word.field, prefix: word.typed, limit: 8, since },
			signal,
		);
		return answer.values.map(({ value, count: n }) => ({ insert: quoted(value), show: value, note: count(n) }));
	}
	if (!word.typed) return [];
	const low = word.typed.toLowerCase();
	return (await allFields())
		.filter((field) => field.name.toLowerCase().includes(low))
		.sort((a, b) => Number(b.name.toLowerCase().startsWith(low)) - Number(a.name.toLowerCase().startsWith(low)))
		.slice(0, 8)
		.map((field) => ({ insert: `${field.name}:`, show: field.name, note: field.type }));
}

/** A place in UTF-8 bytes as one in the text. */
function fromBytes(text: string, at: number): number {
	return new TextDecoder().decode(new TextEncoder().encode(text).slice(0, at)).length;
}

export function QueryBar(props: {
	value: string;
	since: string;
	problem: Problem | null;
	typed: { current: string }; // what stands there now, for buttons beside it
	run: (query: string) => void;
}) {
	const { value, since, problem, typed, run } = props;
	const [text, setText] = useState(value);
	typed.current = text;
	const [list, setList] = useState<Offer[]>([]);
	const [at, setAt] = useState(-1);
	const input = useRef<HTMLInputElement>(null);
	const asking = useRef<AbortController | null>(null);
	const timer = useRef<ReturnType<typeof setTimeout>>();
	useEffect(() => setText(value), [value]);
	useEffect(() => () => asking.current?.abort(), []);
	useKeys([{ key: "/", what: "to the query", run: () => input.current?.focus() }], []);
	const close = () => {
		clearTimeout(timer.current);
		asking.current?.abort();
		setList([]);
		setAt(-1);
	};
	const ask = (now: string, cursor: number) => {
		close();
		timer.current = setTimeout(() => {
			const control = new AbortController();
			asking.current = control;
			offers(now, cursor, since || "-30d", control.signal).then(
				(found) => !control.signal.aborted && setList(found),
				() => {}, // what cannot be offered is typed by hand
			);
		}, 80);
	};
	const take = (offer: Offer) => {
		const node = input.current!;
		const cursor = node.selectionStart ?? text.length;
		const word = wordAt(text, cursor);
		const ends = offer.insert.endsWith(":") ? "" : " ";
		const now = text.slice(0, word.from) + offer.insert + ends + text.slice(cursor).replace(/^ /, "");
		const place = word.from + offer.insert.length + ends.length;
		setText(now);
		close();
		requestAnimationFrame(() => {
			node.focus();
			node.setSelectionRange(place, place);
			if (!ends) ask(now, place);
		});
	};
	const begin = problem?.begin === undefined ? 0 : fromBytes(value, problem.begin);
	const end = problem?.end === undefined ? begin : Math.max(begin + 1, fromBytes(value, problem.end));
	const wrong = problem && text === value;
	return (
		<div class="query">
			<input
				ref={input}
				class="mono"
				role="combobox"
				aria-label="query"
				aria-expanded={list.length > 0}
				aria-controls="query-offers"
				aria-activedescendant={at >= 0 ? `query-offer-${at}` : undefined}
				aria-invalid={wrong ? true : undefined}
				aria-describedby={wrong ? "query-wrong" : undefined}
				placeholder={'actor:bob ip:10.0.0.0/8 action:"Global permission granted"   (everything, when empty)'}
				spellcheck={false}
				autocomplete="off"
				autocapitalize="off"
				value={text}
				onInput={(event) => {
					setText(event.currentTarget.value);
					ask(event.currentTarget.value, event.currentTarget.selectionStart ?? 0);
				}}
				onBlur={() => setTimeout(close, 150)}
				onKeyDown={(event) => {
					if (event.key === "ArrowDown" && list.length) setAt((at + 1) % list.length);
					else if (event.key === "ArrowUp" && list.length) setAt(((at + list.length) % (list.length + 1)) - 1);
					else if ((event.key === "Tab" || event.key === "Enter") && at >= 0) take(list[at]!);
					else if (event.key === "Tab" && list.length && text) take(list[0]!);
					else if (event.key === "Enter") {
						close();
						run(text);
					} else if (event.key === "Escape" && list.length) close();
					else return;
					event.preventDefault();
				}}
			/>
			<div
				role="listbox"
				id="query-offers"
				aria-label="what could stand here"
				hidden={list.length === 0}
				class="offers"
			>
				{list.map((offer, n) => (
					<div
						role="option"
						tabIndex={-1}
						key={offer.show}
						id={`query-offer-${n}`}
						aria-selected={n === at}
						onPointerDown={(event) => {
							event.preventDefault();
							take(offer);
						}}
					>
						<Log text={offer.show} />
						<span class="dim num">{offer.note}</span>
					</div>
				))}
			</div>
			{wrong && (
				<div id="query-wrong" class="query-wrong" role="alert">
					{problem.begin !== undefined && (
						<pre aria-hidden="true">
							{value.slice(0, begin)}
							<mark>{value.slice(begin, end) || " "}</mark>
							{value.slice(end)}
							{"\n"}
							{" ".repeat(begin)}
							{"^".repeat(end - begin)}
						</pre>
					)}
					<p>
						{problem.detail}
						{problem.suggestion && (
							<>
								{" "}
								Did you mean <code>{problem.suggestion}</code>?
							</>
						)}
					</p>
				</div>
			)}
		</div>
	);
}
