// SPDX-License-Identifier: Apache-2.0
// Signing in, and a new password.
import { useState } from "preact/hooks";
import { words } from "../api";
import { Field } from "../parts/form";
import { say } from "../parts/notice";
import { changePassword, signIn } from "./session";

export function SignIn() {
	const [name, setName] = useState("");
	const [password, setPassword] = useState("");
	const [wrong, setWrong] = useState<string | null>(null);
	const [busy, setBusy] = useState(false);
	const submit = async (event: Event) => {
		event.preventDefault();
		setBusy(true);
		try {
			await signIn(name.trim(), password);
		} catch (error) {
			setWrong(words(error));
			setBusy(false);
		}
	};
	return (
		<main class="door">
			<h1>
				<img src="/icon.svg" alt="" width={28} height={28} /> pugmark
			</h1>
			<form onSubmit={submit}>
				<Field label="Name" value={name} change={setName} required focus complete="username" />
				<Field
					label="Password"
					type="password"
					value={password}
					change={setPassword}
					required
					complete="current-password"
				/>
				{wrong && (
					<p class="wrong" role="alert">
						{wrong}
					</p>
				)}
				<button type="submit" class="main" disabled={busy || !name.trim() || !password}>
					{busy ? "Signing in …" : "Sign in"}
				</button>
			</form>
			<p class="dim">
				For the first time? <code>pugmark serve</code> printed a one-time password for <code>admin</code>. Forgotten:{" "}
				<code>pugmark user passwd admin</code> on the server.
			</p>
		</main>
	);
}

/** `first`: the one-time password is to be replaced before anything else. */
export function NewPassword({ first = false, done }: { first?: boolean; done?: () => void }) {
	const [old, setOld] = useState("");
	const [password, setPassword] = useState("");
	const [again, setAgain] = useState("");
	const [wrong, setWrong] = useState<string | null>(null);
	const differ = again !== "" && again !== password;
	const submit = async (event: Event) => {
		event.preventDefault();
		try {
			await changePassword(old, password);
			say("The password is changed.");
			done?.();
		} catch (error) {
			setWrong(words(error));
		}
	};
	const form = (
		<form onSubmit={submit}>
			<Field
				label={first ? "The one-time password" : "The password until now"}
				type="password"
				value={old}
				change={setOld}
				required
				complete="current-password"
				focus
			/>
			<Field
				label="New password"
				type="password"
				value={password}
				change={setPassword}
				required
				complete="new-password"
				help="12 characters or more; a few words are better than one with signs."
			/>
			<Field
				label="The new one again"
				type="password"
				value={again}
				change={setAgain}
				required
				complete="new-password"
				wrong={differ ? "The two are not the same." : null}
			/>
			{wrong && (
				<p class="wrong" role="alert">
					{wrong}
				</p>
			)}
			<button type="submit" class="main" disabled={!old || !password || again !== password}>
				Change password
			</button>
		</form>
	);
	if (!first) return form;
	return (
		<main class="door">
			<h1>A password of your own</h1>
			<p>The one that you signed in with works once.</p>
			{form}
		</main>
	);
}
