// SPDX-License-Identifier: Apache-2.0
// The form of a source: its fields, the test as it happens with the newest events, then Save. What was typed stays.
import { useEffect, useRef, useState } from "preact/hooks";
import { get, type Job } from "../api";
import { change, go, place } from "../app/place";
import { ChooseFile, DropArea } from "../parts/drop";
import { flat } from "../parts/event";
import { Choice, Field, Tick } from "../parts/form";
import { isOver, JobView, startJob, useJob } from "../parts/jobs";
import { Failed, say, sayFailed } from "../parts/notice";
import { tableName } from "../parts/show";
import { readCreds } from "./sources_creds";
import { Guide } from "./sources_guide";
import { bodyOf, type FieldOf, type Kind, moreFields, type Values } from "./sources_kinds";
import { type Found, NewestEvents } from "./sources_newest";
import { path, type Source } from "./sources_types";

const fileMost = 65536;

function One({ field, values, set }: { field: FieldOf; values: Values; set: (name: string, value: string) => void }) {
	const value = values[field.name] ?? "";
	const change = (next: string) => set(field.name, next);
	if (field.type === "tick")
		return <Tick label={field.label} value={value === "true"} change={(on) => change(on ? "true" : "")} />;
	if (field.options) return <Choice label={field.label} value={value} options={field.options} change={change} />;
	return (
		<Field
			label={field.label}
			value={value}
			change={change}
			type={field.type ?? "text"}
			help={field.help}
			{...(field.placeholder ? { placeholder: field.placeholder } : {})}
			required={field.required ?? false}
			complete={field.type === "password" ? "new-password" : "off"}
		/>
	);
}

/** What a source was connected with, but for its secrets. */
function knownOf(kind: Kind, source: Source): Values {
	const values: Values = { name: source.name };
	const known = [...kind.variants.flatMap((one) => one.fields.map((field) => field.name)), ...kind.more];
	for (const [name, value] of Object.entries(source.settings ?? {})) {
		if (known.includes(name) && value !== null && value !== false) values[name] = flat(value);
	}
	if (kind.variants.some((one) => one.fields.some((field) => field.name === "table")) && source.table)
		values.table = tableName(source.table);
	return values;
}

/** Where the test warned: saved all the same, if one says so. */
function warned(job: Job | undefined): boolean {
	return !!job?.steps.some((step) => step.state === "warning");
}

