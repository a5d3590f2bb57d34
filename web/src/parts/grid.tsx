// SPDX-License-Identifier: Apache-2.0
// A plain table: names of columns, and rows that the view draws itself.
import type { ComponentChildren } from "preact";
import { Scroll } from "./scroll";

/** A column's name; of one with numbers; "" = the column of buttons, whose name is only read out. */
export type Head = string | { right: string };

/** `kind`: a class of its own, for its columns. */
export function Grid(props: {
	label: string;
	heads: Head[];
	panel?: boolean;
	kind?: string;
	children: ComponentChildren;
}) {
	const { label, heads, panel, kind, children } = props;
	return (
		<Scroll label={label} {...(panel ? { panel } : {})}>
			<table class={kind ? `plain ${kind}` : "plain"}>
				<thead>
					<tr>
						{heads.map((head) => {
							const text = typeof head === "string" ? head : head.right;
							return (
								<th scope="col" key={text} class={typeof head === "string" ? "" : "right"}>
									{text || <span class="hidden">what to do</span>}
								</th>
							);
						})}
					</tr>
				</thead>
				<tbody>{children}</tbody>
			</table>
		</Scroll>
	);
}
