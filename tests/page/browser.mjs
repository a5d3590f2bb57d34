// SPDX-License-Identifier: Apache-2.0
// A real Chromium on the page: what the journeys share. Everything that goes wrong behind the scenes fails the
// journey: errors in the console, what the policy refused, requests that leave the machine.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const packages = createRequire(new URL("../npm/package.json", import.meta.url));
const { chromium } = packages("playwright-core");
const axeSource = readFileSync(packages.resolve("axe-core/axe.min.js"), "utf8");

const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--font-render-hinting=none"];

export function check(good, what) {
	if (!good) throw new Error(what);
}

export function same(got, wanted, what) {
	const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
	if (a !== b) throw new Error(`${what}: ${a}, not ${b}`);
}

/** One person at one browser. `allowed`: console errors that the journey causes on purpose (regular expressions). */
export class Person {
	static async at(url, { width = 1280, height = 800, dark = false, allowed = [], shots } = {}) {
		const person = new Person();
		person.url = url;
		person.shots = shots;
		person.wrong = [];
		person.browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: quiet });
		person.context = await person.browser.newContext({
			viewport: { width, height },
			colorScheme: dark ? "dark" : "light",
			reducedMotion: "reduce",
			timezoneId: "Europe/Berlin",
			locale: "en-GB",
			acceptDownloads: true,
		});
		await person.context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
		const page = await person.context.newPage();
		person.page = page;
		page.setDefaultTimeout(15000);
		page.on("console", (message) => {
			// That nobody is signed in is asked first of all.
			const asked = message.location().url === `${url}/api/v1/session` && message.text().includes("401");
			if (message.type() === "error" && !asked && !allowed.some((pattern) => pattern.test(message.text())))
				person.wrong.push(`console: ${message.text()} ${message.location().url}`);
		});
		page.on("pageerror", (error) => person.wrong.push(`page: ${error.stack ?? error.message}`));
		page.on("dialog", (dialog) => {
			person.wrong.push(`a dialog of the browser: ${dialog.message()}`);
			void dialog.dismiss();
		});
		page.on("request", (request) => {
			const to = request.url();
			if (!to.startsWith(url) && !to.startsWith("blob:") && !to.startsWith("data:")) person.wrong.push(`a request to ${to}`);
		});
		return person;
	}

	async open(path) {
		await this.page.goto(this.url + path);
	}

	async signIn(name, password) {
		await this.page.getByLabel("Name").fill(name);
		await this.page.getByLabel("Password", { exact: true }).fill(password);
		await this.page.getByRole("button", { name: "Sign in" }).click();
		await this.page.getByRole("navigation", { name: "views" }).waitFor();
	}

	/** A picture of what is seen, kept as build output. */
	async picture(name) {
		if (this.shots) await this.page.screenshot({ path: join(this.shots, `${name}.png`) });
	}

	/** Nothing serious of accessibility is wrong in what is seen. */
	async accessible(where) {
		// The page's policy lets nothing in; the checker comes in beside it.
		const found = await this.page.evaluate(`${axeSource}; axe.run(document, { resultTypes: ["violations"] })`);
		const serious = found.violations.filter((one) => ["serious", "critical"].includes(one.impact));
		const lines = serious.flatMap((one) => one.nodes.slice(0, 3).map((node) => `${one.id}: ${node.html.slice(0, 160)}: ${node.failureSummary?.split("\n")[1]?.trim()}`));
		check(serious.length === 0, `${where}: ${lines.join("\n")}`);
	}

	/** The page is no wider than the window. */
	async fits(where) {
		const [wide, room] = await this.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
		check(wide <= room, `${where}: ${wide} pixels wide in a window of ${room}`);
	}

	async end() {
		await this.browser.close();
		check(this.wrong.length === 0, this.wrong.slice(0, 5).join("\n"));
	}
}