export function ConnectForm({ kind }: { kind: Kind }) {
	const [values, setValues] = useState<Values>({});
	const [jobId, setJobId] = useState<string | null>(null);
	/** The values that were tested, as their body: only those are saved. */
	const [tested, setTested] = useState("");
	const [saving, setSaving] = useState(false);
	const [refused, setRefused] = useState<unknown>(null);
	const variant = kind.variants.find((one) => one.id === place.value.params.get("at")) ?? kind.variants[0]!;
	const body = bodyOf(kind, variant, values);
	const now = JSON.stringify({ ...body, allow_empty: undefined });
	const missing = variant.fields.filter((field) => field.required && !values[field.name]?.trim());
	const { job, error } = useJob(jobId, (ended) => {
		if (!saving || ended.state !== "done") return;
		const name = (ended.result as Found | undefined)?.name;
		say(`${name ?? kind.title} is connected.`);
		go(name ? path(name) : "/sources");
	});
	const below = useRef<HTMLDivElement>(null);
	const grown = `${jobId} ${job?.state} ${job?.steps.length}`;
	useEffect(() => {
		if (grown.includes("undefined")) return;
		below.current?.scrollIntoView({ block: "nearest" });
	}, [grown]);
	const busy = !!jobId && !error && !(job && isOver(job));
	const tried = job?.state === "done" && !saving && tested === now;
	const good = tried && (!warned(job) || !!values.allow_empty);
	const from = place.value.params.get("from");
	useEffect(() => {
		if (!from) return;
		get<Source>(`/sources/${encodeURIComponent(from)}`).then(
			(source) => setValues((was) => ({ ...knownOf(kind, source), ...was })),
			sayFailed,
		);
	}, [from]);
	const set = (name: string, value: string) => setValues((was) => ({ ...was, [name]: value }));
	const run = async (save: boolean) => {
		setRefused(null);
		try {
			const started = await startJob(save ? "/sources" : "/sources/test", body);
			setTested(now);
			setSaving(save);
			setJobId(started.id);
		} catch (reason) {
			setRefused(reason);
		}
	};
	const fill = (text: string): boolean => {
		const found = readCreds(text);
		if (!found) return false;
		setValues((was) => ({ ...was, ...found }));
		say(`Filled in: ${Object.keys(found).join(", ").replace(/_/g, " ")}.`);
		return true;
	};
	const takeFile = (file: File) => {
		file.text().then((text) => {
			if (!fill(text)) say(`${file.name} has none of domain, mail and api_token.`);
		}, sayFailed);
	};
	return (
		<div class="connect">
			<DropArea take={takeFile} most={fileMost} what="the file">
				<form
					class="panel"
					onSubmit={(event) => {
						event.preventDefault();
						void run(false);
					}}
					onPaste={(event) => {
						const text = event.clipboardData?.getData("text/plain") ?? "";
						if (/[{\n]/.test(text.trim()) && fill(text)) event.preventDefault();
					}}
				>
					<h2>{kind.title}: what to connect with</h2>
					{kind.variants.length > 1 && (
						<div class="segments" role="group" aria-label="which kind">
							{kind.variants.map((one) => (
								<button
									type="button"
									key={one.id}
									aria-pressed={one === variant}
									onClick={() => change({ at: one === kind.variants[0] ? null : one.id }, true)}
								>
									{one.title}
								</button>
							))}
						</div>
					)}
					{variant.fields.map((field) => (
						<One key={field.name} field={field} values={values} set={set} />
					))}
					<details>
						<summary>More</summary>
						<div class="more-fields">
							{kind.more.map((name) => (
								<One key={name} field={moreFields[name]!} values={values} set={set} />
							))}
						</div>
					</details>
					<div class="buttons">
						<button type="submit" class={good ? "" : "main"} disabled={busy || missing.length > 0}>
							{busy && !saving ? "Testing …" : job ? "Test again" : "Test"}
						</button>
						<button type="button" class={good ? "main" : ""} disabled={!good} onClick={() => void run(true)}>
							{busy && saving ? "Saving …" : "Save"}
						</button>
						<ChooseFile text="Fill from a file …" take={takeFile} most={fileMost} />
					</div>
					<p class="dim">
						{missing.length > 0
							? `Still needed: ${missing.map((field) => field.label.toLowerCase()).join(", ")}.`
							: !job
								? "Test first: nothing is saved by it."
								: tried && !good
									? "The test warned: see below."
									: good
										? "It is tested once more as it is saved."
										: !busy && tested !== now
											? "Something was changed since the test."
											: ""}{" "}
						{variant.fields.some((field) => field.name === "mail") &&
							'A file {"domain", "mail", "api_token"} may be dropped or pasted here.'}
					</p>
					{!!refused && <Failed error={refused} />}
				</form>
				{!!error && <Failed error={error} />}
				<div ref={below}>{job && <JobView job={job} />}</div>
				{job?.state === "failed" && (
					<p class="dim">Nothing was saved. What you typed is still there: change it, and test again.</p>
				)}
				{tried && warned(job) && (
					<div class="panel">
						<p>The test warned. Nothing is saved before somebody has looked at that.</p>
						<Tick
							label="I have looked at it: save it all the same"
							value={!!values.allow_empty}
							change={(on) => set("allow_empty", on ? "true" : "")}
						/>
					</div>
				)}
				{job && isOver(job) && job.state === "done" && <NewestEvents found={job.result as Found} />}
			</DropArea>
			<Guide kind={kind.kind} variant={variant.id} values={values} />
		</div>
	);
}
