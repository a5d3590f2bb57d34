// SPDX-License-Identifier: Apache-2.0
// The other names of the same person, each with the events that show it; and those that are not taken, with the reason.
import { address, place, searchAddress } from "../app/place";
import { count, counted, quoted } from "../parts/show";
import { Ago, Log, Table } from "../parts/text";
import type { EntityAnswer, Name } from "./entity_head";

/** Where a name means this person. */
function Where({ name }: { name: Name }) {
	if (!name.table) return <span class="dim">everywhere</span>;
	return (
		<>
			<Table name={name.table} /> {name.instance && <Log text={name.instance} />}
		</>
	);
}

function NameTable({ names, label }: { names: Name[]; label: string }) {
	const since = place.value.params.get("since") || "all";
	return (
		<div class="scroll">
			<table class="plain names" aria-label={label}>
				<thead>
					<tr>
						<th scope="col">Name</th>
						<th scope="col">is</th>
						<th scope="col">{names[0]?.same_person ? "means this person" : "why not"}</th>
						<th scope="col">stood with</th>
						<th scope="col" class="right">
							in
						</th>
						<th scope="col" class="right">
							last
						</th>
					</tr>
				</thead>
				<tbody>
					{names.map((name) => (
						<tr key={`${name.name} ${name.is} ${name.table} ${name.instance}`}>
							<td>
								<a href={address("/entity", { value: name.name })}>
									<Log text={name.name} />
								</a>
							</td>
							<td>{name.is}</td>
							<td>{name.same_person ? <Where name={name} /> : name.why_not}</td>
							<td>
								<Log text={name.seen_with} />
							</td>
							<td class="right num">
								<a
									href={searchAddress(`${quoted(name.name)} ${quoted(name.seen_with)}`, { since })}
									title="the events that show the link"
								>
									{counted(name.events, "event")}
								</a>
							</td>
							<td class="right dim">
								<Ago at={name.last_seen} />
							</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

/** Kinds of values that are no names of persons. */
const things = /^(ipv4|ipv6|domain|url|md5|sha1|sha256|agent|host)$/;

export function Names({ answer }: { answer: EntityAnswer }) {
	if (answer.names.length === 0 && answer.kinds.length > 0 && answer.kinds.every((kind) => things.test(kind)))
		return null;
	const own = answer.names.filter((name) => name.same_person);
	const rest = answer.names.filter((name) => !name.same_person);
	return (
		<section class="panel" aria-labelledby="entity-names">
			<h2 id="entity-names">
				Other names of the same person <span class="dim num">{count(own.length)}</span>
			</h2>
			{own.length > 0 ? (
				<NameTable names={own} label="other names of the same person" />
			) : (
				<p class="dim">No event names one person by this value and by another that is surely theirs.</p>
			)}
			{answer.names_cut && <p class="dim">There may be more: {answer.names_cut}</p>}
			{rest.length > 0 && (
				<details open={own.length === 0}>
					<summary>{counted(rest.length, "name")} seen with it, but not taken for the same person</summary>
					<NameTable names={rest} label="not taken for the same person" />
				</details>
			)}
		</section>
	);
}
