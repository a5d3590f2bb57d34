// SPDX-License-Identifier: Apache-2.0
// Entity: everything about one user, address or object, and the ways on from there. What is asked is in the URL.
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api";
import { useKeys } from "../app/keys";
import { useLoad } from "../app/load";
import { address, change, place } from "../app/place";
import { AlertList } from "../parts/alert";
import { TimeBars } from "../parts/chart";
import { Choice, Tick } from "../parts/form";
import { Empty, Failed, Waiting } from "../parts/notice";
import { count, counted } from "../parts/show";
import { Spans } from "../parts/spans";
import { Log } from "../parts/text";
import { type EntityAnswer, Head } from "./entity_head";
import { Lists } from "./entity_lists";
import { Names } from "./entity_names";

function Ask({ value }: { value: string }) {
	const params = place.value.params;
	const text = (name: string) => params.get(name) ?? "";
	const [typed, setTyped] = useState(value);
	const box = useRef<HTMLInputElement>(null);
	useEffect(() => setTyped(value), [value]);
	useKeys([{ key: "/", what: "another value", run: () => box.current?.select() }], []);
	return (
		<div class="search-bar">
			<form
				class="query"
				onSubmit={(event) => {
					event.preventDefault();
					change({ value: typed.trim() });
				}}
			>
				<input
					ref={box}
					class="mono"
					aria-label="a user, an address, an object"
					placeholder="a user, an account id, a mail address, an IP address, a repository …"
					spellcheck={false}
					autocomplete="off"
					value={typed}
					onInput={(event) => setTyped(event.currentTarget.value)}
				/>
			</form>
			<Choice
				bare
				label="where it stands"
				value={text("as")}
				change={(as) => change({ as, person: as ? null : text("person") })}
				options={[
					["", "anywhere in the event"],
					["actor", "as actor"],
					["target", "as target"],
					["ip", "as address"],
				]}
			/>
			<Spans since={text("since")} until={text("until")} change={(since, until) => change({ since, until })} />
			<button type="button" class="main" disabled={!typed.trim()} onClick={() => change({ value: typed.trim() })}>
				Show
			</button>
			{!text("as") && (
				<Tick
					label="with the other names of the same person"
					value={text("person") === "true"}
					change={(on) => change({ person: on ? "true" : null })}
				/>
			)}
		</div>
	);
}

/** Days without events are there too, as nothing. */
function Timeline({ timeline }: { timeline: EntityAnswer["timeline"] }) {
	const day = 86400000;
	const list = timeline.days.map((one) => ({ begin: Date.parse(`${one.day}T00:00:00Z`), events: one.events }));
	const first = list[0];
	const last = list.at(-1);
	if (!first || !last) return null;
	const events = new Map(list.map((one) => [one.begin, one.events]));
	const days = Math.min((last.begin - first.begin) / day + 1, 3660);
	const bars = Array.from({ length: days }, (_, at) => last.begin - (days - 1 - at) * day).map((begin) => ({
		begin,
		parts: [events.get(begin) ?? 0],
	}));
	return (
		<section class="panel" aria-labelledby="entity-days">
			<h2 id="entity-days">Events per day</h2>
			<TimeBars
				bars={bars}
				bucket={day}
				series={["events"]}
				height={80}
				zoom={(low, high) => change({ since: new Date(low).toISOString(), until: new Date(high).toISOString() })}
			/>
			<p class="dim">
				Days are UTC.
				{timeline.earlier_events > 0 &&
					` ${counted(timeline.earlier_events, "event")} on ${counted(timeline.earlier_days, "day")} before are not drawn: choose a time to see them.`}
				{timeline.no_time > 0 && ` ${count(timeline.no_time)} have no time.`}
			</p>
		</section>
	);
}

function Alerts({ alerts, value }: { alerts: EntityAnswer["alerts"]; value: string }) {
	const states = (["open", "acknowledged", "closed", "withdrawn"] as const).filter((state) => alerts[state] > 0);
	return (
		<section class="panel" aria-labelledby="entity-alerts">
			<h2 id="entity-alerts">
				Alerts <span class="dim num">{count(alerts.total)}</span>
			</h2>
			{alerts.total === 0 ? (
				<p class="dim">No alert names it.</p>
			) : (
				<>
					<p class="dim">
						{states.map((state) => `${count(alerts[state])} ${state}`).join(", ")}
						{" · "}
						<a href={address("/alerts", { text: value, state: "all" })}>those that have “{value}” in the queue</a>
					</p>
					<AlertList alerts={alerts.newest.slice(0, 8)} />
				</>
			)}
		</section>
	);
}

function NotSeen({ answer, limited }: { answer: EntityAnswer; limited: boolean }) {
	return (
		<Empty title={limited ? "It was not seen in this time, or not in this place." : "It was never seen."}>
			<p>
				<Log text={answer.value} /> stands in no stored event{limited && " that was asked for"}.
			</p>
			{answer.near.length > 0 && (
				<p>
					Like it:{" "}
					{answer.near.map((name, at) => (
						<span key={name}>
							{at > 0 && ", "}
							<a href={address("/entity", { value: name })}>
								<Log text={name} />
							</a>
						</span>
					))}
				</p>
			)}
			<div class="buttons center">
				{limited && (
					<button type="button" class="main" onClick={() => change({ since: null, until: null, as: null })}>
						Ask all time, anywhere
					</button>
				)}
				<a class="button" href={address("/search", { q: JSON.stringify(answer.value), since: "all" })}>
					Search as words
				</a>
			</div>
		</Empty>
	);
}

export function Entity() {
	const params = place.value.params;
	const text = (name: string) => params.get(name) ?? "";
	const value = text("value");
	const asked = ["kind", "as", "since", "until", "person"].map((name): [string, string] => [name, text(name)]);
	const { data, error, loading, reload } = useLoad(
		async (signal) =>
			value ? await get<EntityAnswer>("/entity", { value, ...Object.fromEntries(asked) }, signal) : undefined,
		[value, ...asked.map(([, one]) => one)],
	);
	const answer = value && data?.value === value ? data : undefined;
	return (
		<div class="view entity">
			{!answer && <h1 class="hidden">Entity</h1>}
			<Ask value={value} />
			{!value && (
				<Empty title="Whom or what do you want to know about?">
					<p>Type a user, an address or an object. A click on any value of an event offers “Open entity”.</p>
				</Empty>
			)}
			{error && value ? <Failed error={error} retry={reload} /> : null}
			{value && !answer && loading && <Waiting what="Looking through all events" />}
			{answer && !error && (
				<>
					<Head answer={answer} loading={loading} />
					{!answer.seen ? (
						<NotSeen answer={answer} limited={asked.some(([, one]) => one !== "")} />
					) : (
						<>
							<Timeline timeline={answer.timeline} />
							<div class="grid entity-first">
								<Names answer={answer} />
								<Alerts alerts={answer.alerts} value={value} />
							</div>
							<Lists answer={answer} />
						</>
					)}
				</>
			)}
		</div>
	);
}
