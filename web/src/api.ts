// SPDX-License-Identifier: Apache-2.0
// Requests to the API of the server that this page came from, and what goes wrong with them.

export type Query = Record<string, string | number | boolean | null | undefined>;

/** A refusal as the API words it (RFC 9457). `begin` and `end` are bytes of a query. */
export class Problem extends Error {
	readonly status: number;
	readonly detail: string;
	readonly begin: number | undefined;
	readonly end: number | undefined;
	readonly suggestion: string | undefined;
	readonly mustChange: boolean;
	readonly retryAfter: number | undefined;
	constructor(status: number, body: Record<string, unknown>, retryAfter?: number) {
		const detail = typeof body.detail === "string" ? body.detail : "the server gave no reason";
		super(detail);
		this.status = status;
		this.detail = detail;
		this.begin = typeof body.begin === "number" ? body.begin : undefined;
		this.end = typeof body.end === "number" ? body.end : undefined;
		this.suggestion = typeof body.suggestion === "string" ? body.suggestion : undefined;
		this.mustChange = body.must_change === true;
		this.retryAfter = retryAfter;
	}
}

let csrf = "";
/** What the server wants to see beside the cookie where something is changed. */
export function setCsrf(token: string) {
	csrf = token;
}

let onSignedOut: () => void = () => {};
/** Called when the server says that nobody is signed in. */
export function whenSignedOut(call: () => void) {
	onSignedOut = call;
}

export function url(path: string, query: Query = {}): string {
	const words = new URLSearchParams();
	for (const [name, value] of Object.entries(query)) {
		if (value !== undefined && value !== null && value !== "") words.set(name, String(value));
	}
	const text = words.toString();
	return `/api/v1${path}${text ? `?${text}` : ""}`;
}

export interface Options {
	query?: Query;
	/** An object goes as JSON, a text as it is. */
	body?: unknown;
	type?: string;
	accept?: string;
	signal?: AbortSignal | undefined;
}

/** The response, where it is a good one; else a Problem is thrown. */
export async function send(method: string, path: string, options: Options = {}): Promise<Response> {
	const headers: Record<string, string> = { Accept: options.accept ?? "application/json" };
	if (method !== "GET" && csrf) headers["X-CSRF-Token"] = csrf;
	let body: BodyInit | null = null;
	if (typeof options.body === "string" || options.body instanceof Blob) {
		body = options.body;
		headers["Content-Type"] = options.type ?? "text/plain";
	} else if (method !== "GET" && method !== "DELETE") {
		body = JSON.stringify(options.body ?? {});
		headers["Content-Type"] = "application/json";
	}
	let response: Response;
	try {
		response = await fetch(url(path, options.query), {
			method,
			headers,
			body,
			signal: options.signal ?? null,
			credentials: "same-origin",
			cache: "no-store",
		});
	} catch (error) {
		if (error instanceof DOMException && error.name === "AbortError") throw error;
		throw new Problem(0, { detail: "The server does not answer. Is pugmark serve running?" });
	}
	if (response.ok) return response;
	const text = await response.text();
	let problem: Record<string, unknown> = {};
	try {
		problem = JSON.parse(text);
	} catch {
		problem = { detail: `the server answered ${response.status}` };
	}
	if (response.status === 401 && path !== "/session") onSignedOut();
	const wait = Number(response.headers.get("Retry-After"));
	throw new Problem(response.status, problem, Number.isFinite(wait) && wait > 0 ? wait : undefined);
}

export async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
	const response = await send(method, path, options);
	return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

export function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
	return call<T>("GET", path, { query, signal });
}

export function post<T>(path: string, body: unknown = {}, query: Query = {}): Promise<T> {
	return call<T>("POST", path, { body, query });
}

/** The lines of an answer in NDJSON, as they come. */
export async function* lines<T>(method: string, path: string, options: Options = {}): AsyncGenerator<T> {
	const response = await send(method, path, { ...options, accept: "application/x-ndjson" });
	const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
	let rest = "";
	for (;;) {
		const { value, done } = await reader.read();
		rest += value ?? "";
		for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
			const line = rest.slice(0, end);
			rest = rest.slice(end + 1);
			if (line) yield JSON.parse(line) as T;
		}
		if (done) return;
	}
}

export interface Job {
	id: string;
	kind: string;
	title: string;
	state: "running" | "done" | "failed" | "cancelled";
	who: string;
	started: string;
	ended: string | null;
	progress: { done: number; total: number | null; unit: string; text: string } | null;
	steps: Step[];
	result?: unknown;
	error: string | null;
	/** What it is about: a source's name …; "" is everything. */
	target?: string;
	/** The last lines of its process. */
	log?: string[];
}

export interface Step {
	name: string;
	state: "running" | "ok" | "note" | "warning" | "failed";
	text: string;
	advice: string | null;
}

/** Follows a job until it ends; `changed` is told of every state. Returns what ends the watching early. */
export function followJob(id: string, changed: (job: Job, ended: boolean) => void): () => void {
	const source = new EventSource(url(`/jobs/${encodeURIComponent(id)}/events`));
	source.addEventListener("job", (event) => changed(JSON.parse((event as MessageEvent).data), false));
	source.addEventListener("end", (event) => {
		source.close();
		changed(JSON.parse((event as MessageEvent).data), true);
	});
	return () => source.close();
}

/** What went wrong, in words for a person. */
export function words(error: unknown): string {
	if (error instanceof Problem) {
		const text = error.detail.charAt(0).toUpperCase() + error.detail.slice(1);
		return error.retryAfter ? `${text} (in ${error.retryAfter} s)` : text;
	}
	return error instanceof Error ? error.message : String(error);
}

export function isAbort(error: unknown): boolean {
	return error instanceof DOMException && error.name === "AbortError";
}
