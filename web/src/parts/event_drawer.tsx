// SPDX-License-Identifier: Apache-2.0
// One event: what was parsed, the raw bytes, and what happened just before and after.
import { useState } from "preact/hooks";
import { get } from "../api";
import { useLoad } from "../app/load";
import { searchAddress } from "../app/place";
import { fetchFile } from "./csv";
import { Drawer } from "./dialog";
import { type Event, flat, type SearchAnswer } from "./event";
import { Failed, say, sayFailed, Waiting } from "./notice";
import { count } from "./show";
import { Log, Table, Time } from "./text";
import { Value } from "./value";

interface Whole {
	table: string;
	event: Event;
	raw: string | null;
	collector?: string;
	raw_base64?: string;
}

export type Leaf = [field: string, value: string];

/** Fields with a value, lists and objects laid flat: changed_values.0.name has the field changed_values.name. */
export function leaves(prefix: string, value: unknown): Leaf[] {
	if (value === null || value === undefined || value === "") return [];
	if (Array.isArray(value)) return value.flatMap((one) => leaves(prefix, one));
	if (typeof value === "object")
		return Object.entries(value).flatMap(([name, one]) => leaves(prefix ? `${prefix}.${name}` : name, one));
	return [[prefix, flat(value)]];
}

/** What pugmark itself notes of an event. */
export const house = /^(event_id|received_at|source|repaired|lenient_time|secondary|vault_.*|ip_bytes|event_time)$/;

export function Fields({ rows }: { rows: Leaf[] }) {
	return (
		<table class="plain fields">
			<tbody>
				{rows.map(([field, value], at) => (
					<tr key={at}>
						<th scope="row">{field}</th>
						<td>
							<Value field={field} value={value} />
						</td>
					</tr>
				))}
			</tbody>
		</table>
	);
}

function pretty(raw: string): string {
	try {
		return JSON.stringify(JSON.parse(raw), null, 2);
	} catch {
		return raw;
	}
}

function Raw({ raw }: { raw: string }) {
	const [whole, setWhole] = useState(true);
	return (
		<>
			<div class="bar-row tight">
				<button type="button" aria-pressed={!whole} onClick={() => setWhole(!whole)}>
					{whole ? "Lay out" : "As it came"}
				</button>
				<button type="button" onClick={() => navigator.clipboard.writeText(raw).then(() => say("Copied"), sayFailed)}>
					Copy
				</button>
				<span class="dim num">{count(new TextEncoder().encode(raw).length)} bytes</span>
			</div>
			<pre class="raw">
				{whole ? (
					<Log text={raw} />
				) : (
					pretty(raw)
						.split("\n")
						.map((line, at) => (
							<div key={at}>
								<Log text={line} />
							</div>
						))
				)}
			</pre>
		</>
	);
}

function Neighbours({ event, show }: { event: Event; show: (id: string) => void }) {
	const [same, setSame] = useState<"actor" | "ip" | "all">("all");
	const { data, error, reload } = useLoad(
		async (signal) => {
			if (!event.event_time) return [];
			const at = Date.parse(event.event_time);
			const value = flat(event[same]);
			const q = same === "all" || !value ? "" : `${same}:'${value.replace(/[\\']/g, "\\$&")}'`;
			const columns = "event_time,actor,action,target,ip";
			const iso = (ms: number) => new Date(ms).toISOString();
			const [before, after] = await Promise.all([
				get<SearchAnswer>("/search", { q, since: iso(at - 3600000), until: iso(at + 1), limit: 7, columns }, signal),
				get<SearchAnswer>(
					"/search",
					{ q, since: iso(at), until: iso(at + 3600000), limit: 7, columns, order: "oldest" },
					signal,
				),
			]);
			const all = new Map([...before.events, ...after.events].map((one) => [one.event_id, one]));
			return [...all.values()].sort(
				(a, b) => (a.event_time ?? "").localeCompare(b.event_time ?? "") || a.event_id.localeCompare(b.event_id),
			);
		},
		[event.event_id, same],
	);
	return (
		<section>
			<div class="bar-row tight">
				<h3>Just before and after</h3>
				{(["all", "actor", "ip"] as const).map((one) => (
					<button type="button" key={one} class="quiet" aria-pressed={same === one} onClick={() => setSame(one)}>
						{{ all: "anybody", actor: "same actor", ip: "same address" }[one]}
					</button>
				))}
			</div>
			{error ? (
				<Failed error={error} retry={reload} />
			) : !data ? (
				<Waiting />
			) : (
				<div class="scroll">
					<table class="plain near">
						<tbody>
							{data.map((one) => (
								<tr key={one.event_id} class={one.event_id === event.event_id ? "here" : ""}>
									<td>
										<button
											type="button"
											class="value"
											disabled={one.event_id === event.event_id}
											onClick={() => show(one.event_id)}
										>
											<Time at={one.event_time} />
										</button>
									</td>
									<td>
										<Log text={flat(one.actor)} />
									</td>
									<td>
										<Log text={flat(one.action)} />
									</td>
									<td>
										<Log text={flat(one.target)} />
									</td>
								</tr>
							))}
						</tbody>
					</table>
				</div>
			)}
		</section>
	);
}

/** `show`: another event is wanted. */
export function EventDrawer({ id, close, show }: { id: string; close: () => void; show: (id: string) => void }) {
	const { data, error, reload } = useLoad(
		(signal) => get<Whole>(`/events/${encodeURIComponent(id)}`, {}, signal),
		[id],
	);
	const rows = data ? leaves("", data.event) : [];
	return (
		<Drawer title="Event" close={close}>
			{error ? (
				<Failed error={error} retry={reload} />
			) : !data ? (
				<Waiting />
			) : (
				<>
					<div class="event-head">
						<Table name={data.table} /> <Time at={data.event.event_time} relative />
						<h3>
							<Log text={flat(data.event.action)} />
						</h3>
						{data.event.event_time && (
							<a
								href={searchAddress("", {
									since: new Date(Date.parse(data.event.event_time) - 300000).toISOString(),
									until: new Date(Date.parse(data.event.event_time) + 300000).toISOString(),
								})}
							>
								All events of these ten minutes
							</a>
						)}
					</div>
					<section>
						<h3>Parsed</h3>
						<Fields rows={rows.filter(([field]) => !house.test(field))} />
					</section>
					<section>
						<h3>Raw, as it came</h3>
						{data.raw === null ? (
							<p class="dim">
								In the vault of the lake that collected it, which the cluster knows as <code>{data.collector}</code>.
								Its raw text and its evidence are there.
							</p>
						) : (
							<Raw raw={data.raw} />
						)}
					</section>
					<Neighbours event={{ ...data.event, table: data.table }} show={show} />
					{data.raw !== null && (
						<div class="buttons">
							<button
								type="button"
								title="the raw event, the proof that it is as it was stored, and the program that checks it (docs/evidence.md)"
								onClick={() => fetchFile("/evidence/bundle", { events: id }, "evidence.zip").catch(sayFailed)}
							>
								Download evidence
							</button>
						</div>
					)}
					<details>
						<summary>Where it is kept</summary>
						<Fields rows={rows.filter(([field]) => house.test(field))} />
					</details>
				</>
			)}
		</Drawer>
	);
}
