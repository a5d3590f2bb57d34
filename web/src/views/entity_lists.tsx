// SPDX-License-Identifier: Apache-2.0
// The lists of an entity: actions, addresses, targets …, each value with how often, first and last.
import { useState } from "preact/hooks";
import { count, counted, tableName } from "../parts/show";
import { Ago } from "../parts/text";
import { Value } from "../parts/value";
import type { Counted, EntityAnswer, lists } from "./entity_head";

type ListName = (typeof lists)[number];

const shown: [list: ListName, title: string, field: string][] = [
	["actions", "Actions", "action"],
	["addresses", "Addresses", "ip"],
	["targets", "Targets touched", "target"],
	["actors", "Who touched it", "actor"],
	["tables", "Tables", "table"],
	["categories", "Categories", "category"],
	["agents", "Agents", "user_agent"],
	["nodes", "Nodes", "node"],
	["instances", "Instances", "instance"],
	["sources", "Sources", "source"],
];

const few = 8;

function List({ title, field, list }: { title: string; field: string; list: Counted }) {
	const [all, setAll] = useState(false);
	const values = all ? list.values : list.values.slice(0, few);
	const hidden = list.values.slice(few).reduce((sum, one) => sum + one.events, 0);
	const others = list.others + (all ? 0 : hidden);
	return (
		<section class="panel" aria-labelledby={`list-${field}`}>
			<h2 id={`list-${field}`}>
				{title}{" "}
				<span class="dim num">
					{count(list.distinct)}
					{list.cut && " or more"}
				</span>
			</h2>
			<div class="scroll">
				<table class="plain entity-list">
					<thead class="hidden">
						<tr>
							<th scope="col">value</th>
							<th scope="col">events</th>
							<th scope="col">first</th>
							<th scope="col">last</th>
						</tr>
					</thead>
					<tbody>
						{values.map((one) => (
							<tr key={one.value}>
								<td>
									{one.value === "" ? (
										<span class="dim">none</span>
									) : (
										<Value field={field} value={field === "table" ? tableName(one.value) : one.value} />
									)}
								</td>
								<td class="right num">{count(one.events)}</td>
								<td class="right dim">
									<Ago at={one.first_seen} />
								</td>
								<td class="right dim">
									<Ago at={one.last_seen} />
								</td>
							</tr>
						))}
					</tbody>
				</table>
			</div>
			{others > 0 && <p class="dim num">{counted(others, "event")} with other values</p>}
			{list.values.length > few && (
				<button type="button" class="quiet" aria-expanded={all} onClick={() => setAll(!all)}>
					{all ? "▾ fewer" : `▸ ${count(list.values.length - few)} more`}
				</button>
			)}
		</section>
	);
}

export function Lists({ answer }: { answer: EntityAnswer }) {
	return (
		<div class="grid entity-lists">
			{shown
				.filter(([list]) => answer[list].values.length > 0)
				.map(([list, title, field]) => (
					<List key={list} title={title} field={field} list={answer[list]} />
				))}
		</div>
	);
}
