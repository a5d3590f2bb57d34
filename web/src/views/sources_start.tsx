// SPDX-License-Identifier: Apache-2.0
// What can be connected, and what one needs at hand for each.
import { type Kind, kinds } from "./sources_kinds";

function Card({ kind, main }: { kind: Kind; main: boolean }) {
	return (
		<section class="panel kind">
			<h2>{kind.title}</h2>
			<p>{kind.about}</p>
			<p class="dim">At hand:</p>
			<ul>
				{kind.needs.map((need) => (
					<li key={need}>{need}</li>
				))}
			</ul>
			<a
				class={main ? "button main" : "button"}
				href={`/sources/connect/${kind.kind}`}
				aria-label={`connect ${kind.title}`}
			>
				Connect
			</a>
		</section>
	);
}

export function KindCards() {
	return (
		<>
			<div class="kinds">
				{kinds.slice(0, 3).map((kind) => (
					<Card key={kind.kind} kind={kind} main />
				))}
			</div>
			<h2>Others</h2>
			<div class="kinds">
				{kinds.slice(3).map((kind) => (
					<Card key={kind.kind} kind={kind} main={false} />
				))}
			</div>
			<p class="dim">
				Alerts of other products come to a hook: <a href="/settings/hooks">Settings, Hooks</a>.
			</p>
		</>
	);
}
