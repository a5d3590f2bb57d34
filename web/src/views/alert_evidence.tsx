// SPDX-License-Identifier: Apache-2.0
// The events that an alert rests on, in order of time: as they were copied into it, else as they are stored.
import { useState } from "preact/hooks";
import { get } from "../api";
import { useLoad } from "../app/load";
import type { WholeAlert } from "../parts/alert";
import { type Event, flat } from "../parts/event";
import { Fields, house, leaves } from "../parts/event_drawer";
import { count, counted, span } from "../parts/show";
import { Log, Table, Time } from "../parts/text";
import { Value } from "../parts/value";

type Piece = WholeAlert["evidence"][number];

/** "4 min later": how long after the event before it. */
function Between({ from, to }: { from: string | null; to: string | null }) {
	if (!from || !to) return null;
	const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
	return <span class="dim num">{seconds === 0 ? "at the same moment" : `${span(seconds)} later`}</span>;
}

function One({ piece, before, show }: { piece: Piece; before: Piece | undefined; show: (id: string) => void }) {
	const [open, setOpen] = useState(false);
	// Not all are copied; those are asked for as long as they are stored.
	const stored = useLoad(
		async (signal) =>
			piece.event ?? (await get<{ event: Event }>(`/events/${encodeURIComponent(piece.id)}`, {}, signal)).event,
		[piece.id],
	);
	const event = piece.event ?? stored.data;
	return (
		<li>
			<div class="when">
				<button type="button" class="link" onClick={() => show(piece.id)} title="the event, parsed and raw">
					<Time at={piece.time} />
				</button>
				<Table name={piece.table} />
				{before && <Between from={before.time} to={piece.time} />}
			</div>
			{event ? (
				<>
					<div class="what">
						<Value field="action" value={flat(event.action)} />
					</div>
					<div>
						{(["actor", "target", "ip"] as const).map(
							(field) =>
								flat(event[field]) && (
									<span key={field}>
										<span class="dim">{field} </span>
										<Value field={field} value={flat(event[field])} />{" "}
									</span>
								),
						)}
					</div>
					{typeof event.summary === "string" && event.summary && event.summary !== event.action && (
						<div class="dim">
							<Log text={event.summary} />
						</div>
					)}
					<button type="button" class="quiet small" aria-expanded={open} onClick={() => setOpen(!open)}>
						{open ? "▾ fewer fields" : "▸ all fields"}
					</button>
					{open && <Fields rows={leaves("", event).filter(([field]) => !house.test(field) && field !== "table")} />}
				</>
			) : (
				<p class="dim">
					{stored.loading ? "loading …" : "It was not copied into the alert, and is not stored any more."}
				</p>
			)}
		</li>
	);
}

export function Evidence({ alert, show }: { alert: WholeAlert; show: (id: string) => void }) {
	const list = [...alert.evidence].sort((a, b) => ((a.time ?? "") < (b.time ?? "") ? -1 : 1));
	const left = alert.events - list.length;
	return (
		<section>
			<h3>
				Evidence <span class="dim num">{counted(list.length, "event")}</span>
			</h3>
			{list.length === 0 && <p class="dim">No event was copied into this alert.</p>}
			<ol class="timeline">
				{list.map((piece, at) => [
					left > 0 && at === list.length - 1 && at > 0 && (
						<li key="left" class="gap">
							{count(left)} more in between, which are not copied
						</li>
					),
					<One key={piece.id} piece={piece} before={list[at - 1]} show={show} />,
				])}
			</ol>
		</section>
	);
}
