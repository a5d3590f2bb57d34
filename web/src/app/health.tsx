// SPDX-License-Identifier: Apache-2.0
// The header's word on the sources: how many are well, or that one is not.
import { get } from "../api";
import { jobsTurn } from "../parts/jobs";
import { useLoad } from "./load";

export interface Source {
	name: string;
	state: string;
}

/** States in which nothing is to be done. */
export const wellStates = ["healthy", "reading", "backfill", "new"];

export function Health() {
	const { data, error } = useLoad(
		(signal) => get<{ sources: Source[] }>("/sources", {}, signal),
		[jobsTurn.value],
		30000,
	);
	if (error) return <span class="state bad">▲ no answer</span>;
	const sources = data?.sources.filter((source) => source.state !== "gone") ?? [];
	if (!data || sources.length === 0) return null;
	const ill = sources.filter((source) => !wellStates.includes(source.state) && source.state !== "paused");
	return (
		<a href="/sources" class={ill.length ? "state bad" : "state good"}>
			{ill.length ? `▲ ${ill.length} of ${sources.length} not well` : `● ${sources.length} healthy`}
		</a>
	);
}
