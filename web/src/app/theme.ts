// SPDX-License-Identifier: Apache-2.0
// Light, dark, or as the machine is set; kept in this browser.
import { effect, signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";

function stored(): Theme {
	const text = localStorage.getItem("theme");
	return text === "light" || text === "dark" ? text : "auto";
}

export const theme = signal<Theme>(stored());

effect(() => {
	if (theme.value === "auto") {
		delete document.documentElement.dataset.theme;
		localStorage.removeItem("theme");
	} else {
		document.documentElement.dataset.theme = theme.value;
		localStorage.setItem("theme", theme.value);
	}
});

export function nextTheme() {
	theme.value = theme.value === "auto" ? "dark" : theme.value === "dark" ? "light" : "auto";
}
