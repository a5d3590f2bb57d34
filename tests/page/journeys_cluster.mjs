// SPDX-License-Identifier: Apache-2.0
// The page of a lake whose tables are on a ClickHouse cluster, with what another collector sent; the cluster goes away and comes back.
import { check, Person, same } from "./browser.mjs";

const exact = (text) => Number(text.replace(/\D/g, ""));
const rowsOf = (page) => page.locator("[role=row]:not(.head)");
const away = /The ClickHouse cluster: .*cluster status/;

async function counted(page) {
	const line = page.locator(".summary");
	await line.filter({ hasText: "all counted" }).waitFor();
	return exact(await line.locator("b").first().textContent());
}

async function ask(page, query) {
	const bar = page.getByRole("combobox", { name: "query" });
	await bar.fill(query);
	await bar.press("Enter");
	await page.waitForURL((address) => address.searchParams.get("q") === query);
}

/** The first event of a query in its drawer, and its id. */
async function openFirst(person, query) {
	const { page } = person;
	await person.open(`/search?since=all&q=${encodeURIComponent(query)}`);
	await rowsOf(page).first().waitFor();
	await page.keyboard.press("j");
	await page.keyboard.press("Enter");
	await page.waitForURL(/event=/);
	const drawer = page.getByRole("complementary", { name: "Event" });
	await drawer.getByRole("heading", { name: "Raw, as it came" }).waitFor();
	return [drawer, new URL(page.url()).searchParams.get("event")];
}

const raw = (page, id) => page.evaluate((one) => fetch(`/api/v1/events/${one}`).then((reply) => reply.json()), id);

/** What failed is named, with what to do; the view stands. */
async function failed(page, where) {
	const line = page.locator("main .failed, .drawer .failed").first();
	await line.waitFor();
	const said = await line.textContent();
	check(away.test(said) && said.includes(where.port), `${where.view}: ${said}`);
	check((await page.getByRole("navigation", { name: "views" }).count()) === 1, `${where.view}: the page is gone`);
}

export const cluster = {
	async cluster(known, add) {
		const person = add(await Person.at(known.url, { shots: known.shots, allowed: [/500 \(Internal Server Error\)/] }));
		const { page } = person;
		const port = `:${known.server}`;
		await person.open("/search?since=all");
		await person.signIn(known.name, known.password);

		// All that both sent: rows, histogram, facets.
		same(await counted(page), known.mine + known.theirs, "events of both collectors");
		check(!/segment/.test(await page.locator(".summary").textContent()), "segments, where the cluster is asked");
	const label = await page.locator(".chart svg").getAttribute("aria-label");
		same(exact(label.split(" events")[0]), known.mine + known.theirs, "events in the histogram");
		const facet = page.locator(".facets section").filter({ has: page.getByRole("heading", { name: /^table/ }) });
		const numbers = {};
		for (const line of await facet.locator("li").all())
			numbers[await line.getByRole("button").textContent()] = exact(await line.locator(".num").getAttribute("title"));
		same(numbers.confluence, known.theirs, `events of the other collector in the facet: ${JSON.stringify(numbers)}`);
		same(numbers.jira, known.mine, "events of this one in the facet");
		await ask(page, "table:confluence");
		same(await counted(page), known.theirs, "events that the other collector sent");
		check((await rowsOf(page).count()) > 5, "their rows are not shown");
		await person.picture("cluster-search");

		// What lies in this vault has its raw bytes; of the other one's events its collector is named.
		const [mine, own] = await openFirst(person, "table:jira");
		same(await mine.locator("pre.raw").textContent(), (await raw(page, own)).raw, "the raw bytes");
		await mine.getByRole("button", { name: "Download evidence" }).waitFor();
		const [theirs, other] = await openFirst(person, "table:confluence");
		await theirs.getByText(known.collector).waitFor();
		same(await theirs.locator("pre.raw").count(), 0, "raw bytes that are not here");
		same(await theirs.getByRole("button", { name: "Download evidence" }).count(), 0, "evidence that is not here");
		check((await theirs.locator(".fields").first().locator("tr").count()) > 3, "it is not shown parsed");
		await theirs.locator(".near tbody tr.here").waitFor();
		await person.picture("cluster-event-of-another");
		await person.accessible("an event of another collector");
		await page.keyboard.press("Escape");
		await theirs.waitFor({ state: "detached" });

		// The cluster stops while the page is open.
		await fetch(`${known.control}/stop`, { method: "POST" });
		await ask(page, "table:jira");
		await failed(page, { view: "search", port });
		same(await rowsOf(page).count(), 0, "rows of the question before, below an error");
		same(await page.locator(".facets li").count(), 0, "facets of the question before");
		await person.picture("cluster-away");
		await person.accessible("search without the cluster");
		await page.getByRole("combobox", { name: "query" }).fill("actor:a"); // what would be offered is asked of the cluster too
		await page.waitForTimeout(500);
		for (const view of ["/?since=all", `/entity?value=${encodeURIComponent(known.actor)}`, `/search?since=all&event=${other}`]) {
			await person.open(view);
			await failed(page, { view, port });
		}
		await page.getByRole("complementary", { name: "Event" }).locator(".failed").filter({ hasText: away }).first().waitFor();
		await person.open("/ioc?q=10.20.5.2");
		await failed(page, { view: "/ioc", port });
		// What is this lake's own is there all the same.
		await person.open(`/search?since=all&event=${own}`);
		await page.getByRole("complementary", { name: "Event" }).locator("pre.raw").waitFor();
		for (const view of ["/alerts", "/rules", "/sources", "/settings"]) {
			await person.open(view);
			await page.waitForLoadState("networkidle");
			await page.locator("main h1").first().waitFor({ state: "attached" });
			same(await page.locator("main .failed").allTextContents(), [], `${view} without the cluster`);
		}

		// It is back: one click.
		await person.open("/search?since=all&q=table:confluence");
		await failed(page, { view: "search", port });
		await fetch(`${known.control}/start`, { method: "POST" });
		await page.getByRole("button", { name: "Try again" }).first().click();
		same(await counted(page), known.theirs, "after it is back");
		same(await page.locator("main .failed").count(), 0, "errors after it is back");
	},
};
