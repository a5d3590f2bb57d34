// SPDX-License-Identifier: Apache-2.0
// The newest events of a source that was tried out, as they will be stored.

import { flat } from "../parts/event";
import { Grid } from "../parts/grid";
import { Log, Table, Time } from "../parts/text";

export interface Found {
	saved: boolean;
	/** Where it was saved. */
	name?: string;
	table?: string;
	history_from?: string | null;
	events?: Record<string, unknown>[];
}

const columns = ["actor", "action", "target", "ip"];

export function NewestEvents({ found }: { found: Found | undefined }) {
	const events = found?.events ?? [];
	return (
		<section class="panel" aria-labelledby="newest-title">
			<h2 id="newest-title">The newest events, as they will be stored</h2>
			{events.length === 0 ? (
				<p class="dim">There is none: it is new, or the login may not see them.</p>
			) : (
				<Grid label="newest events" heads={["time", ...columns]}>
					{events.map((event, at) => (
						<tr key={at}>
							<td>
								<Time at={flat(event.event_time) || null} ms={false} />
							</td>
							{columns.map((name) => (
								<td key={name}>
									<Log text={flat(event[name])} />
								</td>
							))}
						</tr>
					))}
				</Grid>
			)}
			<p class="dim">
				{found?.table && (
					<>
						They go into <Table name={found.table} />.{" "}
					</>
				)}
				{found?.history_from && (
					<>
						History reaches back to <Time at={found.history_from} ms={false} />.{" "}
					</>
				)}
				Are they of the product that you meant?
			</p>
		</section>
	);
}
