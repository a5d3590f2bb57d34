// SPDX-License-Identifier: Apache-2.0
// Somebody is told of alerts from now on: the form for each kind.
import { useState } from "preact/hooks";
import type { Job } from "../api";
import { Choice, Field, Tick } from "../parts/form";
import { startJob } from "../parts/jobs";
import { Failed } from "../parts/notice";
import { levels } from "../parts/text";

interface Asked {
	name: string;
	label: string;
	help?: string;
	placeholder?: string;
	type?: "text" | "password";
	required?: boolean;
}

const kinds: [kind: string, title: string, fields: Asked[]][] = [
	[
		"webhook",
		"Webhook",
		[
			{
				name: "url",
				label: "Address",
				placeholder: "https://soc.example.com/hook",
				required: true,
				help: "It is sealed: it may hold a key.",
			},
			{ name: "secret", label: "Secret", type: "password", help: "Messages are signed with it: X-Pugmark-Signature." },
		],
	],
	[
		"slack",
		"Slack",
		[
			{
				name: "url",
				label: "Incoming webhook",
				type: "password",
				placeholder: "https://hooks.slack.com/services/…",
				required: true,
				help: "Who knows it can post: it is sealed.",
			},
		],
	],
	[
		"teams",
		"Teams",
		[
			{
				name: "url",
				label: "Incoming webhook",
				type: "password",
				required: true,
				help: "Who knows it can post: it is sealed.",
			},
		],
	],
	[
		"syslog",
		"Syslog",
		[
			{
				name: "to",
				label: "To",
				placeholder: "tls://siem.example.com:6514",
				required: true,
				help: "udp://, tcp:// or tls://",
			},
		],
	],
	[
		"mail",
		"Mail",
		[
			{
				name: "server",
				label: "Server",
				placeholder: "smtp://mail.example.com",
				required: true,
				help: "smtp://host[:587] or smtps://host[:465]",
			},
			{ name: "sender", label: "From", placeholder: "pugmark@example.com", required: true },
			{ name: "to", label: "To", placeholder: "me@example.com", required: true, help: "Several by commas." },
			{ name: "user", label: "User at the server" },
			{ name: "password", label: "Password", type: "password" },
		],
	],
];

export function AddNotifier({ started, close }: { started: (job: Job) => void; close: () => void }) {
	const [kind, setKind] = useState("webhook");
	const [values, setValues] = useState<Record<string, string>>({});
	const [error, setError] = useState<unknown>(null);
	const [, , fields] = kinds.find(([name]) => name === kind)!;
	const set = (name: string, value: string) => setValues((was) => ({ ...was, [name]: value }));
	const field = (one: Asked) => (
		<Field
			key={one.name}
			label={one.label}
			value={values[one.name] ?? ""}
			change={(value) => set(one.name, value)}
			help={one.help}
			type={one.type ?? "text"}
			required={one.required ?? false}
			complete={one.type === "password" ? "new-password" : "off"}
			{...(one.placeholder ? { placeholder: one.placeholder } : {})}
		/>
	);
	const more: Asked[] = [
		{ name: "rule", label: "Of these rules only", help: "Ids, several by commas; watchlist:NAME of a list." },
		{ name: "ca_file", label: "CA file", placeholder: "/etc/ssl/acme.pem", help: "On the server." },
		{
			name: "proxy",
			label: "Proxy",
			placeholder: "http://proxy.example.com:3128",
			help: "Needs own addresses to be allowed.",
		},
	];
	const submit = async (event: Event) => {
		event.preventDefault();
		setError(null);
		const body: Record<string, unknown> = { kind, name: values.name?.trim() };
		for (const one of [...fields, ...more]) if (values[one.name]?.trim()) body[one.name] = values[one.name]!.trim();
		if (values.level) body.level = values.level;
		if (values.allow_private) body.allow_private = true;
		if (values.without_tls && kind === "mail") body.without_tls = true;
		try {
			started(await startJob("/notifiers", body));
		} catch (reason) {
			setError(reason);
		}
	};
	const missing = !values.name?.trim() || fields.some((one) => one.required && !values[one.name]?.trim());
	return (
		<form class="panel" onSubmit={submit}>
			<h2>Somebody to be told</h2>
			<div class="segments" role="group" aria-label="kind">
				{kinds.map(([name, title]) => (
					<button type="button" key={name} aria-pressed={name === kind} onClick={() => setKind(name)}>
						{title}
					</button>
				))}
			</div>
			<div class="form-row below">
				{field({
					name: "name",
					label: "Name",
					placeholder: "soc",
					required: true,
					help: "Small letters, digits, . _ and -. One that is there is replaced.",
				})}
				<Choice
					label="Of alerts from this level on"
					value={values.level ?? ""}
					options={[["", "all"], ...levels.map((level): [string, string] => [level, level])]}
					change={(level) => set("level", level)}
				/>
			</div>
			<div class="form-row">{fields.map(field)}</div>
			<details>
				<summary>More</summary>
				<div class="form-row below">{more.map(field)}</div>
				<Tick
					label="The host may have an address of your own network"
					value={!!values.allow_private}
					change={(on) => set("allow_private", on ? "yes" : "")}
				/>
				{kind === "mail" && (
					<Tick
						label="Send in the clear where the server has no STARTTLS (no password is sent then)"
						value={!!values.without_tls}
						change={(on) => set("without_tls", on ? "yes" : "")}
					/>
				)}
			</details>
			{!!error && <Failed error={error} />}
			<div class="buttons">
				<button type="submit" class="main" disabled={missing}>
					Add
				</button>
				<button type="button" onClick={close}>
					Cancel
				</button>
			</div>
			<p class="dim">Then test it: a message that says it is a test.</p>
		</form>
	);
}
