// SPDX-License-Identifier: Apache-2.0
// Who is signed in.
import { signal } from "@preact/signals";
import { call, get, Problem, post, setCsrf, whenSignedOut } from "../api";

export type Role = "viewer" | "analyst" | "admin";

export interface Session {
	name: string;
	role: Role;
	csrf: string;
	expires: string | null;
	must_change: boolean;
}

/** undefined: not known yet; null: nobody. */
export const session = signal<Session | null | undefined>(undefined);
/** Why it is not known, where the server does not answer. */
export const sessionError = signal<string | null>(null);

function keep(now: Session | null) {
	setCsrf(now?.csrf ?? "");
	session.value = now;
	sessionError.value = null;
}

whenSignedOut(() => keep(null));

export async function whoIsIt() {
	try {
		keep(await get<Session>("/session"));
	} catch (error) {
		if (error instanceof Problem && error.status === 401) keep(null);
		else sessionError.value = error instanceof Error ? error.message : String(error);
	}
}

export async function signIn(name: string, password: string) {
	keep(await post<Session>("/session", { name, password }));
}

export async function signOut() {
	await call("DELETE", "/session");
	keep(null);
}

export async function changePassword(password: string, newPassword: string) {
	keep(await post<Session>("/session/password", { password, new_password: newPassword }));
}

const rank: Record<Role, number> = { viewer: 0, analyst: 1, admin: 2 };

/** Whether who is signed in may do what needs this role. */
export function may(role: Role): boolean {
	return !!session.value && rank[session.value.role] >= rank[role];
}
