// SPDX-License-Identifier: Apache-2.0
// Indicators go onto a watchlist: it is asked of all history at once, and of every event that comes.
import { useState } from "preact/hooks";
import { call, get } from "../api";
import { useLoad } from "../app/load";
import { address } from "../app/place";
import { Choice, Field, Tick } from "../parts/form";
import { Failed } from "../parts/notice";
import { bytes, count, counted } from "../parts/show";
import { Log, levels } from "../parts/text";
import type { Filled, Shown, Watchlist } from "./ioc_types";

const names = { all: "all that can be used", seen: "those seen", missed: "those not seen", unusable: "none" };

/** `file`: sent as it is, so that its own ends and tags are kept; else the text. Without either the form has a box for them. */
export function WatchForm(props: {
	text: string;
	file: File | null;
	what: Shown;
	close: () => void;
	list?: string;
	changed?: () => void;
}) {
	const [name, setName] = useState(props.list ?? "");
	const [level, setLevel] = useState("high");
	const [tags, setTags] = useState("");
	const [expire, setExpire] = useState("90d");
	const [replace, setReplace] = useState(false);
	const [own, setOwn] = useState("");
	const [exact, setExact] = useState(false);
	const [wide, setWide] = useState(false);
	const [filled, setFilled] = useState<Filled | null>(null);
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<unknown>(null);
	const lists = useLoad((signal) => get<{ watchlists: Watchlist[] }>("/watchlists", {}, signal), []);
	const text = props.text || own;
	const there = lists.data?.watchlists.find((list) => list.name === name.trim());
	const wrong =
		name && !/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name.trim())
			? "Small letters, digits, . _ and -."
			: there?.url
				? "It is a feed: take another name."
				: null;
	const submit = async (event: Event) => {
		event.preventDefault();
		setBusy(true);
		setError(null);
		try {
			const answer = await call<Filled>("POST", `/watchlists/${encodeURIComponent(name.trim())}`, {
				body: props.file ?? text,
				type: "text/plain",
				query: {
					level,
					tags: tags.trim(),
					expire: expire.trim(),
					replace: replace || undefined,
					exact: exact || undefined,
					allow_wide: wide || undefined,
				},
			});
			setFilled(answer);
			props.changed?.();
		} catch (reason) {
			setError(reason);
		}
		setBusy(false);
	};
	if (filled) return <Outcome filled={filled} close={props.close} />;
	const lines = text ? text.split("\n").filter((line) => line.trim()).length : 0;
	return (
		<form class="panel watch-form" onSubmit={submit}>
			<h2>
				{props.file
					? `Watch for what is in ${props.file.name} (${bytes(props.file.size)})`
					: props.text
						? `Watch for ${counted(lines, "indicator")}${lines > 1 ? `: ${names[props.what]}` : ""}`
						: "A watchlist"}
			</h2>
			{!props.text && !props.file && (
				<Field
					label="Indicators"
					value={own}
					change={setOwn}
					rows={5}
					required
					help="One a line, or a list in any form: CSV, STIX, MISP, a report."
				/>
			)}
			<div class="form-row">
				<Field
					label="List"
					value={name}
					change={setName}
					required
					wrong={wrong}
					placeholder="incident-7"
					help={
						there ? `It has ${counted(there.indicators, "indicator")} already.` : "A new list, or one that is there."
					}
				/>
				<Choice label="Level of its alerts" value={level} options={levels.map((one) => [one, one])} change={setLevel} />
				<Field label="Tags" value={tags} change={setTags} placeholder="incident,partner" help="Several by commas." />
				<Field label="Each ends after" value={expire} change={setExpire} placeholder="90d" help="30d, 12h, or never." />
			</div>
			<Tick label="only the domains themselves, not what is below them" value={exact} change={setExact} />
			<Tick label="also ranges that match nearly everything" value={wide} change={setWide} />
			{there && <Tick label="in place of what is on it" value={replace} change={setReplace} />}
			{!!error && <Failed error={error} />}
			<div class="buttons">
				<button type="submit" class="main" disabled={busy || !name.trim() || !!wrong || (!props.file && !text.trim())}>
					{busy ? "Asking all history …" : there ? "Add to the list" : "Watch"}
				</button>
				<button type="button" onClick={props.close}>
					Cancel
				</button>
			</div>
		</form>
	);
}

/** What was taken, what was not and why, and what history says. */
function Outcome({ filled, close }: { filled: Filled; close: () => void }) {
	const history = filled.history;
	return (
		<section class="panel watch-form" aria-labelledby="filled-title">
			<h2 id="filled-title">{filled.name} is watched for</h2>
			<p role="status">
				{count(filled.added)} added
				{filled.removed > 0 && `, ${count(filled.removed)} removed`}
				{filled.duplicates > 0 && `, ${count(filled.duplicates)} known already`}
				{filled.contradictory > 0 && `, ${count(filled.contradictory)} said twice in different ways`}
				{filled.unusable > 0 && `, ${count(filled.unusable)} not taken`}. On it now:{" "}
				{counted(filled.indicators, "indicator")}.
				{history &&
					` Seen in history: ${counted(history.indicators, "indicator")}, in ${counted(history.events, "event")}; ${counted(history.new_alerts, "new alert")}.`}
			</p>
			{history !== null && history.unread_segments > 0 && (
				<p class="wrong">▲ {counted(history.unread_segments, "segment")} could not be asked: run pugmark ioc index.</p>
			)}
			{filled.not_taken.length > 0 && (
				<ul class="gap-list">
					{filled.not_taken.slice(0, 50).map((one, at) => (
						<li key={at}>
							<Log text={one.text} />
							{one.line ? ` (line ${count(one.line)})` : ""}: {one.reason}
						</li>
					))}
					{filled.unusable > 50 && <li class="dim">and more</li>}
				</ul>
			)}
			<div class="buttons">
				<a class="button" href={`/ioc/watchlists/${encodeURIComponent(filled.name)}`}>
					The list
				</a>
				<a class="button" href={address("/alerts", { rule: `watchlist:${filled.name}` })}>
					Its alerts
				</a>
				<button type="button" onClick={close}>
					Done
				</button>
			</div>
		</section>
	);
}
