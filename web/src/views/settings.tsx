// SPDX-License-Identifier: Apache-2.0
// Settings: one's own account, who may do what, who is told, and how the house is doing.
import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import { place } from "../app/place";
import { may, type Role, session } from "../app/session";
import { NewPassword } from "../app/sign_in";
import { Empty } from "../parts/notice";
import { Time } from "../parts/text";
import { AuditLog } from "./settings_audit";
import { Evidence } from "./settings_evidence";
import { Hooks } from "./settings_hooks";
import { Space } from "./settings_house";
import { Jobs } from "./settings_jobs";
import { Notifiers } from "./settings_notify";
import { About, Pack } from "./settings_pack";
import { Tokens } from "./settings_tokens";
import { Users } from "./settings_users";

function Account() {
	const who = session.value!;
	const [turn, setTurn] = useState(0);
	return (
		<>
			<section class="panel" aria-labelledby="account-title">
				<h2 id="account-title">{who.name}</h2>
				<dl class="facts">
					<div>
						<dt>Role</dt>
						<dd>{who.role}</dd>
					</div>
					<div>
						<dt>May</dt>
						<dd>
							{
								{
									viewer: "look at everything but the audit log",
									analyst: "also work on alerts, rules and watchlists",
									admin: "also connect sources and manage who may sign in",
								}[who.role]
							}
						</dd>
					</div>
					{who.expires && (
						<div>
							<dt>Signed in until</dt>
							<dd>
								<Time at={who.expires} ms={false} />
							</dd>
						</div>
					)}
				</dl>
			</section>
			<section class="panel" aria-labelledby="password-title">
				<h2 id="password-title">Change the password</h2>
				<p class="dim">Other places where you are signed in are signed out by it.</p>
				<div class="narrow">
					<NewPassword key={turn} done={() => setTurn(turn + 1)} />
				</div>
			</section>
		</>
	);
}

const parts: [path: string, title: string, role: Role, part: ComponentType][] = [
	["account", "Account", "viewer", Account],
	["users", "Users", "admin", Users],
	["tokens", "API tokens", "admin", Tokens],
	["notifications", "Notifications", "viewer", Notifiers],
	["hooks", "Hooks", "admin", Hooks],
	["space", "Retention and space", "viewer", Space],
	["evidence", "Evidence", "viewer", Evidence],
	["rules", "Rule pack", "viewer", Pack],
	["jobs", "Jobs", "viewer", Jobs],
	["audit", "Audit log", "admin", AuditLog],
	["about", "About", "viewer", About],
];

export function Settings() {
	const id = place.value.id || "account";
	const mine = parts.filter(([, , role]) => may(role));
	const found = parts.find(([path]) => path === id);
	const Part = found?.[3];
	return (
		<div class="view">
			<h1 class="hidden">Settings{found ? `: ${found[1]}` : ""}</h1>
			<div class="settings">
				<nav class="side" aria-label="settings">
					{mine.map(([path, title]) => (
						<a key={path} href={`/settings/${path}`} aria-current={path === id ? "page" : undefined}>
							{title}
						</a>
					))}
				</nav>
				<div>
					{!Part ? (
						<Empty title="There is no such page.">
							<a class="button" href="/settings/account">
								Your account
							</a>
						</Empty>
					) : may(found[2]) ? (
						<Part />
					) : (
						<Empty title="An admin sees this.">
							<a class="button" href="/settings/account">
								Your account
							</a>
						</Empty>
					)}
				</div>
			</div>
		</div>
	);
}
