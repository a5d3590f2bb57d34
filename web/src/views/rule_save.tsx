// SPDX-License-Identifier: Apache-2.0
// A rule that was tried is kept as a file of the data folder: it runs from then on.
import { useState } from "preact/hooks";
import { call, Problem } from "../api";
import { confirmLoss } from "../parts/dialog";
import { Field } from "../parts/form";
import { Failed, say } from "../parts/notice";

interface Saved {
	file: string;
	rules: { rule: string; title: string }[];
}

/** "Token made at night" as a file's name. */
function nameOf(yaml: string): string {
	const title = /^title:\s*(.+)$/m.exec(yaml)?.[1] ?? "";
	return title
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, "-")
		.replace(/^-+|-+$/g, "")
		.slice(0, 60);
}

export function SaveRule({ yaml }: { yaml: string }) {
	const [name, setName] = useState<string | null>(null);
	const [error, setError] = useState<unknown>(null);
	if (name === null)
		return (
			<button type="button" disabled={!yaml.trim()} onClick={() => setName(nameOf(yaml))}>
				Save as a rule …
			</button>
		);
	const file = `${name.trim().replace(/\.yml$/, "")}.yml`;
	const wrong = name && !/^[a-z0-9_-]{1,64}\.yml$/.test(file) ? "Small letters, digits, _ and -." : null;
	const save = async (replace: boolean): Promise<void> => {
		const body = { yaml, ...(replace ? { replace } : {}) };
		const saved = await call<Saved>("PUT", `/rules/files/${encodeURIComponent(file)}`, { body });
		setName(null);
		say(`${saved.rules.map((one) => one.title).join(", ")}: saved as ${saved.file}. It runs from now on.`);
	};
	const submit = async (event: Event) => {
		event.preventDefault();
		setError(null);
		try {
			await save(false).catch(async (reason) => {
				if (!(reason instanceof Problem) || reason.status !== 409) throw reason;
				const text = "What is in that file now is lost. Alerts that it raised stay.";
				if (await confirmLoss(`Put it in the place of ${file}?`, text, "Replace the file")) await save(true);
			});
		} catch (reason) {
			setError(reason);
		}
	};
	return (
		<form class="close-form" onSubmit={submit}>
			<Field
				label="File"
				value={name}
				change={setName}
				wrong={wrong}
				required
				focus
				help="In the folder rules of the data folder; .yml is added."
			/>
			<button type="submit" class="main" disabled={!name.trim() || !!wrong}>
				Save
			</button>
			<button type="button" onClick={() => setName(null)}>
				Cancel
			</button>
			{!!error && <Failed error={error} />}
		</form>
	);
}
