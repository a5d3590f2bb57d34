// SPDX-License-Identifier: Apache-2.0
// Events as the API gives them, and what the page asks for them.

export interface Event {
	table: string;
	event_id: string;
	event_time: string | null;
	actor?: string;
	action?: string;
	ip?: string;
	target?: string;
	[column: string]: unknown;
}

export interface SearchAnswer {
	events: Event[];
	matched: number;
	counted: boolean;
	more: boolean;
	partial: boolean;
	gave_up: number;
	took_us: number;
	next?: string;
	problems: string[];
	histogram?: {
		bucket_us: number;
		no_time: number;
		buckets: { begin: string; count: number; tables?: Record<string, number> }[];
	};
	facets?: {
		field: string;
		distinct: number;
		others: number;
		cut: boolean;
		values: { value: string | null; count: number }[];
	}[];
	segments?: number;
	segments_read?: number;
}

/** A value of an event as one line of text. */
export function flat(value: unknown): string {
	if (value === null || value === undefined) return "";
	if (typeof value === "string") return value;
	if (typeof value === "number" || typeof value === "boolean") return String(value);
	if (Array.isArray(value)) return value.map(flat).join(", ");
	return JSON.stringify(value);
}

/** Bars of a histogram, split by table where the answer is. */
export function bars(histogram: NonNullable<SearchAnswer["histogram"]>): {
	bars: { begin: number; parts: number[] }[];
	series: string[];
	bucket: number;
} {
	const series = [...new Set(histogram.buckets.flatMap((bucket) => Object.keys(bucket.tables ?? {})))].sort();
	return {
		series: series.length ? series : ["events"],
		bucket: histogram.bucket_us / 1000,
		bars: histogram.buckets.map((bucket) => ({
			begin: Date.parse(bucket.begin),
			parts: series.length ? series.map((name) => bucket.tables?.[name] ?? 0) : [bucket.count],
		})),
	};
}
