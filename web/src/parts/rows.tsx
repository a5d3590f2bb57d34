// SPDX-License-Identifier: Apache-2.0
// A table of any length: only the rows that are seen are in the document.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useKeys } from "../app/keys";

export interface Column<Row> {
	key: string;
	title: string;
	/** A width of CSS grid: "10rem", "minmax(8rem, 2fr)". */
	width: string;
	show: (row: Row) => ComponentChildren;
	/** Buttons in the head, such as one that takes the column away. */
	head?: ComponentChildren;
	right?: boolean;
}

const tall = 28;

/** `open`: a row was chosen (Enter or click); `more`: the end comes near. j and k go up and down. */
export function Rows<Row>(props: {
	rows: Row[];
	columns: Column<Row>[];
	label: string;
	id: (row: Row) => string;
	chosen?: string | undefined;
	open?: (row: Row) => void;
	more?: (() => void) | undefined;
	/** Rows that are marked, by x. */
	marked?: Set<string>;
	mark?: ((row: Row) => void) | undefined;
	/** What other keys do with the row at hand; undefined where there is none. */
	acts?: { key: string; what: string; run: (row: Row | undefined) => void }[];
	/** What j and k do with a row while another is open; without it, it is opened. */
	follow?: (row: Row) => void;
}) {
	const { rows, columns, label, id, chosen, open, more, marked, mark, acts, follow = open } = props;
	const box = useRef<HTMLDivElement>(null);
	const [seen, setSeen] = useState({ top: 0, height: 600 });
	const [at, setAt] = useState(-1);
	useEffect(() => {
		const node = box.current!;
		const note = () => setSeen({ top: node.scrollTop, height: node.clientHeight });
		const watch = new ResizeObserver(note);
		watch.observe(node);
		node.addEventListener("scroll", note, { passive: true });
		note();
		return () => {
			watch.disconnect();
			node.removeEventListener("scroll", note);
		};
	}, []);
	const first = Math.max(0, Math.floor(seen.top / tall) - 10);
	const last = Math.min(rows.length, Math.ceil((seen.top + seen.height) / tall) + 10);
	useEffect(() => {
		if (more && last >= rows.length - 20 && rows.length > 0) more();
	}, [last, rows.length, more]);
	// Keys come faster than the page is drawn: they look at what is so now.
	const cursor = useRef(-1);
	const latest = useRef({ rows, chosen, open, mark, follow });
	latest.current = { rows, chosen, open, mark, follow };
	const put = (to: number) => {
		cursor.current = to;
		setAt(to);
	};
	const here = () => latest.current.rows[cursor.current];
	const move = (by: number) => {
		const now = latest.current;
		const to = Math.min(Math.max(cursor.current + by, 0), now.rows.length - 1);
		const row = now.rows[to];
		if (!row) return;
		put(to);
		const node = box.current!;
		if (to * tall < node.scrollTop) node.scrollTop = to * tall;
		if ((to + 2) * tall > node.scrollTop + node.clientHeight) node.scrollTop = (to + 3) * tall - node.clientHeight;
		if (now.chosen !== undefined) now.follow?.(row);
	};
	const withRow = (run: ((row: Row) => void) | undefined) => {
		const row = here();
		if (row) run?.(row);
	};
	useKeys(
		[
			{ key: "j", what: "next row", run: () => move(1) },
			{ key: "k", what: "row before", run: () => move(-1) },
			...(open ? [{ key: "Enter", what: "open the row", run: () => withRow(latest.current.open) }] : []),
			...(mark ? [{ key: "x", what: "select the row", run: () => withRow(latest.current.mark) }] : []),
			...(acts ?? []).map(({ key, what, run }) => ({ key, what, run: () => run(here()) })),
		],
		[!open, !mark, acts],
	);
	// All rows are as wide as the head, whatever stands in them: the least widths together, or the room there is.
	const least = columns.map((column) => /^minmax\(([^,]+),/.exec(column.width)?.[1] ?? column.width);
	const template = {
		gridTemplateColumns: columns.map((column) => column.width).join(" "),
		minWidth: `calc(${least.join(" + ")})`,
	};
	return (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
		<div class="rows" ref={box} role="table" aria-label={label} aria-rowcount={rows.length + 1} tabIndex={0}>
			<div class="row head" role="row" aria-rowindex={1} style={template}>
				{columns.map((column) => (
					<div key={column.key} role="columnheader" class={column.right ? "cell right" : "cell"}>
						{column.title}
						{column.head}
					</div>
				))}
			</div>
			<div class="rows-body" role="rowgroup" style={{ height: `${rows.length * tall}px` }}>
				{rows.slice(first, last).map((row, offset) => {
					const n = first + offset;
					const name = id(row);
					const kind = `row${n === at ? " at" : ""}${name === chosen ? " chosen" : ""}${marked?.has(name) ? " marked" : ""}`;
					return (
						<div
							key={name}
							role="row"
							aria-rowindex={n + 2}
							aria-selected={marked ? marked.has(name) : undefined}
							class={kind}
							style={{ ...template, transform: `translateY(${n * tall}px)` }}
							onClick={() => {
								put(n);
								open?.(row);
							}}
						>
							{columns.map((column) => (
								<div key={column.key} role="cell" class={column.right ? "cell right" : "cell"}>
									{column.show(row)}
								</div>
							))}
						</div>
					);
				})}
			</div>
		</div>
	);
}
