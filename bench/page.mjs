// SPDX-License-Identifier: Apache-2.0
// page.mjs URL NAME PASSWORD RUNS: times of the page in Chromium as JSON, milliseconds. Each run is a new browser with nothing kept.
import { Person } from "../tests/page/browser.mjs";

const [url, name, password, runs] = process.argv.slice(2);
const took = { "first paint": [], "first rows of a search": [], "histogram and facets of a search": [], "opening an event": [], "a key": [] };

async function since(act, seen) {
	const began = performance.now();
	await act();
	await seen();
	return performance.now() - began;
}

for (let run = 0; run < Number(runs); run++) {
	const person = await Person.at(url);
	const { page } = person;
	await person.open("/search?since=all");
	took["first paint"].push(await page.evaluate(() => new Promise((resolve) => {
		const known = performance.getEntriesByName("first-contentful-paint")[0];
		if (known) resolve(known.startTime);
		new PerformanceObserver((list) => {
			const found = list.getEntriesByName("first-contentful-paint")[0];
			if (found) resolve(found.startTime);
		}).observe({ type: "paint", buffered: true });
	})));
	await person.signIn(name, password);
	await page.locator(".summary").filter({ hasText: "all counted" }).waitFor();
	// From the key to the frame that shows what it is for; nothing of the driver's own way is in it.
	const frame = (key, selector, text = "") => page.evaluate(([k, s, wanted]) => new Promise((resolve) => {
		const began = performance.now();
		const look = () => [...document.querySelectorAll(s)].some((one) => one.textContent.includes(wanted))
			? requestAnimationFrame(() => resolve(performance.now() - began)) : requestAnimationFrame(look);
		(k === "Enter" && document.activeElement.tagName === "INPUT" ? document.activeElement : window).dispatchEvent(new KeyboardEvent("keydown", { key: k, bubbles: true }));
		look();
	}), [key, selector, text]);
	await page.getByRole("combobox", { name: "query" }).fill("action:'Global permission granted'");
	took["first rows of a search"].push(await frame("Enter", "[role=row]:not(.head):first-child [role=cell]:nth-child(4)", "Global permission granted"));
	took["histogram and facets of a search"].push(await since(
		() => page.getByRole("button", { name: "Run" }).click(),
		async () => {
			await page.locator(".facets[aria-busy=true]").waitFor({ timeout: 500 }).catch(() => {});
			await page.locator(".facets[aria-busy=false]").waitFor();
		}));
	await page.locator("main").focus();
	took["a key"].push(await frame("j", ".row.at"));
	took["opening an event"].push(await frame("Enter", ".drawer pre.raw"));
	await person.end();
}

const targets = { "first paint": 1000, "first rows of a search": 200, "histogram and facets of a search": 500, "opening an event": 100, "a key": 100 };
const result = {};
for (const [what, list] of Object.entries(took)) {
	list.sort((a, b) => a - b);
	result[what] = { median: list[Math.floor(list.length / 2)], least: list[0], most: list.at(-1), target: targets[what] };
}
console.log(JSON.stringify(result));
