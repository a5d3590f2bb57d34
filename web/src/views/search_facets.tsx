// SPDX-License-Identifier: Apache-2.0
// The most frequent values, beside the events. A click offers to filter or exclude.
import { useState } from "preact/hooks";
import type { SearchAnswer } from "../parts/event";
import { count, short, tableName } from "../parts/show";
import { Value } from "../parts/value";

const few = 8;

export function Facets({ facets, loading }: { facets: SearchAnswer["facets"]; loading: boolean }) {
	const [open, setOpen] = useState(false);
	const [long, setLong] = useState<string[]>([]);
	return (
		<aside class={open ? "facets open" : "facets"} aria-label="most frequent values" aria-busy={loading}>
			<button type="button" class="quiet facets-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
				{open ? "▾" : "▸"} most frequent values
			</button>
			{facets?.map((facet) => {
				const all = long.includes(facet.field);
				const most = Math.max(...facet.values.map((value) => value.count), 1);
				return (
					<section key={facet.field}>
						<h3>
							{facet.field} <span class="dim num">{facet.cut ? "many" : count(facet.distinct)}</span>
						</h3>
						<ul>
							{(all ? facet.values : facet.values.slice(0, few)).map(({ value, count: n }) => (
								<li key={value}>
									<meter min={0} max={most} value={n} aria-hidden="true" />
									<Value
										field={facet.field}
										value={value && facet.field === "table" ? tableName(value) : value}
										none="no value"
									/>
									<span class="num dim" title={count(n)}>
										{short(n)}
									</span>
								</li>
							))}
						</ul>
						{facet.values.length > few && (
							<button
								type="button"
								class="quiet small"
								aria-expanded={all}
								onClick={() => setLong(all ? long.filter((one) => one !== facet.field) : [...long, facet.field])}
							>
								{all ? "fewer" : `${facet.values.length - few} more`}
							</button>
						)}
						{facet.others > 0 && <p class="dim num">{count(facet.others)} with other values</p>}
					</section>
				);
			})}
		</aside>
	);
}
