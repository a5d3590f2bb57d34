// SPDX-License-Identifier: Apache-2.0
// Rules: what they look for, whether they can fire here, what they raised; a rule tried on history; history looked at again.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useKeys } from "../app/keys";
import { useLoad } from "../app/load";
import { address, change, go, place } from "../app/place";
import { may } from "../app/session";
import { rank } from "../parts/alert";
import { Choice } from "../parts/form";
import { useNarrow } from "../parts/narrow";
import { Empty, Failed, Waiting } from "../parts/notice";
import { type Column, Rows } from "../parts/rows";
import { kinds, listRules, type Rule } from "../parts/rules";
import { count, counted } from "../parts/show";
import { Tabs } from "../parts/tabs";
import { type Level, Log, levels, Severity, State } from "../parts/text";
import { RuleDrawer } from "./rule_drawer";
import { checkAll, Fires, useFires } from "./rule_fires";
import { RuleTest } from "./rule_test";
import { RulesRun } from "./rules_run";

const products: Record<string, string> = {
	"": "across products",
	atlassian: "all of Atlassian",
	alerts: "other products' alerts",
};

function RuleState({ rule }: { rule: Rule }) {
	if (!rule.alone) return <State good={null}>part of others</State>;
	return rule.enabled ? <State good={true}>on</State> : <State good={null}>off</State>;
}

function useColumns(): Column<Rule>[] {
	const narrow = useNarrow();
	const state: Column<Rule> = {
		key: "state",
		title: "State",
		width: "7.5rem",
		show: (rule) => <RuleState rule={rule} />,
	};
	const level: Column<Rule> = {
		key: "level",
		title: narrow ? "" : "Severity",
		head: narrow && <span class="hidden">severity</span>,
		width: narrow ? "2rem" : "8rem",
		show: (rule) => <Severity level={rule.level} short={narrow} />,
	};
	const title: Column<Rule> = {
		key: "title",
		title: "Rule",
		width: narrow ? "minmax(12rem, 1fr)" : "minmax(20rem, 3fr)",
		show: (rule) => (
			<a href={`/rules/${rule.id}${location.search}`} class="alert-title" onClick={(event) => event.stopPropagation()}>
				<Log text={rule.title} />
			</a>
		),
	};
	const alerts: Column<Rule> = {
		key: "alerts",
		title: "Alerts",
		width: "5rem",
		right: true,
		show: (rule) =>
			rule.alerts > 0 ? (
				<a
					class="num"
					href={address("/alerts", { rule: rule.id, state: "all" })}
					onClick={(event) => event.stopPropagation()}
				>
					{count(rule.alerts)}
				</a>
			) : (
				<span class="dim num">0</span>
			),
	};
	if (narrow) return [level, title, alerts, state];
	return [
		state,
		level,
		title,
		alerts,
		{ key: "fires", title: "Can it fire?", width: "9rem", show: (rule) => <Fires rule={rule} /> },
		{ key: "product", title: "Product", width: "10rem", show: (rule) => products[rule.product] ?? rule.product },
		{ key: "kind", title: "Looks at", width: "9.5rem", show: (rule) => kinds[rule.kind] ?? rule.kind },
		{
			key: "coverage",
			title: "Audit level",
			width: "6.5rem",
			show: (rule) => rule.coverage || <span class="dim">any</span>,
		},
		{
			key: "from",
			title: "From",
			width: "minmax(6rem, 1fr)",
			show: (rule) => (rule.shipped ? <span class="dim">pugmark</span> : <Log text={rule.file || "yours"} />),
		},
	];
}

/** What the address says of a rule: is it among those that are asked for? */
function wanted(rule: Rule, params: URLSearchParams): boolean {
	const text = (params.get("text") ?? "").toLowerCase();
	const level = params.get("level");
	const product = params.get("product");
	const state = params.get("state") ?? "";
	if (state === "" && !rule.alone) return false;
	if (state === "on" && !(rule.alone && rule.enabled)) return false;
	if (state === "off" && rule.enabled) return false;
	if (state === "raised" && rule.alerts === 0) return false;
	if (state === "own" && rule.shipped) return false;
	if (level && rule.level !== level) return false;
	if (product && rule.product !== (product === "across" ? "" : product)) return false;
	return (
		!text ||
		[rule.title, rule.id, rule.description, rule.file, ...rule.tags].some((one) => one.toLowerCase().includes(text))
	);
}

