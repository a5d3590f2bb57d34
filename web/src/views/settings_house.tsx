// SPDX-License-Identifier: Apache-2.0
// What is stored, how much room it takes, and how long it is kept.
import { useState } from "preact/hooks";
import { get } from "../api";
import { useLoad } from "../app/load";
import { change, place } from "../app/place";
import { may } from "../app/session";
import { confirmLoss } from "../parts/dialog";
import { flat } from "../parts/event";
import { Field } from "../parts/form";
import { Grid } from "../parts/grid";
import { JobView, startJob, useJob } from "../parts/jobs";
import { Empty, Failed, sayFailed, Waiting } from "../parts/notice";
import { bytes, count, counted } from "../parts/show";
import { Log, Table, Time } from "../parts/text";
import { Rejects } from "./settings_rejects";

interface Stored {
	data: string;
	tables: {
		table: string;
		events: number;
		segments: number;
		bytes: number;
		raw_bytes: number;
		no_time: number;
		rejects: number;
		first_event: string | null;
		last_event: string | null;
	}[];
	sources: { source: string; events: number; vault_bytes: number; raw_bytes: number; oldest_raw: string | null }[];
	free_bytes: number;
}

interface House {
	version?: string;
	data?: string;
	retention?: { tables: { table: string; keep_days: number | null; from: string | null }[] };
	rules?: {
		pack: string;
		count: number;
		shipped: number;
		own: number;
		enabled: number;
		refused: number;
		problems: { file: string; line?: number; what: string | null; refused: boolean }[];
	};
	[more: string]: unknown;
}

export function useHouse() {
	return useLoad((signal) => get<House>("/settings", {}, signal), []);
}

function Exact({ n }: { n: number }) {
	return (
		<span class="num" title={`${count(n)} bytes`}>
			{bytes(n)}
		</span>
	);
}

/** Members of an object as facts, those below with their path. */
export function facts(prefix: string, value: unknown): [string, string][] {
	if (value === null || value === undefined || value === "") return [];
	if (typeof value === "object" && !Array.isArray(value))
		return Object.entries(value).flatMap(([name, one]) => facts(prefix ? `${prefix} ${name}` : name, one));
	return [[prefix.replace(/_/g, " "), typeof value === "number" ? count(value) : flat(value)]];
}

export function Facts({ list }: { list: [string, string][] }) {
	return (
		<dl class="facts wide">
			{list.map(([name, value]) => (
				<div key={name}>
					<dt>{name}</dt>
					<dd>
						<Log text={value} />
					</dd>
				</div>
			))}
		</dl>
	);
}

/** Days that are too old are dropped, when it was said twice. */
function Drop() {
	const [days, setDays] = useState("");
	const n = Number(days);
	const good = /^\d{1,5}$/.test(days.trim()) && n > 0;
	const submit = async (event: Event) => {
		event.preventDefault();
		const yes = await confirmLoss(
			`Drop all that is older than ${counted(n, "day")}?`,
			"Whole days go from all tables, their raw bytes too, and only a backup brings them back. Alerts keep the evidence that was copied to them.",
			"Drop them",
		);
		if (yes) startJob("/compact", { keep: `${n}d` }).then((started) => change({ job: started.id }, true), sayFailed);
	};
	return (
		<form class="form-row below" onSubmit={submit}>
			<Field
				label="Days to keep"
				type="number"
				value={days}
				change={setDays}
				required
				placeholder="400"
				help="Whole days that are older are dropped, once, now."
			/>
			<div class="buttons">
				<button type="submit" class="loss" disabled={!good}>
					Drop what is older …
				</button>
			</div>
		</form>
	);
}

export function Space() {
	const { data, error, reload } = useLoad((signal) => get<Stored>("/status", {}, signal), []);
	const house = useHouse();
	const { job } = useJob(place.value.params.get("job"), reload);
	const kept = house.data?.retention?.tables.filter((table) => table.keep_days !== null || table.from) ?? [];
	const vault = data?.sources.reduce((sum, source) => sum + source.vault_bytes, 0) ?? 0;
	const raw = data?.sources.reduce((sum, source) => sum + source.raw_bytes, 0) ?? 0;
	return (
		<>
			<section class="panel" aria-labelledby="space-title">
				<div class="bar-row">
					<h2 id="space-title">What is stored</h2>
					{may("admin") && (
						<button
							type="button"
							class="push"
							onClick={() => startJob("/verify").then((started) => change({ job: started.id }, true), sayFailed)}
						>
							Verify all of it
						</button>
					)}
				</div>
				{!!error && <Failed error={error} retry={reload} />}
				{!data && !error && <Waiting />}
				{data?.tables.length === 0 && (
					<Empty title="Nothing is stored yet.">
						<a class="button main" href="/sources/connect">
							Connect a source
						</a>
					</Empty>
				)}
				{!!data?.tables.length && (
					<Grid
						label="what is stored"
						heads={[
							"Table",
							{ right: "Events" },
							{ right: "Segments" },
							{ right: "Columns" },
							{ right: "Raw bytes in them" },
							{ right: "Not readable" },
							"Oldest",
							"Newest",
						]}
					>
						{data.tables.map((table) => (
							<tr key={table.table}>
								<td>
									<Table name={table.table} />
								</td>
								<td class="right num">{count(table.events)}</td>
								<td class="right num">{count(table.segments)}</td>
								<td class="right">
									<Exact n={table.bytes} />
								</td>
								<td class="right">
									<Exact n={table.raw_bytes} />
								</td>
								<td class="right num">{count(table.rejects)}</td>
								<td class="nowrap">
									<Time at={table.first_event} ms={false} />
								</td>
								<td class="nowrap">
									<Time at={table.last_event} ms={false} />
								</td>
							</tr>
						))}
					</Grid>
				)}
				{data && (
					<p>
						<Exact n={vault} /> hold <Exact n={raw} /> of raw events; <Exact n={data.free_bytes} /> are free.
					</p>
				)}
			</section>
			{job && <JobView job={job} close={() => change({ job: null }, true)} />}
			{data?.tables.some((table) => table.rejects > 0) && <Rejects />}
			<section class="panel" aria-labelledby="retention-title">
				<h2 id="retention-title">Retention</h2>
				{!!house.error && <Failed error={house.error} retry={house.reload} />}
				{house.data && kept.length === 0 && (
					<p>Everything is kept until somebody drops it: no day is dropped by itself.</p>
				)}
				{kept.length > 0 && (
					<dl class="facts wide">
						{kept.map((table) => (
							<div key={table.table}>
								<dt>
									<Table name={table.table} />
								</dt>
								<dd>
									{table.keep_days !== null && `${count(table.keep_days)} days are kept`}
									{table.keep_days !== null && table.from && ", "}
									{table.from && `from ${table.from} on`}
								</dd>
							</div>
						))}
					</dl>
				)}
				{may("admin") ? (
					<Drop />
				) : (
					<p class="dim">
						An admin can drop whole days that are old, raw bytes included. Alerts keep the evidence copied to them.
					</p>
				)}
			</section>
		</>
	);
}
