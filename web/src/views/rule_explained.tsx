// SPDX-License-Identifier: Apache-2.0
// Can a rule fire here? Each thing that it asks for, with how often the stored events have it, and when last.
import { type Explain, kinds, type Seen, type WholeRule } from "../parts/rules";
import { Scroll } from "../parts/scroll";
import { count, counted, span } from "../parts/show";
import { Ago, Log, State, Table } from "../parts/text";

/** `bad`: what was never seen is why the rule cannot fire; of something that must not be there it is not. */
function SeenIn({ seen, bad }: { seen: Seen[]; bad: boolean }) {
	if (seen.length === 0) return <span class="dim">there is no such table</span>;
	const none = bad && seen.every((one) => one.events === 0);
	return (
		<>
			{seen.map((one) => (
				<div key={one.table} class="seen">
					<Table name={one.table} />{" "}
					{one.has_field === false ? (
						<span class={none ? "state bad" : "dim"}>{none && "▲ "}has no such field</span>
					) : one.events > 0 ? (
						<>
							<span class="num">{counted(one.events, "event")}</span>
							{one.last_seen && (
								<span class="dim">
									, the last <Ago at={one.last_seen} />
								</span>
							)}
						</>
					) : (
						<span class={none ? "state bad" : "dim"}>{none && "▲ "}never seen</span>
					)}
				</div>
			))}
		</>
	);
}

function Coverage({ part }: { part: Explain }) {
	if (!part.coverage) return null;
	return (
		<p>
			It needs the audit level <b>{part.coverage}</b>.{" "}
			{part.levels?.map((one) => (
				<span key={one.table} class="dim">
					Seen in <Table name={one.table} /> base {count(one.BASE)}, advanced {count(one.ADVANCED)}, full{" "}
					{count(one.FULL)}.{" "}
				</span>
			))}
		</p>
	);
}

function Tests({ part }: { part: Explain }) {
	if (!part.tests) return null;
	return (
		<Scroll label={`what ${part.title} asks for`}>
			<table class="plain tests">
				<thead class="hidden">
					<tr>
						<th scope="col">what it asks for</th>
						<th scope="col">seen</th>
					</tr>
				</thead>
				<tbody>
					{part.tests.map((test, at) => (
						<tr key={at}>
							<td>
								{test.negated && <b>not </b>}
								<Log text={test.test} />
							</td>
							<td>
								<SeenIn seen={test.seen} bad={!test.negated} />
							</td>
						</tr>
					))}
					<tr>
						<td>
							<b>all of it</b>
						</td>
						<td>
							<SeenIn seen={part.matches ?? []} bad />
						</td>
					</tr>
				</tbody>
			</table>
		</Scroll>
	);
}

function Parts({ parts }: { parts: Explain[] }) {
	return (
		<ul class="parts">
			{parts.map((part, at) => (
				<li class="part" key={`${part.rule} ${at}`}>
					<a href={`/rules/${part.rule}${location.search}`}>
						<Log text={part.title} />
					</a>
					<Body part={part} />
				</li>
			))}
		</ul>
	);
}

function Body({ part }: { part: Explain }) {
	return (
		<>
			<Coverage part={part} />
			<Tests part={part} />
			{part.correlation && (
				<p class="dim">
					{kinds[part.correlation] ?? part.correlation}
					{part.timespan_s ? ` within ${span(part.timespan_s)}` : ""}, of:
				</p>
			)}
			{part.rules && <Parts parts={part.rules} />}
		</>
	);
}

export function Explained({ rule }: { rule: WholeRule }) {
	const { explain } = rule;
	return (
		<section>
			<h3>Can it fire here?</h3>
			<p>
				<State good={explain.can_fire}>
					{explain.can_fire ? "It can: all that it needs has been seen." : "As it is, it cannot."}
				</State>
			</p>
			{explain.why.length > 0 && (
				<ul class="why">
					{explain.why.map((one) => (
						<li key={one}>
							<Log text={one} />
						</li>
					))}
				</ul>
			)}
			<Body part={explain} />
		</section>
	);
}
