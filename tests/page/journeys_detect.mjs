// SPDX-License-Identifier: Apache-2.0
// Journeys of somebody who looks at what the rules found. What should be seen is asked of the API beside the page.
import { check, Person, same } from "./browser.mjs";

const exact = (text) => Number(text.replace(/\D/g, ""));
const api = (page, path) => page.evaluate((one) => fetch(`/api/v1${one}`).then((reply) => reply.json()), path);
const drawer = (page, name) => page.getByRole("complementary", { name });

async function enter(known, add, path, options = {}) {
	const person = add(await Person.at(known.url, { shots: known.shots, ...options }));
	await person.open(path);
	if (known.password) await person.signIn(known.name, known.password);
	return person;
}

async function isState(page, id, state) {
	for (let turn = 0; turn < 50; turn++) {
		if ((await api(page, `/alerts/${id}`)).state === state) return;
		await page.waitForTimeout(100);
	}
	throw new Error(`the alert ${id} does not become ${state}`);
}

export const detect = {
	/** The first screen, and from a number on it to the alerts that it counts. */
	async overview(known, add) {
		const person = await enter(known, add, "/?since=all");
		const { page } = person;
		await page.getByRole("heading", { name: "Overview" }).waitFor();
		await page.locator(".severities").waitFor();
		same(exact(await page.locator(".overview header .summary b").first().textContent()), known.events, "events in all");
		const { counts } = await api(page, "/alerts?limit=1");
		const level = ["critical", "high", "medium", "low", "informational"].find((one) => counts.open[one] > 0);
		check(level, "no alert is open");
		await person.picture("overview");
		await person.accessible("overview");
		await person.fits("overview");
		await page.getByRole("link", { name: new RegExp(`${level}, open$`) }).click();
		await page.waitForURL(/\/alerts\?/);
		await page.locator("[role=row]:not(.head)").first().waitFor();
		same(exact(await page.locator(".alerts .summary b").first().textContent()), counts.open[level], "alerts behind the number");
		await person.accessible("alerts");
	},

	/** Triage by keys: open a rule, acknowledge one, take it back; close several with a reason; comment. */
	async triage(known, add) {
		const person = await enter(known, add, "/alerts?state=open");
		const { page } = person;
		await page.locator("[role=row]:not(.head)").first().waitFor();
		await page.keyboard.press("j");
		await page.keyboard.press("Enter"); // the first rule opens
		await page.waitForURL(/open=/);
		await page.locator('[role=row] a[href^="/alerts/"]').first().waitFor(); // its alerts are loaded then
		await page.keyboard.press("j");
		await page.keyboard.press("Enter"); // its first alert
		await page.waitForURL(/\/alerts\/[0-9a-f]{32}/);
		const id = new URL(page.url()).pathname.split("/")[2];
		const alert = await api(page, `/alerts/${id}`);
		await drawer(page, "Alert").getByRole("heading", { name: "Evidence" }).waitFor();
		same(await drawer(page, "Alert").locator(".timeline .when").count(), alert.evidence.length, "events of evidence");
		await person.picture("alert");
		await person.accessible("an alert");
		await page.keyboard.press("e");
		await isState(page, id, "acknowledged");
		await page.getByRole("button", { name: "Undo" }).click();
		await isState(page, id, "open");
		await drawer(page, "Alert").getByLabel("Comment").fill("asked\u202e <b>her</b>");
		await page.getByRole("button", { name: "Add the comment" }).click();
		await drawer(page, "Alert").locator(".notes .odd").filter({ hasText: "U+202E" }).last().waitFor();
		await drawer(page, "Alert").locator(".timeline .link").first().click();
		await drawer(page, "Event").getByRole("heading", { name: "Raw, as it came" }).waitFor();
		await page.keyboard.press("Escape"); // the event closes, the alert stays
		await drawer(page, "Event").waitFor({ state: "detached" });
		await page.keyboard.press("Escape");
		await drawer(page, "Alert").waitFor({ state: "detached" });

		await page.keyboard.press("x");
		await page.getByText("1 alert selected").waitFor();
		await page.getByRole("button", { name: "Close …" }).click();
		await page.getByLabel("Reason").selectOption("false-positive");
		await page.getByLabel("Comment").fill("a rehearsal");
		await page.getByRole("button", { name: "Close the alert" }).click();
		await isState(page, id, "closed");
		const closed = await api(page, `/alerts/${id}`);
		same(closed.reason, "false-positive", "the reason");
		check(JSON.stringify(closed.notes).includes("a rehearsal"), "the comment is not among the notes");
		await page.getByRole("button", { name: "Undo" }).last().click();
		await isState(page, id, "open");
	},

	/** All alerts of a rule: rules come with numbers alone, their alerts when they are wanted; one request does it to all. */
	async many(known, add) {
		const person = await enter(known, add, "/alerts?state=all");
		const { page } = person;
		const asked = [];
		page.on("request", (request) => {
			const at = new URL(request.url());
			if (at.pathname.startsWith("/api/v1/alerts")) asked.push(`${request.method()} ${at.pathname}`);
		});
		await page.locator("[role=row]:not(.head)").first().waitFor();
		const { rules } = await api(page, "/alerts?group=rule&state=all");
		const rule = rules.find((one) => one.alerts > 1 && one.alerts <= 250 && one.counts.open);
		same(exact(await page.locator(".alerts .summary b").first().textContent()), rules.reduce((sum, one) => sum + one.alerts, 0), "alerts");
		asked.length = 0;
		await page.getByRole("checkbox", { name: `select all alerts of ${rule.title}`, exact: true }).click();
		await page.getByText(`${rule.alerts} alerts selected`).waitFor();
		await page.getByRole("button", { name: /^Acknowledge/ }).click();
		await page.getByText(/alerts? acknowledged\.$/).waitFor();
		const open = async () => {
			const now = (await api(page, "/alerts?group=rule&state=all")).rules.find((one) => one.rule === rule.rule);
			return Object.values(now.counts.open).reduce((sum, n) => sum + n, 0);
		};
		same(await open(), 0, "alerts of it that are open");
		same(asked.filter((one) => one.startsWith("POST")), ["POST /api/v1/alerts/ack"], "requests for all of them");
		await page.getByRole("button", { name: "Undo" }).click();
		await page.getByText(/^Taken back:/).waitFor();
		check((await open()) > 1, "they were not taken back");
	},

	/** A rule: explained, switched off and on again; one that is not installed tried on history. */
	async rules(known, add) {
		const person = await enter(known, add, "/rules", { allowed: [/409 \(Conflict\)/] });
		const { page } = person;
		await page.locator("[role=row]:not(.head)").first().waitFor();
		const { rules } = await api(page, "/rules");
		same(exact((await page.locator(".rules .summary b").textContent()) ?? ""), rules.filter((rule) => rule.alone).length, "rules");
		const rule = rules.find((one) => one.alone && one.alerts > 0) ?? rules.find((one) => one.alone);
		await page.getByRole("searchbox", { name: "find rules" }).fill(rule.id);
		await page.getByRole("link", { name: rule.title, exact: true }).click();
		await drawer(page, "Rule").getByRole("heading", { name: "Can it fire here?" }).waitFor();
		await person.picture("rule");
		await person.accessible("a rule");
		await page.getByRole("button", { name: "Switch off" }).click();
		await page.getByRole("button", { name: "Switch on" }).waitFor();
		await page.getByRole("button", { name: "Undo" }).click();
		await page.getByRole("button", { name: "Switch off" }).waitFor();

		await person.open("/rules/test?since=all");
		const text = page.getByRole("textbox", { name: /the rule/ });
		const actor = JSON.stringify(known.actor);
		await text.fill(`title: Tried\nlogsource:\n  product: atlassian\ndetection:\n  a:\n    actor: ${actor}\n  condition: a\n`);
		await page.keyboard.press("Control+Enter");
		await page.getByText("It would have raised").waitFor();
		await person.picture("rule-test");
		for (const again of [false, true]) {
			await page.getByRole("button", { name: "Save as a rule …" }).click();
			same(await page.getByLabel("File").inputValue(), "tried", "the file's name");
			await page.getByRole("button", { name: "Save", exact: true }).click();
			if (again) await page.getByRole("button", { name: "Replace the file" }).click();
			await page.getByText("saved as tried.yml").last().waitFor();
		}
		await text.fill("title: Wrong\nlogsource: {}\ndetection:\n  a:\n    actor: x\n  condition: b\n");
		await page.keyboard.press("Control+Enter");
		await page.getByText("The rule cannot be used:").waitFor();
	},

	/** Everything about an actor, and from there to the events; at the width of a phone. */
	async entity(known, add) {
		const person = await enter(known, add, `/entity?value=${encodeURIComponent(known.actor)}`, { width: 390, height: 844, dark: true });
		const { page } = person;
		await page.getByRole("heading", { name: known.actor, exact: true }).waitFor();
		const answer = await api(page, `/entity?value=${encodeURIComponent(known.actor)}`);
		same(exact(await page.locator(".entity-head p b").first().textContent()), answer.events, "events");
		await page.getByRole("heading", { name: "Events per day" }).waitFor();
		await person.picture("entity");
		await person.accessible("entity");
		await person.fits("entity");
		await page.getByRole("link", { name: /as actor$/ }).click();
		await page.waitForURL(/\/search\?q=actor/);
	},
};
