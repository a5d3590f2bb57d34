// SPDX-License-Identifier: Apache-2.0
// A feed is added: a list at an address, or a collection of a TAXII server, fetched at once as a job.
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
	required?: boolean;
	secret?: boolean;
	rows?: number;
}

const name: Asked = {
	name: "name",
	label: "Name",
	placeholder: "urlhaus",
	required: true,
	help: "Small letters, digits, . _ and -.",
};
const places: Record<string, Asked[]> = {
	url: [
		{ name: "url", label: "Address", placeholder: "https://…", required: true, help: "Plain lists, CSV, STIX, MISP." },
	],
	secret_url: [
		{
			name: "secret_url",
			label: "Address",
			required: true,
			secret: true,
			help: "It has a key in it: sealed, never shown.",
		},
	],
	taxii: [
		{ name: "taxii", label: "Server", placeholder: "https://…/taxii2/", required: true },
		{ name: "collection", label: "Collection", help: "Its id. Without it the server is asked which ones there are." },
	],
};
const more: Asked[] = [
	{ name: "interval", label: "Fetched every", placeholder: "1h", help: "15m, 1h, 1d." },
	{ name: "tags", label: "Tags", placeholder: "feed,malware", help: "Several by commas." },
	{ name: "expire", label: "Each ends after", placeholder: "90d", help: "30d, 12h, or never." },
	{ name: "column", label: "Column", placeholder: "url", help: "Of a CSV: its name or number." },
	{ name: "user", label: "User" },
	{ name: "password", label: "Password", secret: true },
	{ name: "api_token", label: "Token", secret: true, help: "Sent as Authorization: Bearer." },
	{ name: "headers", label: "Headers", rows: 2, help: "Lines “name: value”; they are kept as secrets." },
	{ name: "ca_file", label: "CA file", placeholder: "/etc/ssl/acme.pem", help: "On the server." },
	{
		name: "proxy",
		label: "Proxy",
		placeholder: "http://proxy.example.com:3128",
		help: "Needs own addresses to be allowed.",
	},
];

export function FeedForm({ started, close }: { started: (job: Job) => void; close: () => void }) {
	const [place, setPlace] = useState("url");
	const [values, setValues] = useState<Record<string, string>>({});
	const [level, setLevel] = useState("high");
	const [own, setOwn] = useState(false);
	const [error, setError] = useState<unknown>(null);
	const asked = [name, ...places[place]!];
	const field = (one: Asked) => (
		<Field
			key={one.name}
			label={one.label}
			value={values[one.name] ?? ""}
			change={(value) => setValues((was) => ({ ...was, [one.name]: value }))}
			help={one.help}
			type={one.secret ? "password" : "text"}
			complete={one.secret ? "new-password" : "off"}
			required={one.required ?? false}
			{...(one.rows ? { rows: one.rows } : {})}
			{...(one.placeholder ? { placeholder: one.placeholder } : {})}
		/>
	);
	const submit = async (event: Event) => {
		event.preventDefault();
		setError(null);
		const body: Record<string, unknown> = { level, ...(own ? { allow_private: true } : {}) };
		for (const one of [...asked, ...more]) if (values[one.name]?.trim()) body[one.name] = values[one.name]!.trim();
		try {
			started(await startJob("/feeds", body));
		} catch (reason) {
			setError(reason);
		}
	};
	return (
		<form class="panel" onSubmit={submit}>
			<h2>A feed</h2>
			<div class="form-row">
				<Choice
					label="From"
					value={place}
					options={[
						["url", "an address"],
						["secret_url", "an address that is a secret"],
						["taxii", "a TAXII 2.1 server"],
					]}
					change={setPlace}
				/>
				<Choice label="Level of its alerts" value={level} options={levels.map((one) => [one, one])} change={setLevel} />
			</div>
			<div class="form-row">{asked.map(field)}</div>
			<details>
				<summary>More</summary>
				<div class="form-row below">{more.map(field)}</div>
				<Tick label="The host may have an address of your own network" value={own} change={setOwn} />
			</details>
			{!!error && <Failed error={error} />}
			<div class="buttons">
				<button type="submit" class="main" disabled={asked.some((one) => one.required && !values[one.name]?.trim())}>
					Add and fetch it
				</button>
				<button type="button" onClick={close}>
					Cancel
				</button>
			</div>
		</form>
	);
}
