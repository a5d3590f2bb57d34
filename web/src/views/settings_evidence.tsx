// SPDX-License-Identifier: Apache-2.0
// Evidence: what is signed, what is not yet, how old the checkpoint is that others hold, and how they check it.
import { useState } from "preact/hooks";
import { get } from "../api";
import { useLoad } from "../app/load";
import { may } from "../app/session";
import { fetchFile } from "../parts/csv";
import { isOver, JobView, startJob, useJob } from "../parts/jobs";
import { Failed, say, sayFailed, Waiting } from "../parts/notice";
import { count, counted } from "../parts/show";
import { Ago, Log, State, Time } from "../parts/text";

interface Keeper {
	entries: number;
	failed_at: string | null;
	error: string | null;
}

interface Witness extends Keeper {
	name: string;
	cosigned_at: string | null;
}

interface Bucket extends Keeper {
	place: string;
	mode: string;
	days: number;
	written_at: string | null;
}

interface Tree {
	origin: string;
	entries: number;
	pending_segments: number;
	root: string;
	checkpoint: { entries: number; at: string } | null;
	key: string | null;
	folder: string | null;
	sent_to: string | null;
	witnesses: Witness[];
	bucket: Bucket | null;
}

const old = 2 * 3600000;

function Standing({ tree }: { tree: Tree }) {
	const made = tree.checkpoint;
	if (!made)
		return (
			<>
				<State good={false}>nothing is signed yet</State>: make a checkpoint, and give it to somebody outside.
			</>
		);
	const late = tree.pending_segments > 0 && Date.now() - Date.parse(made.at) > old;
	return (
		<>
			<State good={!late}>signed</State> <Ago at={made.at} />: {counted(made.entries, "entry", "entries")}
			{tree.pending_segments > 0 && `; ${counted(tree.pending_segments, "segment")} since then not yet`}
		</>
	);
}

// Who keeps checkpoints outside: what it took last, and why nothing newer.
function Took({ name, at, keeper }: { name: string; at: string | null; keeper: Keeper }) {
	return (
		<div>
			<State good={!keeper.error}>{keeper.error ? "not the last one" : "taken"}</State> <Log text={name} />
			{at && (
				<>
					: {counted(keeper.entries, "entry", "entries")} <Ago at={at} />
				</>
			)}
			{keeper.error && (
				<>
					; <Ago at={keeper.failed_at} />: <Log text={keeper.error} />
				</>
			)}
		</div>
	);
}

function Facts({ tree }: { tree: Tree }) {
	const rows: [string, preact.ComponentChildren][] = [
		["Store", <Log key="o" text={tree.origin} />],
		[
			"Entries of the tree",
			<span key="e" class="num">
				{count(tree.entries)}
			</span>,
		],
		[
			"Segments not in it yet",
			<span key="p" class="num">
				{count(tree.pending_segments)}
			</span>,
		],
		["Root", <Log key="r" text={tree.root} />],
		["Newest checkpoint", <Time key="t" at={tree.checkpoint?.at} ms={false} relative />],
		["Public key", tree.key ? <Log key="k" text={tree.key} /> : "made with the first checkpoint"],
		[
			"Goes to",
			[tree.folder, tree.sent_to].filter(Boolean).join(", ") ||
				"nobody: pugmark checkpoint folder PATH, or pugmark checkpoint send NOTIFIER",
		],
		[
			"Witnesses",
			tree.witnesses.length
				? tree.witnesses.map((w) => <Took key={w.name} name={w.name} at={w.cosigned_at} keeper={w} />)
				: "none: pugmark checkpoint witness add URL KEY",
		],
		[
			"Locked bucket",
			tree.bucket ? (
				<Took
					key="b"
					name={`${tree.bucket.place} (${tree.bucket.mode}, ${tree.bucket.days} days)`}
					at={tree.bucket.written_at}
					keeper={tree.bucket}
				/>
			) : (
				"none: pugmark checkpoint bucket s3://BUCKET/PREFIX"
			),
		],
	];
	return (
		<dl class="facts wide">
			{rows.map(([name, value]) => (
				<div key={name}>
					<dt>{name}</dt>
					<dd>{value}</dd>
				</div>
			))}
		</dl>
	);
}

export function Evidence() {
	const { data, error, reload } = useLoad((signal) => get<Tree>("/evidence", {}, signal), [], 30000);
	const [jobId, setJobId] = useState("");
	const { job } = useJob(jobId, (ended) => {
		reload();
		if (ended.state === "done") say("Signed. Keep the checkpoint where this machine cannot delete it.");
	});
	const busy = !!jobId && !(job && isOver(job));
	const make = () => startJob("/evidence/checkpoint", {}).then((started) => setJobId(started.id), sayFailed);
	if (error) return <Failed error={error} retry={reload} />;
	if (!data) return <Waiting />;
	return (
		<>
			<section class="panel" aria-labelledby="evidence-title">
				<h2 id="evidence-title">Evidence</h2>
				<p>
					<Standing tree={data} />
				</p>
				<Facts tree={data} />
				<div class="buttons">
					{may("admin") && (
						<button type="button" class="main" disabled={busy} onClick={make}>
							{busy ? "Signing …" : "Make a checkpoint"}
						</button>
					)}
					<button
						type="button"
						disabled={!data.checkpoint}
						onClick={() => fetchFile("/evidence/checkpoint", {}, "checkpoint.txt").catch(sayFailed)}
					>
						Download the newest
					</button>
				</div>
				{job && job.state !== "done" && <JobView job={job} />}
			</section>
			<section class="panel" aria-labelledby="check-title">
				<h2 id="check-title">How somebody outside checks it</h2>
				<p>
					A checkpoint that is held outside proves that no event stored before it was deleted, edited or put elsewhere
					since. It says nothing of what came after it, nor of what the source left out.
				</p>
				<p>
					Events and alerts have <b>Download evidence</b>: a file with the raw events, their proofs and the program that
					checks them, which needs Python alone:
				</p>
				<pre class="raw">python3 verify.py evidence.zip --checkpoint checkpoint.txt --key key.txt</pre>
			</section>
		</>
	);
}
