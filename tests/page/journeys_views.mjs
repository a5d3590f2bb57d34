// SPDX-License-Identifier: Apache-2.0
// Every view as such: nothing serious is wrong with its accessibility, it fits a phone, hostile text stays text.
import { check, Person } from "./browser.mjs";

const paths = ["/", "/search?since=all", "/ioc", "/ioc/watchlists", "/ioc/feeds", "/alerts", "/rules", "/sources", "/sources/connect", "/sources/connect/jira",
	"/sources/connect/confluence", "/sources/connect/bitbucket", "/sql", "/settings", "/settings/account", "/settings/users", "/settings/tokens",
	"/settings/notifications", "/settings/hooks", "/settings/space", "/settings/evidence", "/settings/rules", "/settings/jobs", "/settings/audit", "/settings/about"];

const nameOf = (path) => path.split("?")[0].slice(1).replaceAll("/", "-") || "overview";

async function settled(page) {
	await page.waitForLoadState("networkidle");
	await page.locator(".waiting").first().waitFor({ state: "detached", timeout: 5000 }).catch(() => {});
}

/** All views at one size and colour: axe, width, a picture of each. */
async function look(known, add, options, extra) {
	const person = add(await Person.at(known.url, { shots: known.shots, ...options }));
	await person.open("/");
	await person.accessible("sign in");
	await person.signIn(known.name, known.password);
	for (const path of [...paths, ...(known.more ?? [])]) {
		await person.open(path);
		await settled(person.page);
		await person.page.locator("main h1").first().waitFor({ state: "attached" });
		const failures = await person.page.locator("main .failed").allTextContents();
		check(failures.length === 0, `${path}: ${failures[0]}`);
		await person.accessible(path);
		await person.fits(path);
		await person.picture(`${extra}${nameOf(path)}`);
	}
	return person;
}

export const views = {
	async light(known, add) {
		await look(known, add, {}, "light-");
	},
	async dark(known, add) {
		await look(known, add, { dark: true }, "dark-");
	},
	async phone(known, add) {
		await look(known, add, { width: 390, height: 844, dark: true }, "phone-"); // in the dark, so that both colours are looked at
	},

	/** Markup, scripts, marks of direction and escapes in every field of every event, in every view that shows them. */
	async hostile(known, add) {
		const person = add(await Person.at(known.url, { shots: known.shots, allowed: [/40[04] \(/] }));
		const { page } = person;
		await page.addInitScript(() => {
			window.hit = [];
			for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = () => window.hit.push(name);
		});
		await person.open("/search?since=all&order=oldest"); // they are the oldest
		await person.signIn(known.name, known.password);
		const seen = new Set();
		const rows = page.locator("[role=row]:not(.head)");
		await rows.first().waitFor();
		const total = known.odd;
		for (let at = 0; at < total; at++) {
			await page.keyboard.press("j");
			if (at === 0) await page.keyboard.press("Enter");
			const raw = page.locator(".drawer pre.raw");
			await raw.waitFor();
			await page.waitForTimeout(60);
			seen.add(await raw.textContent());
		}
		check(seen.size > total * 0.9, `only ${seen.size} of ${total} events were shown`);
		check([...seen].filter((raw) => raw.includes("planted")).length > 10, "the hostile ones were not among them");
		await person.picture("hostile");
		for (const value of known.values) {
			for (const path of [`/search?since=all&q=${encodeURIComponent(value)}`, `/ioc?q=${encodeURIComponent(value)}`,
				`/entity?value=${encodeURIComponent(value)}`, `/alerts?text=${encodeURIComponent(value)}`, `/sources/${encodeURIComponent(value)}`, `/${encodeURIComponent(value)}`]) {
				await person.open(path);
				await settled(page);
				const planted = await page.evaluate(() => ({
					hit: window.hit,
					marked: document.querySelectorAll("#planted, script:not([src]), iframe, object, embed, base, link[rel=import], [onerror], [onload], [onclick]").length,
				}));
				check(planted.hit.length === 0 && planted.marked === 0, `${path}: ${JSON.stringify(planted)}`);
			}
		}
		await person.open("/alerts");
		await settled(page);
		await person.open("/");
		await settled(page);
		check((await page.evaluate(() => window.hit.length + document.querySelectorAll("#planted").length)) === 0, "something ran");
	},
};
