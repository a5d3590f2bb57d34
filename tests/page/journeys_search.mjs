// SPDX-License-Identifier: Apache-2.0
// Journeys of somebody who searches.
import { readFileSync } from "node:fs";
import { check, Person, same } from "./browser.mjs";

const exact = (text) => Number(text.replace(/\D/g, ""));

async function counted(page) {
	const line = page.locator(".summary");
	await line.filter({ hasText: "all counted" }).waitFor();
	return exact(await line.locator("b").first().textContent());
}

export const search = {
	/** A query with what the bar offers, a wrong one, the facets, the histogram's brush, and the way back. */
	async search(known, add) {
		const person = add(await Person.at(known.url, { shots: known.shots, allowed: [/400 \(Bad Request\)/] }));
		const { page } = person;
		await person.open("/search?since=all");
		await person.signIn(known.name, known.password);
		same(await counted(page), known.events, "events in all");
		await person.picture("search");

		const bar = page.getByRole("combobox", { name: "query" });
		await page.keyboard.press("/");
		await bar.pressSequentially("act");
		await page.getByRole("option", { name: /^actor / }).first().waitFor();
		await page.keyboard.press("Tab");
		same(await bar.inputValue(), "actor:", "the field that was taken");
		await bar.pressSequentially(known.actor.slice(0, 4));
		await page.getByRole("option", { name: known.actor }).first().click();
		same((await bar.inputValue()).trim(), `actor:${known.actor}`, "the value that was taken");
		await page.keyboard.press("Enter");
		await page.waitForURL(/q=actor/);
		same(await counted(page), known.ofActor, "events of the actor");
		const actors = await page.locator("[role=row]:not(.head) [role=cell]:nth-child(3)").allTextContents();
		check(actors.length > 0 && actors.every((text) => text === known.actor), `rows of others: ${actors.slice(0, 5)}`);

		await bar.fill("actor:(bob");
		await bar.press("Enter");
		const wrong = page.locator("#query-wrong");
		await wrong.waitFor();
		check((await wrong.locator("pre").textContent()).includes("^"), "no caret stands under the mistake");
		check((await wrong.textContent()).includes("bracket") || (await wrong.textContent()).includes(")"), await wrong.textContent());
		await person.picture("search-wrong");
		await page.goBack();
		await page.waitForURL(/q=actor/);
		same(await counted(page), known.ofActor, "after Back");

		// A brush over the middle of the histogram.
		// The button runs what is typed, as Enter does.
		await bar.fill("actor:nobody-is-called-so");
		await page.getByRole("button", { name: "Run" }).click();
		await page.waitForURL(/nobody-is-called-so/);
		await page.goBack();
		await page.waitForURL(/q=actor/);
		same(await counted(page), known.ofActor, "after Back");
		await page.getByRole("button", { name: "Run" }).click();
		const before = await counted(page);
		const box = await page.locator(".chart svg").boundingBox();
		await page.mouse.move(box.x + box.width * 0.3, box.y + 40);
		await page.mouse.down();
		await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 5 });
		await page.mouse.up();
		await page.waitForURL(/until=/);
		const within = await counted(page);
		check(within > 0 && within < before, `${within} of ${before} within the brush`);
		await page.goBack();
		await page.waitForURL((address) => !address.search.includes("until="));
		same(await counted(page), before, "after Back from the zoom");

		// A facet narrows; its value offers more than that.
		await bar.fill("");
		await bar.press("Enter");
		await page.waitForURL((address) => !address.search.includes("q="));
		await counted(page);
		const facet = page.locator(".facets section").filter({ has: page.getByRole("heading", { name: /^action/ }) });
		const line = facet.locator("li").first();
		const some = exact(await line.locator(".num").getAttribute("title"));
		await line.getByRole("button").click();
		for (const act of ["Filter for this", "Exclude this", "Search as indicator", "Open entity", "Copy"])
			await page.getByRole("menuitem", { name: act }).waitFor();
		await page.getByRole("menuitem", { name: "Filter for this" }).click();
		await page.waitForURL(/q=action/);
		same(await counted(page), some, "events of the facet's value");
	},

	/** One event: parsed, raw byte for byte, what is near it; by keys alone. */
	async event(known, add) {
		const person = add(await Person.at(known.url, { shots: known.shots }));
		const { page } = person;
		await person.open(`/search?since=all&q=${encodeURIComponent(`actor:${known.actor}`)}`);
		await person.signIn(known.name, known.password);
		await page.locator("[role=row]:not(.head)").first().waitFor();
		await page.keyboard.press("j");
		await page.keyboard.press("j");
		await page.keyboard.press("Enter");
		await page.waitForURL(/event=/);
		const drawer = page.getByRole("complementary", { name: "Event" });
		await drawer.getByRole("heading", { name: "Raw, as it came" }).waitFor();
		const id = new URL(page.url()).searchParams.get("event");
		const stored = await page.evaluate((one) => fetch(`/api/v1/events/${one}`).then((reply) => reply.json()), id);
		same(await drawer.locator("pre.raw").textContent(), stored.raw, "the raw bytes");
		await drawer.locator(".near tbody tr.here").waitFor();
		check((await drawer.locator(".near tbody tr").count()) > 1, "there is nothing near it");
		await person.picture("event");
		await page.keyboard.press("j"); // the drawer follows
		await page.waitForURL((address) => address.searchParams.get("event") !== id);
		await page.keyboard.press("Escape");
		await drawer.waitFor({ state: "detached" });
		await page.keyboard.press("?");
		await page.getByRole("heading", { name: "Keys" }).waitFor();
		await page.keyboard.press("Escape");
		await page.keyboard.press("Control+k");
		await page.getByRole("combobox", { name: /what to do/ }).fill("sql");
		await page.keyboard.press("Enter");
		await page.waitForURL(/\/sql/);
	},

	/** SQL: an answer, a chart of it, a wrong one, a file of it. Export of a search. */
	async sql(known, add) {
		const person = add(await Person.at(known.url, { shots: known.shots, allowed: [/400 \(Bad Request\)/] }));
		const { page } = person;
		await person.open("/sql");
		await person.signIn(known.name, known.password);
		const text = page.getByRole("textbox", { name: "SQL" });
		await text.fill("select table_name, count(*) as n from events group by all order by n desc");
		await page.keyboard.press("Control+Enter");
		await page.locator(".summary").waitFor();
		const cells = await page.locator("[role=row]:not(.head) [role=cell]").allTextContents();
		same(cells.filter((_, at) => at % 2 === 1).reduce((sum, cell) => sum + exact(cell), 0), known.events, "events in all");
		await person.picture("sql");
		const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
		const csv = readFileSync(await file.path(), "utf8");
		check(csv.startsWith("table_name,n\r\n") && csv.split("\r\n").length === cells.length / 2 + 2, csv.slice(0, 200));
		await page.getByRole("button", { name: "Chart" }).click();
		await page.locator(".sql-chart tbody tr").first().waitFor();
		await person.picture("sql-chart");
		await text.fill("selec 1");
		await page.keyboard.press("Control+Enter");
		await page.getByRole("alert").filter({ hasText: "selec" }).waitFor();
		await text.fill("copy (select 1) to '/tmp/x'");
		await page.keyboard.press("Control+Enter");
		await page.getByRole("alert").filter({ hasText: /SELECT/ }).waitFor();

		await person.open(`/search?since=all&q=${encodeURIComponent(`actor:${known.actor}`)}`);
		await page.locator("[role=row]:not(.head)").first().waitFor();
		await page.locator("summary", { hasText: "Export" }).click();
		const [exported] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /raw lines/ }).click()]);
		const lines = readFileSync(await exported.path(), "utf8").trimEnd().split("\n");
		same(lines.length, known.ofActor, "lines that were exported");
	},
};
