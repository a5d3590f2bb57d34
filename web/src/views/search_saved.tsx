// SPDX-License-Identifier: Apache-2.0
// Saved searches: those of the command line too (pugmark search --saved).
import { useRef, useState } from "preact/hooks";
import { call, get } from "../api";
import { useLoad } from "../app/load";
import { go, searchAddress } from "../app/place";
import { may } from "../app/session";
import { Field } from "../parts/form";
import { say, sayFailed } from "../parts/notice";

interface Search {
	name: string;
	query: string;
	since?: string | null;
	until?: string | null;
	columns?: string | null;
}

export function Saved({ query }: { query: { q: string; since: string; until: string; columns: string } }) {
	const [name, setName] = useState("");
	const box = useRef<HTMLDetailsElement>(null);
	const { data, reload } = useLoad((signal) => get<{ searches: Search[] }>("/searches", {}, signal), []);
	const path = (one: string) => `/searches/${encodeURIComponent(one)}`;
	const put = (one: Search) =>
		call("PUT", path(one.name), {
			body: Object.fromEntries(
				Object.entries({ query: one.query, since: one.since, until: one.until, columns: one.columns }).filter(
					([, v]) => v || v === "",
				),
			),
		});
	const save = (event: Event) => {
		event.preventDefault();
		put({
			name: name.trim(),
			query: query.q,
			since: query.since || null,
			until: query.until || null,
			columns: query.columns,
		}).then(() => {
			say(`Saved as ${name.trim()}.`);
			setName("");
			reload();
		}, sayFailed);
	};
	const forget = (one: Search) => {
		call("DELETE", path(one.name)).then(() => {
			reload();
			say(`${one.name} is forgotten.`, () => void put(one).then(reload, sayFailed));
		}, sayFailed);
	};
	const open = (one: Search) => {
		box.current?.removeAttribute("open");
		go(searchAddress(one.query, { since: one.since || "all", until: one.until, columns: one.columns }));
	};
	return (
		<details class="more-menu" ref={box}>
			<summary class="button">Saved</summary>
			<div class="more-box">
				{data?.searches.length === 0 && <p class="dim">None yet.</p>}
				{data?.searches.map((one) => (
					<div class="bar-row tight" key={one.name}>
						<button type="button" class="quiet grow" title={one.query} onClick={() => open(one)}>
							{one.name}
						</button>
						{may("analyst") && (
							<button type="button" class="quiet" aria-label={`forget ${one.name}`} onClick={() => forget(one)}>
								✕
							</button>
						)}
					</div>
				))}
				{may("analyst") && (
					<form onSubmit={save}>
						<Field label="Save this search as" value={name} change={setName} required />
						<button type="submit" disabled={!name.trim()}>
							Save
						</button>
					</form>
				)}
			</div>
		</details>
	);
}
