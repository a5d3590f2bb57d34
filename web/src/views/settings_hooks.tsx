// SPDX-License-Identifier: Apache-2.0
// Hooks: where other products send their alerts to.
import { useState } from "preact/hooks";
import { get, post } from "../api";
import { useLoad } from "../app/load";
import { searchAddress } from "../app/place";
import { Field } from "../parts/form";
import { Grid } from "../parts/grid";
import { Empty, Failed, Waiting } from "../parts/notice";
import { Once } from "../parts/once";
import { remove } from "../parts/remove";
import { count, quoted } from "../parts/show";
import { Ago, Log, State, Table } from "../parts/text";
import { isWell, type Source, path as sourcePath } from "./sources_types";

type Hook = Source & { path?: string };

export function Hooks() {
	const { data, error, reload } = useLoad((signal) => get<{ hooks: Hook[] }>("/hooks", {}, signal), [], 20000);
	const [name, setName] = useState("");
	const [own, setOwn] = useState("");
	const [refused, setRefused] = useState<unknown>(null);
	const [made, setMade] = useState<{ hook: Hook; path: string; secret: string | null } | null>(null);
	const address = (path: string | undefined, name: string) => `${location.origin}${path ?? `/api/v1/hooks/${name}`}`;
	const submit = async (event: Event) => {
		event.preventDefault();
		setRefused(null);
		try {
			const hook = await post<{ hook: Hook; path: string; secret: string | null }>("/hooks", {
				name: name.trim(),
				...(own ? { secret: own } : {}),
			});
			setMade(hook);
			setName("");
			setOwn("");
			reload();
		} catch (reason) {
			setRefused(reason);
		}
	};
	const drop = async (hook: Hook) => {
		const gone = await remove(
			`/hooks/${encodeURIComponent(hook.name)}`,
			{
				title: `Remove the hook ${hook.name}?`,
				text: "What is sent to it is refused from now on. What was sent stays.",
				yes: "Remove the hook",
			},
			`The hook ${hook.name} is removed.`,
		);
		if (gone !== null) reload();
	};
	return (
		<>
			{made && (
				<Once
					title={made.secret ? `The secret of ${made.hook.name}` : `The hook ${made.hook.name} takes alerts now`}
					secret={made.secret ?? address(made.path, made.hook.name)}
					done={() => setMade(null)}
				>
					<p>
						The product sends to <code>{address(made.path, made.hook.name)}</code>, and signs with the secret:{" "}
						<code>X-Hub-Signature-256</code>; or, where it can only send a fixed header,{" "}
						<code>Authorization: Bearer SECRET</code>.
					</p>
				</Once>
			)}
			<section class="panel" aria-labelledby="hooks-title">
				<h2 id="hooks-title">Hooks</h2>
				<p class="dim">
					Other products, such as Guard Detect, send their alerts here. They become events of{" "}
					<Table name="third_party_alerts" /> and alerts.
				</p>
				{!!error && <Failed error={error} retry={reload} />}
				{!data && !error && <Waiting />}
				{data?.hooks.length === 0 && <Empty title="Nothing can send alerts yet. Make a hook below." />}
				{!!data?.hooks.length && (
					<Grid label="hooks" heads={["Hook", "State", "Address", { right: "Alerts" }, "Last sent", ""]}>
						{data.hooks.map((hook) => (
							<tr key={hook.name}>
								<td>
									<a href={sourcePath(hook.name)}>{hook.name}</a>
								</td>
								<td>
									<State good={isWell(hook.state)}>{hook.state}</State>
									{hook.text !== hook.state && <p class="dim">{hook.text}</p>}
								</td>
								<td>
									<Log text={address(hook.path, hook.name)} />
								</td>
								<td class="right num">
									<a href={searchAddress(`source:${quoted(hook.name)}`, { since: "all" })}>{count(hook.events)}</a>
								</td>
								<td class="nowrap">
									<Ago at={hook.last_success} />
								</td>
								<td class="acts-cell">
									<div class="acts">
										<button type="button" class="loss" onClick={() => void drop(hook)}>
											Remove
										</button>
									</div>
								</td>
							</tr>
						))}
					</Grid>
				)}
			</section>
			<form class="panel" onSubmit={submit}>
				<h2>A new hook</h2>
				<div class="form-row">
					<Field
						label="Name"
						value={name}
						change={setName}
						required
						placeholder="guard"
						help="Small letters, digits, . _ and -; part of its address."
					/>
					<Field
						label="Secret"
						type="password"
						value={own}
						change={setOwn}
						complete="new-password"
						help="Where the product makes it: 16 characters or more. Empty: one is made up."
					/>
				</div>
				{!!refused && <Failed error={refused} />}
				<button type="submit" class="main" disabled={!name.trim()}>
					Make the hook
				</button>
			</form>
		</>
	);
}
