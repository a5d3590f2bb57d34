// SPDX-License-Identifier: Apache-2.0
// Indicators out of a paste or a file, asked of all events: one line each, in the order given.
import { signal } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import { call, isAbort } from "../api";
import { useKeys } from "../app/keys";
import { change, place } from "../app/place";
import { may } from "../app/session";
import { ChooseFile, DropArea } from "../parts/drop";
import { Tick } from "../parts/form";
import { Empty, Failed, say, Waiting } from "../parts/notice";
import { bytes, count, counted, span } from "../parts/show";
import { IocDrawer } from "./ioc_drawer";
import { ExportButtons, type Numbered, Results, toText } from "./ioc_results";
import type { IocAnswer, Shown } from "./ioc_types";
import { WatchForm } from "./ioc_watch_form";

const most = 64 << 20;
const shownInBox = 256 << 10;

interface Asked {
	/** What was typed, or what the box shows of a file. */
	text: string;
	/** Where it is a file: sent as it is. */
	file: File | null;
	exact: boolean;
}

interface Got {
	answer: IocAnswer;
	took: number;
	of: Asked;
}

// Kept while one looks at events and comes back.
const asked = signal<Asked>({ text: "", file: null, exact: false });
const got = signal<Got | null>(null);

function useAsking() {
	const [error, setError] = useState<unknown>(null);
	const [control, setControl] = useState<AbortController | null>(null);
	const stop = () => control?.abort();
	const run = async (of: Asked) => {
		control?.abort();
		const mine = new AbortController();
		setControl(mine);
		setError(null);
		const begun = performance.now();
		try {
			const answer = await call<IocAnswer>("POST", "/ioc/search", {
				body: of.file ?? of.text,
				type: "text/plain",
				query: { exact: of.exact || undefined },
				signal: mine.signal,
			});
			got.value = { answer, took: (performance.now() - begun) / 1000, of };
		} catch (reason) {
			if (!isAbort(reason)) setError(reason);
		}
		setControl((now) => (now === mine ? null : now));
	};
	return { run, stop, error, busy: control !== null };
}

function Counts({ answer, took }: { answer: IocAnswer; took: number }) {
	return (
		<p class="summary" role="status">
			<b class="num">{counted(answer.given, "indicator")}</b> in {span(took)}
			{answer.segments_not_indexed > 0 && (
				<b class="wrong">
					{" "}
					▲ not all of it: {counted(answer.segments_not_indexed, "segment")} could not be asked. Run{" "}
					<code>pugmark ioc index</code>.
				</b>
			)}
		</p>
	);
}

function Filters({ answer, shown }: { answer: IocAnswer; shown: Shown }) {
	const usable = answer.given - answer.unusable;
	const seen = answer.indicators.filter((one) => one.events).length;
	const filters: [Shown, string, number][] = [
		["all", "all", answer.given],
		["seen", "seen", seen],
		["missed", "not seen", usable - seen],
		["unusable", "unusable", answer.unusable],
	];
	return (
		<div class="segments" role="group" aria-label="which indicators">
			{filters.map(([name, text, n]) => (
				<button
					type="button"
					key={name}
					aria-pressed={shown === name}
					onClick={() => change({ show: name === "all" ? null : name, at: null }, true)}
				>
					{text} <span class="num">{count(n)}</span>
				</button>
			))}
		</div>
	);
}

function Box({
	of,
	set,
	run,
	stop,
	busy,
}: {
	of: Asked;
	set: (next: Asked) => void;
	run: () => void;
	stop: () => void;
	busy: boolean;
}) {
	const take = async (file: File) => {
		const text = file.size <= shownInBox ? await file.text() : "";
		set({ ...of, text, file });
		say(`${file.name}: ${bytes(file.size)}.`);
	};
	const empty = !of.file && !of.text.trim();
	return (
		<DropArea take={(file) => void take(file)} most={most} what="its indicators" class="ioc-box">
			<textarea
				rows={of.text.includes("\n") || empty ? 4 : 1}
				aria-label="indicators"
				placeholder="Paste addresses, domains, URLs, mail addresses, hashes, names: one a line, or a report, CSV, STIX, MISP, OpenIOC. Or drop a file here."
				value={of.text}
				spellcheck={false}
				onInput={(event) => set({ ...of, text: event.currentTarget.value, file: null })}
				onKeyDown={(event) => {
					const one = !of.text.includes("\n");
					if (event.key !== "Enter" || event.shiftKey || !(event.ctrlKey || event.metaKey || (one && of.text.trim())))
						return;
					event.preventDefault();
					run();
				}}
			/>
			<div class="bar-row">
				<button type="button" class="main" disabled={empty || busy} onClick={run}>
					{busy ? "Searching …" : "Search"}
				</button>
				{busy && (
					<button type="button" onClick={stop}>
						Cancel
					</button>
				)}
				<ChooseFile text="Choose a file …" take={(file) => void take(file)} most={most} />
				{of.file && (
					<span class="tag">
						{of.file.name}, {bytes(of.file.size)}{" "}
						<button
							type="button"
							class="quiet small"
							aria-label="without the file"
							onClick={() => set({ ...of, file: null, text: "" })}
						>
							✕
						</button>
					</span>
				)}
				<Tick
					label="only the domain itself, not what is below it"
					value={of.exact}
					change={(exact) => set({ ...of, exact })}
				/>
				<span class="dim push hint">Ctrl-Enter searches</span>
			</div>
		</DropArea>
	);
}

