// SPDX-License-Identifier: Apache-2.0
// The page: one header, one content area.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Confirmation } from "../parts/dialog";
import { JobsIndicator } from "../parts/jobs";
import { Empty, Failed, Lines, sayFailed, Waiting } from "../parts/notice";
import { ValueMenu } from "../parts/value";
import { Commands, openCommands } from "./commands";
import { Health } from "./health";
import { Help, openHelp } from "./help";
import { useKeys } from "./keys";
import { place } from "./place";
import { session, sessionError, signOut, whoIsIt } from "./session";
import { NewPassword, SignIn } from "./sign_in";
import { nextTheme, theme } from "./theme";
import { type View, views } from "./views";

const loaded = new Map<string, ComponentType>();

function Content({ view }: { view: View }) {
	const [, setTurn] = useState(0);
	const [error, setError] = useState<unknown>(null);
	useEffect(() => {
		document.title = `${view.title} · pugmark`;
		setError(null);
		if (loaded.has(view.path)) return;
		view.load().then((component) => {
			loaded.set(view.path, component);
			setTurn((n) => n + 1);
		}, setError);
	}, [view]);
	const Component = loaded.get(view.path);
	if (error) return <Failed error={new Error("This part of the page could not be loaded. Load the page again.")} />;
	return Component ? <Component /> : <Waiting />;
}

function Header() {
	const here = place.value.view;
	const next = { auto: "as the machine is set", light: "light", dark: "dark" }[theme.value];
	return (
		<header class="top">
			<a class="brand" href="/">
				<img src="/icon.svg" alt="" width={18} height={18} /> pugmark
			</a>
			<nav aria-label="views">
				{views
					.filter((view) => view.header)
					.map((view) => (
						<a key={view.path} href={`/${view.path}`} aria-current={here === view.path ? "page" : undefined}>
							{view.title}
						</a>
					))}
			</nav>
			<div class="top-end">
				<button type="button" class="quiet key" onClick={openCommands} aria-label="commands, Ctrl K">
					Ctrl K
				</button>
				<JobsIndicator />
				<Health />
				<button
					type="button"
					class="quiet"
					onClick={nextTheme}
					aria-label={`colours: ${next}`}
					title={`colours: ${next}`}
				>
					{{ auto: "◐", light: "○", dark: "●" }[theme.value]}
				</button>
				<button type="button" class="quiet" onClick={openHelp} aria-label="help (?)">
					?
				</button>
				<a href="/settings/account" class="who">
					{session.value?.name}
				</a>
				<button type="button" class="quiet" onClick={() => signOut().catch(sayFailed)}>
					Sign out
				</button>
			</div>
		</header>
	);
}

function SignedIn() {
	const view = views.find((one) => one.path === place.value.view);
	useKeys(
		[
			{ key: "mod+k", what: "commands", run: openCommands, everywhere: true },
			{ key: "?", what: "this help", run: openHelp },
		],
		[],
	);
	return (
		<>
			<button type="button" class="skip" onClick={() => document.getElementById("content")?.focus()}>
				To the content
			</button>
			<Header />
			<main id="content" tabIndex={-1}>
				{view ? (
					<Content key={view.path} view={view} />
				) : (
					<Empty title="There is no such page.">
						<a class="button" href="/">
							To the overview
						</a>
					</Empty>
				)}
			</main>
			<ValueMenu />
			<Commands />
			<Help />
		</>
	);
}

export function Page() {
	const who = session.value;
	return (
		<>
			{sessionError.value && who === undefined ? (
				<main>
					<Failed error={new Error(sessionError.value)} retry={whoIsIt} />
				</main>
			) : who === undefined ? (
				<Waiting />
			) : who === null ? (
				<SignIn />
			) : who.must_change ? (
				<NewPassword first />
			) : (
				<SignedIn />
			)}
			<Confirmation />
			<Lines />
		</>
	);
}
