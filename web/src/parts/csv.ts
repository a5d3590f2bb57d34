// SPDX-License-Identifier: Apache-2.0
// Results as CSV (RFC 4180), and files that the browser keeps.
import { type Query, send } from "../api";
import { flat } from "./event";

/** A cell; what a spreadsheet would take for a formula begins with an apostrophe then. */
function cell(value: unknown): string {
	let text = flat(value);
	if (typeof value !== "number" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function toCsv(result: { columns: { name: string }[]; rows: unknown[][] }): string {
	const lines = [result.columns.map((column) => cell(column.name)), ...result.rows.map((row) => row.map(cell))];
	return `${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}

/** Gives a text to the browser to keep as a file. */
export function download(name: string, text: string, type = "text/csv") {
	keep(name, new Blob([text], { type }));
}

function keep(name: string, content: Blob) {
	const link = document.createElement("a");
	link.href = URL.createObjectURL(content);
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** Gives a file of the API to the browser to keep; throws what the API says where there is none. */
export async function fetchFile(path: string, query: Query, name: string) {
	const response = await send("GET", path, { query, accept: "*/*" });
	keep(name, await response.blob());
}