export function IocSearch() {
	const params = place.value.params;
	const q = params.get("q");
	const shown = (params.get("show") ?? "all") as Shown;
	const at = params.get("at");
	const { run, stop, error, busy } = useAsking();
	const [watching, setWatching] = useState(false);
	const set = (next: Asked) => {
		asked.value = next;
	};
	useEffect(() => {
		if (!q) return;
		const of = { ...asked.value, text: q, file: null };
		if (got.value && !got.value.of.file && got.value.of.text === q && got.value.of.exact === of.exact) return;
		asked.value = of;
		void run(of).then(() => {
			// Whoever asks after one wants to know all of it; on a phone the drawer would hide the line.
			const params = place.value.params;
			const one = got.value?.answer.indicators.length === 1 && got.value.of === of;
			if (one && params.get("q") === q && !params.has("at") && innerWidth > 900) change({ at: "0" }, true);
		});
	}, [q]);
	const search = () => {
		const of = asked.value;
		setWatching(false);
		const one = !of.file && !of.text.trim().includes("\n") && of.text.trim().length < 2000 ? of.text.trim() : null;
		// One indicator stands in the address, where the effect above finds it; what is asked for again, or a list, does not.
		if (one && one !== q) change({ q: one, at: null, show: null });
		else {
			change({ q: one, at: null, show: null }, true);
			void run(of);
		}
	};
	useKeys(
		[
			{
				key: "/",
				what: "to the indicators",
				run: () => document.querySelector<HTMLElement>(".ioc-box textarea")?.focus(),
			},
		],
		[],
	);
	const now = got.value;
	const rows: Numbered[] = useMemo(() => now?.answer.indicators.map((one, n) => ({ ...one, n })) ?? [], [now]);
	const chosen = at === null ? undefined : rows[Number(at)];
	const alone = rows.length === 1 && q ? rows[0] : undefined;
	return (
		<>
			<Box of={asked.value} set={set} run={search} stop={stop} busy={busy} />
			{!!error && <Failed error={error} retry={() => void run(asked.value)} />}
			{busy && !now && <Waiting what="Searching all events" />}
			{now && (
				<>
					<div class="bar-row">
						<Counts answer={now.answer} took={now.took} />
						<Filters answer={now.answer} shown={shown} />
						<div class="bar-row push">
							<ExportButtons rows={rows} shown={shown} />
							{may("analyst") && now.answer.given > now.answer.unusable && (
								<button type="button" aria-expanded={watching} onClick={() => setWatching(!watching)}>
									Watch these …
								</button>
							)}
						</div>
					</div>
					{watching && (
						<WatchForm
							text={toText(rows, shown)}
							file={shown === "all" ? now.of.file : null}
							what={shown}
							close={() => setWatching(false)}
						/>
					)}
					<Results
						rows={rows}
						shown={shown}
						chosen={chosen?.n ?? alone?.n}
						open={(n) => change({ at: String(n) }, at !== null)}
					/>
				</>
			)}
			{!now && !busy && !error && (
				<Empty title="Was it seen here?">
					<p>
						Every indicator gets a line: hits per table, first and last seen, or that it was never seen. Defanged ones (
						<code>hxxp://evil[.]com</code>), ranges (<code>192.0.2.0/24</code>) and <code>*.example.com</code> are
						understood.
					</p>
				</Empty>
			)}
			{chosen && <IocDrawer key={chosen.n} answer={chosen} close={() => change({ at: null }, true)} />}
		</>
	);
}