function Filters({ rules }: { rules: Rule[] }) {
	const { params } = place.value;
	const box = useRef<HTMLInputElement>(null);
	const names = [...new Set(rules.map((rule) => rule.product))].sort();
	useKeys([{ key: "/", what: "find rules", run: () => box.current?.focus() }], []);
	return (
		<div class="search-bar">
			<div class="query">
				<input
					ref={box}
					type="search"
					aria-label="find rules"
					placeholder="Find in title, description, tags: attack.t1098"
					value={params.get("text") ?? ""}
					onInput={(event) => change({ text: event.currentTarget.value }, true)}
				/>
			</div>
			<Choice
				bare
				label="state"
				value={params.get("state") ?? ""}
				change={(state) => change({ state }, true)}
				options={[
					["", "those that raise alerts"],
					["on", "on"],
					["off", "off"],
					["raised", "those that raised some"],
					["own", "your own"],
					["all", "all, parts of others too"],
				]}
			/>
			<Choice
				bare
				label="severity"
				value={params.get("level") ?? ""}
				change={(level) => change({ level }, true)}
				options={[["", "any severity"], ...levels.map((level): [Level, string] => [level, level])]}
			/>
			<Choice
				bare
				label="product"
				value={params.get("product") ?? ""}
				change={(product) => change({ product }, true)}
				options={[
					["", "any product"],
					...names.map((name): [string, string] => [name || "across", products[name] ?? name]),
				]}
			/>
		</div>
	);
}

function List({ id }: { id: string }) {
	const { params } = place.value;
	const { data, error, loading, reload } = useLoad(listRules, []);
	const [rules, setRules] = useState<Rule[]>([]);
	useEffect(() => {
		const list = [...(data ?? [])];
		setRules(list.sort((a, b) => rank(a.level) - rank(b.level) || b.alerts - a.alerts || (a.title < b.title ? -1 : 1)));
	}, [data]);
	const shown = useMemo(() => rules.filter((rule) => wanted(rule, params)), [rules, params]);
	const columns = useColumns();
	const fires = useFires();
	const search = location.search;
	return (
		<>
			<Filters rules={rules} />
			<div class="bar-row">
				<p class="summary" role="status">
					<b class="num">{counted(shown.length, "rule")}</b>
					{rules.length > shown.length && ` of ${count(rules.length)}`}
					{loading && " · loading …"}
				</p>
				{fires.running ? (
					<>
						<progress max={fires.total} value={fires.done} aria-label="rules that were checked" />
						<span class="num">
							{count(fires.done)} of {counted(fires.total, "rule")} checked
						</span>
						<button type="button" onClick={fires.stop}>
							Stop
						</button>
					</>
				) : (
					<button type="button" disabled={shown.length === 0} onClick={() => checkAll(shown)}>
						Check which can fire here
					</button>
				)}
			</div>
			{error ? <Failed error={error} retry={reload} /> : null}
			<section class="alerts-rows" aria-label="rules" aria-busy={loading}>
				{shown.length > 0 ? (
					<Rows
						rows={shown}
						columns={columns}
						label="rules"
						id={(rule) => rule.id}
						chosen={id || undefined}
						open={(rule) => go(`/rules/${rule.id}${search}`, !!id)}
					/>
				) : !data ? (
					!error && <Waiting />
				) : params.get("state") === "own" ? (
					<Empty title="You have no rules of your own yet.">
						<p>A rule is a Sigma file in the folder rules of the data folder. Try one on history first.</p>
						<a class="button main" href="/rules/test">
							Test a rule
						</a>
					</Empty>
				) : (
					<Empty title={`None of ${counted(rules.length, "rule")} is like that.`}>
						<button type="button" class="main" onClick={() => go("/rules")}>
							Show all that raise alerts
						</button>
					</Empty>
				)}
			</section>
			{id && <RuleDrawer id={id} key={id} changed={reload} close={() => go(`/rules${search}`, true)} />}
		</>
	);
}

export function Rules() {
	const { id } = place.value;
	const tab = id === "test" || id === "run" ? id : "";
	const tabs: [string, string][] = [
		["/rules", "Rules"],
		...(may("analyst")
			? ([
					["/rules/test", "Test a rule"],
					["/rules/run", "Run over history"],
				] as [string, string][])
			: []),
	];
	return (
		<div class={tab ? "view rules" : "search rules"}>
			<div class="bar-row">
				<h1 class="hidden">Rules</h1>
				<Tabs label="rules" tabs={tabs} at={tab ? `/rules/${tab}` : "/rules"} />
			</div>
			{tab === "test" ? <RuleTest /> : tab === "run" ? <RulesRun /> : <List id={id} />}
		</div>
	);
}
