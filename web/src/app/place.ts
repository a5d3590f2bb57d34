// SPDX-License-Identifier: Apache-2.0
// Where the page is: its path and parameters, which hold all of a view's state, so that every view can be shared and
// Back works.
import { signal } from "@preact/signals";

export interface Place {
	/** "search", "alerts" …: the first part of the path; "" is the overview. */
	view: string;
	/** The rest of the path, without the slash; decoded. */
	id: string;
	params: URLSearchParams;
}

function read(): Place {
	const [, view = "", ...rest] = location.pathname.split("/");
	let id = rest.join("/");
	try {
		id = decodeURIComponent(id);
	} catch {
		// Not ours: it stays as it is.
	}
	return { view, id, params: new URLSearchParams(location.search) };
}

export const place = signal<Place>(read());

addEventListener("popstate", () => {
	place.value = read();
});

export type Params = Record<string, string | undefined | null>;

/** The address of a view; parameters that are empty are left out. */
export function address(path: string, params: Params = {}): string {
	const words = new URLSearchParams();
	for (const [name, value] of Object.entries(params)) if (value) words.set(name, value);
	const text = words.toString();
	return text ? `${path}?${text}` : path;
}

/** Goes to an address of this page; `instead`: Back does not come back here. */
export function go(to: string, instead = false) {
	if (to === location.pathname + location.search) return;
	if (instead) history.replaceState(null, "", to);
	else history.pushState(null, "", to);
	place.value = read();
	if (!instead) scrollTo(0, 0);
}

/** Changes parameters of the view at hand. */
export function change(params: Params, instead = false) {
	const words = new URLSearchParams(location.search);
	for (const [name, value] of Object.entries(params)) {
		if (value) words.set(name, value);
		else words.delete(name);
	}
	const text = words.toString();
	go(text ? `${location.pathname}?${text}` : location.pathname, instead);
}

/** A search for events. */
export function searchAddress(query: string, params: Params = {}): string {
	return address("/search", { q: query, ...params });
}

// Links of the page are followed without loading it again.
document.addEventListener("click", (event) => {
	if (event.defaultPrevented || event.button !== 0) return;
	if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
	const link = (event.target as Element).closest?.("a");
	if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
	if (link.pathname.startsWith("/api/")) return;
	event.preventDefault();
	go(link.pathname + link.search);
});
