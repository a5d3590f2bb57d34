// SPDX-License-Identifier: Apache-2.0
// Sources: all of them, one of them, or a new one.
import { place } from "../app/place";
import { may } from "../app/session";
import { Empty } from "../parts/notice";
import { ConnectForm } from "./sources_form";
import { kindOf } from "./sources_kinds";
import { SourceList } from "./sources_list";
import { OneSource } from "./sources_one";
import { KindCards } from "./sources_start";

function Connect({ kind }: { kind: string }) {
	const chosen = kindOf(kind);
	if (!may("admin"))
		return (
			<Empty title="An admin connects sources.">
				<p>Your role may look at them.</p>
				<a class="button" href="/sources">
					To the sources
				</a>
			</Empty>
		);
	return (
		<div class="view">
			<header>
				<h1>{chosen ? `Connect ${chosen.title.replace(/^A /, "a ")}` : "Connect a source"}</h1>
				<a class="button push" href={chosen ? "/sources/connect" : "/sources"}>
					{chosen ? "Another kind" : "All sources"}
				</a>
			</header>
			{chosen ? <ConnectForm key={chosen.kind} kind={chosen} /> : <KindCards />}
		</div>
	);
}

export function Sources() {
	const id = place.value.id;
	if (id === "connect") return <Connect kind="" />;
	if (id.startsWith("connect/")) return <Connect kind={id.slice("connect/".length)} />;
	return id ? <OneSource key={id} name={id} /> : <SourceList />;
}
