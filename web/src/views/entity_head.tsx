// SPDX-License-Identifier: Apache-2.0
// What a value is, how often and when it was seen, in which part of events; and where one goes on from here.
import { address, place, searchAddress } from "../app/place";
import type { Alert, AlertState } from "../parts/alert";
import { say, sayFailed } from "../parts/notice";
import { count, counted, quoted } from "../parts/show";
import { Log, Time } from "../parts/text";

export interface Counted {
	distinct: number;
	/** Events of the values that are not listed. */
	others: number;
	cut: boolean;
	values: { value: string; events: number; first_seen: string | null; last_seen: string | null }[];
}

export interface Name {
	name: string;
	is: string;
	table: string | null;
	instance: string | null;
	same_person: boolean;
	why_not: string | null;
	step: number;
	seen_with: string;
	events: number;
	first_seen: string | null;
	last_seen: string | null;
}

export const lists = [
	"tables",
	"actions",
	"categories",
	"addresses",
	"actors",
	"targets",
	"agents",
	"nodes",
	"sources",
	"instances",
] as const;

export interface EntityAnswer extends Record<(typeof lists)[number], Counted> {
	value: string;
	seen: boolean;
	kinds: string[];
	by: "index" | "search";
	other_names_counted: number;
	events: number;
	first_seen: string | null;
	last_seen: string | null;
	as: { actor: number; address: number; target: number; elsewhere: number };
	named_as_target: number;
	timeline: {
		days: { day: string; events: number }[];
		earlier_days: number;
		earlier_events: number;
		no_time: number;
	};
	names: Name[];
	names_cut: string | null;
	alerts: Record<AlertState, number> & { total: number; newest: Alert[] };
	near: string[];
	unread_files: number;
	problem: string | null;
}

/** The parts of events that a search can name. */
const roles: ["actor" | "target" | "address", field: string, word: string][] = [
	["actor", "actor", "as actor"],
	["target", "target", "as target"],
	["address", "ip", "as address"],
];

export function Head({ answer, loading }: { answer: EntityAnswer; loading: boolean }) {
	const { params } = place.value;
	const times = { since: params.get("since") || "all", until: params.get("until") };
	const value = quoted(answer.value);
	const used = roles.filter(([role]) => answer.as[role] > 0);
	const query = (used.length ? used : roles).map(([, field]) => `${field}:${value}`).join(" OR ");
	const copy = () => navigator.clipboard.writeText(answer.value).then(() => say("Copied"), sayFailed);
	return (
		<section class="panel entity-head" aria-label="what it is">
			<div class="bar-row">
				<h1>
					<Log text={answer.value} />
				</h1>
				{answer.kinds.map((kind) => (
					<span class="tag" key={kind}>
						{kind}
					</span>
				))}
				{answer.by === "search" && <span class="tag">found by search</span>}
				{loading && <span class="dim">loading …</span>}
				<div class="bar-row push">
					<a class="button main" href={searchAddress(query, times)}>
						Search its events
					</a>
					<a class="button" href={address("/ioc", { q: answer.value })}>
						Search as indicator
					</a>
					<button type="button" onClick={copy}>
						Copy
					</button>
				</div>
			</div>
			{answer.seen && (
				<p>
					<b class="num">{counted(answer.events, "event")}</b>
					{answer.other_names_counted > 0 &&
						`, those of ${counted(answer.other_names_counted, "other name")} of the same person among them`}
					{", from "}
					<Time at={answer.first_seen} ms={false} relative /> to <Time at={answer.last_seen} ms={false} relative />
				</p>
			)}
			{answer.seen && (
				<p class="roles">
					{used.map(([role, field, word]) => (
						<a key={role} href={searchAddress(`${field}:${value}`, times)}>
							<span class="num">{count(answer.as[role])}</span> {word}
						</a>
					))}
					{answer.as.elsewhere > 0 && (
						<span class="dim">
							<span class="num">{count(answer.as.elsewhere)}</span> elsewhere in the event
						</span>
					)}
					{answer.named_as_target > answer.as.target && (
						<a href={address("/entity", { value: answer.value, as: "target", ...times, since: params.get("since") })}>
							<span class="num">{count(answer.named_as_target)}</span> name it as target
						</a>
					)}
				</p>
			)}
			{answer.problem && (
				<p class="wrong" role="alert">
					▲ {counted(answer.unread_files, "file")} could not be read, so the counts are too low:{" "}
					<Log text={answer.problem} />
				</p>
			)}
		</section>
	);
}
