// SPDX-License-Identifier: Apache-2.0
// Tokens for programs that ask the API.
import { useState } from "preact/hooks";
import { get, post } from "../api";
import { useLoad } from "../app/load";
import type { Role } from "../app/session";
import { Choice, Field } from "../parts/form";
import { Grid } from "../parts/grid";
import { Empty, Failed, Waiting } from "../parts/notice";
import { Once } from "../parts/once";
import { remove } from "../parts/remove";
import { Ago, Log, State } from "../parts/text";
import { roles } from "./settings_users";

interface Token {
	name: string;
	role: Role;
	created_at: string;
	created_by?: string | null;
	expires_at: string | null;
	state?: string;
	token?: string;
}

function Add({ done }: { done: (token: Token) => void }) {
	const [name, setName] = useState("");
	const [role, setRole] = useState<string>("viewer");
	const [expires, setExpires] = useState("90d");
	const [error, setError] = useState<unknown>(null);
	const submit = async (event: Event) => {
		event.preventDefault();
		setError(null);
		try {
			done(
				await post<Token>("/tokens", {
					name: name.trim(),
					role,
					...(expires.trim() ? { expires: expires.trim() } : {}),
				}),
			);
			setName("");
		} catch (reason) {
			setError(reason);
		}
	};
	return (
		<form class="panel" onSubmit={submit}>
			<h2>A new token</h2>
			<div class="form-row">
				<Field label="Name" value={name} change={setName} required placeholder="ci" help="What it is for." />
				<Choice label="Role" value={role} options={roles} change={setRole} />
				<Field
					label="Ends after"
					value={expires}
					change={setExpires}
					placeholder="90d"
					help="90d, 12h; empty: never."
				/>
			</div>
			{!!error && <Failed error={error} />}
			<button type="submit" class="main" disabled={!name.trim()}>
				Make the token
			</button>
		</form>
	);
}

export function Tokens() {
	const { data, error, reload } = useLoad((signal) => get<{ tokens: Token[] }>("/tokens", {}, signal), []);
	const [made, setMade] = useState<Token | null>(null);
	const drop = async (token: Token) => {
		const gone = await remove(
			`/tokens/${encodeURIComponent(token.name)}`,
			{
				title: `Remove the token ${token.name}?`,
				text: "Programs that use it are refused within a second.",
				yes: "Remove the token",
			},
			`The token ${token.name} is removed.`,
		);
		if (gone !== null) reload();
	};
	return (
		<>
			{made?.token && (
				<Once title={`The token ${made.name}`} secret={made.token} done={() => setMade(null)}>
					<p class="dim">
						<code>curl -H "Authorization: Bearer …" {location.origin}/api/v1/status</code>
					</p>
				</Once>
			)}
			<section class="panel" aria-labelledby="tokens-title">
				<h2 id="tokens-title">API tokens</h2>
				{!!error && <Failed error={error} retry={reload} />}
				{!data && !error && <Waiting />}
				{data?.tokens.length === 0 && <Empty title="No program has a token. Make one below." />}
				{!!data?.tokens.length && (
					<Grid label="API tokens" heads={["Name", "Role", "State", "Made", "By", "Ends", ""]}>
						{data.tokens.map((token) => (
							<tr key={token.name}>
								<td>{token.name}</td>
								<td>{token.role}</td>
								<td>
									<State good={token.state !== "expired"}>{token.state ?? "good"}</State>
								</td>
								<td class="nowrap">
									<Ago at={token.created_at} />
								</td>
								<td>
									<Log text={token.created_by ?? ""} />
								</td>
								<td class="nowrap">{token.expires_at ? <Ago at={token.expires_at} /> : "never"}</td>
								<td class="acts-cell">
									<div class="acts">
										<button type="button" class="loss" onClick={() => void drop(token)}>
											Remove
										</button>
									</div>
								</td>
							</tr>
						))}
					</Grid>
				)}
			</section>
			<Add
				done={(token) => {
					setMade(token);
					reload();
				}}
			/>
		</>
	);
}
