// SPDX-License-Identifier: Apache-2.0
// Journeys of whoever sets pugmark up: the first run until the first event, indicators, users and their roles.
import { check, Person, same } from "./browser.mjs";

const exact = (text) => Number(text.replace(/\D/g, ""));

export const house = {
	/** The one-time password, a password of one's own, an empty page that says what to do, Jira connected, its events found. */
	async first_run(known, add) {
		const person = add(await Person.at(known.url, { shots: known.shots, allowed: [/401 \(Unauthorized\)/, /403 \(Forbidden\)/] }));
		const { page } = person;
		await person.open("/");
		await page.getByLabel("Name").fill("admin");
		await page.getByLabel("Password", { exact: true }).fill("not that one at all");
		await page.getByRole("button", { name: "Sign in" }).click();
		await page.getByRole("alert").waitFor();
		await page.getByLabel("Password", { exact: true }).fill(known.once);
		await page.getByRole("button", { name: "Sign in" }).click();
		await page.getByRole("heading", { name: "A password of your own" }).waitFor();
		await person.picture("first-password");
		await page.getByLabel(/one-time/).fill(known.once);
		await page.getByLabel("New password").fill("four words that nobody says");
		await page.getByLabel("The new one again").fill("four words that nobody");
		check(await page.getByRole("button", { name: "Change password" }).isDisabled(), "two different ones are taken");
		await page.getByLabel("The new one again").fill("four words that nobody says");
		await page.getByRole("button", { name: "Change password" }).click();
		await page.getByRole("navigation", { name: "views" }).waitFor();

		await page.getByRole("link", { name: "Sources", exact: true }).click();
		for (const kind of ["Jira", "Confluence", "Bitbucket"]) await page.getByRole("heading", { name: kind, exact: true }).waitFor();
		await person.picture("sources-empty");
		await page.getByRole("link", { name: "connect Jira", exact: true }).click();
		await page.getByLabel("Domain").fill(known.domain);
		await page.getByLabel("Mail").fill(known.mail);
		await page.getByLabel("API token").fill("not-the-token");
		await page.getByText("More", { exact: true }).click();
		await page.getByLabel(/CA file|certificate/i).fill(known.ca);
		await page.getByLabel(/private address/i).check();
		await page.getByRole("button", { name: "Test", exact: true }).click();
		await page.locator(".steps .step-failed").first().waitFor();
		await person.picture("source-test-failed");
		same(await page.getByLabel("Domain").inputValue(), known.domain, "what was typed");
		await page.getByLabel("API token").fill(known.token);
		await page.getByRole("button", { name: /^Test/ }).click();
		const save = page.getByRole("button", { name: /^Save/ });
		await page.waitForFunction(() => [...document.querySelectorAll("button")].some((one) => one.textContent?.startsWith("Save") && !one.disabled), null, { timeout: 30000 });
		await page.locator("table").last().scrollIntoViewIfNeeded(); // the newest events, as they will be stored
		await page.getByText("The password is changed.").waitFor({ state: "detached" });
		await person.picture("source-test");
		await person.accessible("a tested source");
		check((await page.content()).includes(known.token) === false, "the token stands in the page");
		await save.click();
		await page.waitForURL(/\/sources\/(?!connect)/, { timeout: 30000 });
		await page.getByText(/healthy|reading|behind/).first().waitFor({ timeout: 60000 });
		await person.picture("source");

		let found = 0;
		for (let turn = 0; turn < 60 && found === 0; turn++) {
			await person.open("/search?since=all&q=table:jira");
			await page.locator(".summary").waitFor();
			found = await page.locator("[role=row]:not(.head)").count();
			if (found === 0) await page.waitForTimeout(1000);
		}
		check(found > 0, "no event came in a minute");
		await page.keyboard.press("j");
		await page.keyboard.press("Enter");
		await page.locator(".drawer pre.raw").waitFor();
		await person.picture("first-event");
		for (const view of ["/", "/sources", "/settings/audit"]) {
			await person.open(view);
			await page.waitForLoadState("networkidle");
			await person.accessible(view);
		}
	},

	/** A report pasted: what was seen, what was not, what is none; from there to the events, and onto a watchlist. */
	async ioc(known, add) {
		const person = add(await Person.at(known.url, { shots: known.shots }));
		const { page } = person;
		await person.open("/ioc");
		await person.signIn(known.name, known.password);
		await page.getByRole("textbox", { name: /indicator/i }).fill(`${known.ip.replaceAll(".", "[.]")}\n203.0.113.250\nhxxps://nowhere[.]example/x\n0.0.0.0/0\n${known.actor}\n`);
		await page.getByRole("button", { name: /^Search/ }).click();
		const filters = page.getByRole("group", { name: "which indicators" });
		await filters.waitFor();
		const of = async (name) => exact(await filters.getByRole("button", { name: new RegExp(`^${name} `) }).textContent());
		same([await of("all"), await of("seen"), await of("not seen"), await of("unusable")], [5, 2, 2, 1], "all, seen, not seen, unusable");
		await person.picture("ioc");
		await person.accessible("answers of indicators");
		await filters.getByRole("button", { name: /^seen/ }).click();
		await page.locator("[role=row]:not(.head)").first().click();
		await page.locator(".drawer").waitFor();
		await person.picture("ioc-one");
		await page.locator(".drawer").getByRole("link", { name: /events/i }).first().click();
		await page.waitForURL(/\/search/);
		await page.locator(".summary").filter({ hasText: "all counted" }).waitFor();
		check(exact(await page.locator(".summary b").first().textContent()) >= known.ofIp, "events behind an indicator");
		await page.goBack();
		await page.waitForURL(/\/ioc/);
		await filters.waitFor(); // what was asked is still there
	},

	/** Users: one who only reads sees what he may; a token is shown once; a user who is disabled is out at once. */
	async users(known, add) {
		const admin = add(await Person.at(known.url, { shots: known.shots }));
		const { page } = admin;
		await admin.open("/settings/users");
		await admin.signIn(known.name, known.password);
		await page.getByLabel("Name").fill("vera");
		await page.getByLabel("Role", { exact: true }).selectOption("viewer");
		await page.getByRole("button", { name: /^(Add|Make)/ }).click();
		const once = await page.locator("code, .secret").filter({ hasText: /^[A-Z0-9]{4}(-[A-Z0-9]{4})+$/i }).first().textContent();
		const vera = add(await Person.at(known.url, { shots: known.shots, allowed: [/401 \(Unauthorized\)/, /403 \(Forbidden\)/] }));
		await vera.open("/");
		await vera.page.getByLabel("Name").fill("vera");
		await vera.page.getByLabel("Password", { exact: true }).fill(once.trim());
		await vera.page.getByRole("button", { name: "Sign in" }).click();
		await vera.page.getByLabel(/one-time/).fill(once.trim());
		await vera.page.getByLabel("New password").fill("veras own long password");
		await vera.page.getByLabel("The new one again").fill("veras own long password");
		await vera.page.getByRole("button", { name: "Change password" }).click();
		await vera.page.getByRole("navigation", { name: "views" }).waitFor();
		await vera.open("/settings/users");
		await vera.page.getByText(/admin/).first().waitFor();
		check((await vera.page.getByRole("button", { name: /^(Add|Make) / }).count()) === 0, "a viewer may add users");
		await vera.open("/search?since=all");
		await vera.page.locator("[role=row]:not(.head)").first().waitFor();

		await page.reload();
		const row = page.getByRole("row").filter({ has: page.getByText("vera", { exact: true }) });
		await row.getByRole("button", { name: /disable/i }).click();
		const sure = page.getByRole("dialog").getByRole("button", { name: /disable/i });
		if (await sure.count()) await sure.click();
		await row.getByText(/disabled/i).first().waitFor();
		await vera.page.waitForTimeout(1200);
		await vera.page.getByRole("link", { name: "Alerts", exact: true }).click();
		await vera.page.getByRole("button", { name: "Sign in" }).waitFor();

		await admin.open("/settings/tokens");
		await page.getByLabel("Name").fill("for-ci");
		await page.getByRole("button", { name: /^(Add|Make)/ }).click();
		await page.getByText(/pugmark_/).first().waitFor();
		await admin.picture("settings-token");
		await page.reload();
		await page.getByText("for-ci").first().waitFor();
		check(!/pugmark_[A-Za-z0-9]{20}/.test(await page.locator("main").textContent()), "the token is shown again");
	},
};
