// SPDX-License-Identifier: Apache-2.0
// The rule pack, and what this program is.
import { get } from "../api";
import { useLoad } from "../app/load";
import { Grid } from "../parts/grid";
import { Failed, Waiting } from "../parts/notice";
import { bytes, count } from "../parts/show";
import { Log, State } from "../parts/text";
import { Facts, facts, useHouse } from "./settings_house";

interface Rule {
	level: string;
	status: string;
	product: string;
	shipped: boolean;
	enabled: boolean;
	alerts: number;
}

export function Pack() {
	const rules = useLoad((signal) => get<{ rules: Rule[] }>("/rules", {}, signal), []);
	const house = useHouse();
	const list = rules.data?.rules ?? [];
	const shipped = list.filter((rule) => rule.shipped);
	const products = [...new Set(shipped.map((rule) => rule.product || "several products"))].sort();
	return (
		<section class="panel" aria-labelledby="pack-title">
			<h2 id="pack-title">Rule pack</h2>
			{!!rules.error && <Failed error={rules.error} retry={rules.reload} />}
			{!rules.data && !rules.error && <Waiting />}
			{rules.data && (
				<>
					<Facts
						list={[
							...(house.data?.rules?.pack ? [["version", house.data.rules.pack] as [string, string]] : []),
							["shipped rules", count(shipped.length)],
							["of them enabled", count(shipped.filter((rule) => rule.enabled).length)],
							["rules of your own", count(list.length - shipped.length)],
							["alerts in all", count(list.reduce((sum, rule) => sum + rule.alerts, 0))],
						]}
					/>
					{!!house.data?.rules?.problems.length && (
						<ul class="gap-list">
							{house.data.rules.problems.map((problem, at) => (
								<li key={at}>
									<State good={problem.refused ? false : null}>{problem.refused ? "refused" : "warning"}</State>{" "}
									<Log text={`${problem.file}${problem.line ? `:${problem.line}` : ""}: ${problem.what ?? ""}`} />
								</li>
							))}
						</ul>
					)}
					<Grid
						label="what is stored"
						heads={["Product", { right: "Rules" }, { right: "Enabled" }, { right: "Alerts" }]}
					>
						{products.map((product) => {
							const some = shipped.filter((rule) => (rule.product || "several products") === product);
							return (
								<tr key={product}>
									<td>{product}</td>
									<td class="right num">{count(some.length)}</td>
									<td class="right num">{count(some.filter((rule) => rule.enabled).length)}</td>
									<td class="right num">{count(some.reduce((sum, rule) => sum + rule.alerts, 0))}</td>
								</tr>
							);
						})}
					</Grid>
					<div class="buttons">
						<a class="button" href="/rules">
							All rules
						</a>
					</div>
				</>
			)}
		</section>
	);
}

export function About() {
	const house = useHouse();
	const { retention: _retention, rules: _rules, ...rest } = house.data ?? {};
	return (
		<section class="panel" aria-labelledby="about-title">
			<h2 id="about-title">pugmark {house.data?.version ?? ""}</h2>
			{!!house.error && <Failed error={house.error} retry={house.reload} />}
			{!house.data && !house.error && <Waiting />}
			{house.data && (
				<Facts
					list={facts("", {
						...rest,
						memory: typeof rest.memory === "number" ? bytes(rest.memory) : rest.memory,
					}).filter(([name]) => name !== "version")}
				/>
			)}
			<p class="dim">
				Keeps the audit logs of Jira, Confluence and Bitbucket on this machine. Apache-2.0. <code>pugmark status</code>{" "}
				and <code>man pugmark</code> on the server say the rest.
			</p>
		</section>
	);
}
