// SPDX-License-Identifier: Apache-2.0
// Indicators: looked for in all events, watched for, and fetched from elsewhere.
import { place } from "../app/place";
import { Empty } from "../parts/notice";
import { Tabs } from "../parts/tabs";
import { Feeds } from "./ioc_feeds";
import { IocSearch } from "./ioc_search";
import { OneWatchlist } from "./ioc_watchlist";
import { Watchlists } from "./ioc_watchlists";

export function Ioc() {
	const [part = "", name] = place.value.id.split("/");
	const tab = part ? `/ioc/${part}` : "/ioc";
	return (
		<div class={part ? "view" : "view ioc"}>
			<h1 class="hidden">Indicators</h1>
			<Tabs
				label="indicators"
				at={tab}
				tabs={[
					["/ioc", "Search"],
					["/ioc/watchlists", "Watchlists"],
					["/ioc/feeds", "Feeds"],
				]}
			/>
			{part === "" ? (
				<IocSearch />
			) : part === "watchlists" ? (
				name ? (
					<OneWatchlist key={name} name={name} />
				) : (
					<Watchlists />
				)
			) : part === "feeds" ? (
				<Feeds />
			) : (
				<Empty title="There is no such page.">
					<a class="button" href="/ioc">
						Search indicators
					</a>
				</Empty>
			)}
		</div>
	);
}
