// SPDX-License-Identifier: Apache-2.0
// Sources as the API gives them, and what their states mean.

export interface Source {
	name: string;
	state: string;
	text: string;
	kind?: string;
	table?: string;
	instance?: string | null;
	secondary?: boolean;
	interval_s?: number;
	look_back_s?: number;
	token_expires?: string | null;
	events: number;
	late: number;
	gaps: number;
	failures: number;
	history_done: boolean;
	error: string;
	history_to: string | null;
	settled_to: string | null;
	last_attempt: string | null;
	last_success: string | null;
	first_event: string | null;
	last_event: string | null;
	last_new: string | null;
	lag_received_s: number | null;
	lag_searchable_s: number | null;
	/** Where one source is asked for. */
	settings?: Record<string, unknown>;
	/** Names of what is sealed, several by blanks. */
	secrets?: string;
	paused?: boolean;
	history_wanted?: string | null;
	created_at?: string | null;
	changed_at?: string | null;
}

export interface Counts {
	requests: number;
	pages: number;
	records: number;
	stored: number;
	duplicates: number;
	expired: number;
	rejects: number;
	late: number;
	max_late_s: number;
	errors: number;
}

export interface Window extends Counts {
	source: string;
	kind: string;
	state: string;
	name?: string;
	from?: string | number | null;
	to?: string | null;
	windows: number;
	begun_at: string | null;
	ended_at: string | null;
	why: string;
}

export interface Ledger {
	sums: Counts;
	windows: Window[];
}

export interface Gap {
	source: string;
	node?: string;
	day?: number;
	first?: number;
	last?: number;
	at_start?: boolean;
	object?: string;
	bytes?: number;
	from?: string | null;
	to?: string | null;
	why: string;
}

/** true: well; false: something is to be done; null: neither. */
export function isWell(state: string): boolean | null {
	if (state === "healthy" || state === "reading" || state === "backfill") return true;
	if (state === "paused" || state === "new" || state === "gone") return null;
	return false;
}

/** What to do, where something is. */
const toDo: Record<string, string> = {
	new: "It is read as soon as pugmark serve runs.",
	"token expires": "Make a new token and connect again with it: the source keeps its name and its events.",
	silent: "Is the audit log still written? Look at coverage, permission and shipping, then test again.",
	behind: "Does pugmark serve run? Its log says why it does not come round.",
	failing: "It is tried again by itself. Test it to see which step fails.",
	paused: "Resume it, and what came meanwhile is asked for.",
};

export function advice(source: Source): string | undefined {
	if (source.kind === "hook") return source.state === "new" ? "Give the product its address and secret." : undefined;
	return toDo[source.state];
}

/** Days until a token ends; null where that is not known. */
export function tokenDays(source: Source): number | null {
	if (!source.token_expires) return null;
	return (Date.parse(source.token_expires) - Date.now()) / 86400000;
}

export function path(name: string): string {
	return `/sources/${encodeURIComponent(name)}`;
}
