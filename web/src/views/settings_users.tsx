// SPDX-License-Identifier: Apache-2.0
// Who may sign in, and as what.
import { useState } from "preact/hooks";
import { call, get, post } from "../api";
import { useLoad } from "../app/load";
import { type Role, session } from "../app/session";
import { confirmLoss } from "../parts/dialog";
import { Choice, Field } from "../parts/form";
import { Grid } from "../parts/grid";
import { Failed, say, sayFailed, Waiting } from "../parts/notice";
import { Once } from "../parts/once";
import { remove } from "../parts/remove";
import { Ago, State } from "../parts/text";

interface User {
	name: string;
	role: Role;
	created: string;
	last_login: string | null;
	must_change: boolean;
	disabled: boolean;
	/** Where it was made up: shown once. */
	password?: string;
}

export const roles: [Role, string][] = [
	["viewer", "viewer: looks"],
	["analyst", "analyst: works on alerts and rules"],
	["admin", "admin: everything"],
];

function Add({ done }: { done: (user: User) => void }) {
	const [name, setName] = useState("");
	const [role, setRole] = useState<string>("analyst");
	const [error, setError] = useState<unknown>(null);
	const submit = async (event: Event) => {
		event.preventDefault();
		setError(null);
		try {
			done(await post<User>("/users", { name: name.trim(), role }));
			setName("");
		} catch (reason) {
			setError(reason);
		}
	};
	return (
		<form class="panel" onSubmit={submit}>
			<h2>A new user</h2>
			<div class="form-row">
				<Field label="Name" value={name} change={setName} required />
				<Choice label="Role" value={role} options={roles} change={setRole} />
			</div>
			<p class="dim">A password is made up, shown once, and has to be changed at the first sign-in.</p>
			{!!error && <Failed error={error} />}
			<button type="submit" class="main" disabled={!name.trim()}>
				Add the user
			</button>
		</form>
	);
}

export function Users() {
	const { data, error, reload } = useLoad((signal) => get<{ users: User[] }>("/users", {}, signal), []);
	const [made, setMade] = useState<User | null>(null);
	/** Makes the choices of roles anew: one that was refused shows what holds. */
	const [turn, setTurn] = useState(0);
	const patch = async (user: User, body: Record<string, unknown>, text: string) => {
		try {
			const now = await call<User>("PATCH", `/users/${encodeURIComponent(user.name)}`, { body });
			if (now?.password) setMade(now);
			say(text);
		} catch (reason) {
			sayFailed(reason);
		}
		setTurn((n) => n + 1);
		reload();
	};
	const drop = async (user: User) => {
		const gone = await remove(
			`/users/${encodeURIComponent(user.name)}`,
			{
				title: `Remove ${user.name}?`,
				text: "The user is signed out and cannot sign in any more. What the user did stays in the audit log.",
				yes: "Remove the user",
			},
			`${user.name} is removed.`,
		);
		if (gone !== null) reload();
	};
	const reset = async (user: User) => {
		if (
			!(await confirmLoss(
				`A new password for ${user.name}?`,
				"The old one ends, and the user is signed out everywhere.",
				"Make a new password",
			))
		)
			return;
		await patch(user, { reset_password: true }, `${user.name} has a new password.`);
	};
	return (
		<>
			{made?.password && (
				<Once title={`The one-time password of ${made.name}`} secret={made.password} done={() => setMade(null)}>
					<p class="dim">It works once: a password of one's own comes next.</p>
				</Once>
			)}
			<section class="panel" aria-labelledby="users-title">
				<h2 id="users-title">Users</h2>
				{!!error && <Failed error={error} retry={reload} />}
				{!data && !error && <Waiting />}
				<Grid label="users" heads={["Name", "Role", "State", "Last signed in", ""]}>
					{data?.users.map((user) => (
						<tr key={user.name}>
							<td>
								{user.name}
								{user.name === session.value?.name && <span class="dim"> (you)</span>}
							</td>
							<td>
								<Choice
									key={turn}
									bare
									label={`role of ${user.name}`}
									value={user.role}
									options={roles.map(([role]) => [role, role])}
									change={(role) => void patch(user, { role }, `${user.name} is ${role} now.`)}
								/>
							</td>
							<td>
								{user.disabled ? (
									<State good={null}>disabled</State>
								) : user.must_change ? (
									<State good={null}>has a one-time password</State>
								) : (
									<State good={true}>may sign in</State>
								)}
							</td>
							<td class="nowrap">
								<Ago at={user.last_login} />
							</td>
							<td class="acts-cell">
								{user.name !== session.value?.name && (
									<div class="acts">
										<button type="button" onClick={() => void reset(user)}>
											New password
										</button>
										<button
											type="button"
											onClick={() =>
												void patch(
													user,
													{ disabled: !user.disabled },
													`${user.name} ${user.disabled ? "may sign in again" : "is disabled, and signed out"}.`,
												)
											}
										>
											{user.disabled ? "Enable" : "Disable"}
										</button>
										<button type="button" class="loss" onClick={() => void drop(user)}>
											Remove
										</button>
									</div>
								)}
							</td>
						</tr>
					))}
				</Grid>
			</section>
			<Add
				done={(user) => {
					setMade(user);
					reload();
				}}
			/>
		</>
	);
}
