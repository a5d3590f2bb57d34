// SPDX-License-Identifier: Apache-2.0
// What could not be read as events: where it stood, and why.
import { get } from "../api";
import { useLoad } from "../app/load";
import { Grid } from "../parts/grid";
import { Failed } from "../parts/notice";
import { bytes, count } from "../parts/show";
import { Log, Table, Time } from "../parts/text";

interface Reject {
	id: number;
	table: string;
	source: string;
	input: string;
	offset: number;
	bytes: number;
	lines: number;
	reason: string;
	state: string;
	received_at: string;
}

export function Rejects() {
	const { data, error, reload } = useLoad(
		(signal) => get<{ rejects: Reject[]; more: boolean }>("/rejects", { limit: 100 }, signal),
		[],
	);
	if (error) return <Failed error={error} retry={reload} />;
	if (!data || data.rejects.length === 0) return null;
	return (
		<section class="panel" aria-labelledby="rejects-title">
			<h2 id="rejects-title">Not readable{data.more && `: the newest ${count(data.rejects.length)}`}</h2>
			<Grid
				label="not readable"
				heads={["Received", "Table", "Where", "Why", "State", { right: "Lines" }, { right: "Size" }]}
			>
				{data.rejects.map((one) => (
					<tr key={one.id}>
						<td class="nowrap">
							<Time at={one.received_at} ms={false} />
						</td>
						<td>
							<Table name={one.table} />
						</td>
						<td>
							<Log text={one.input || one.source} />, byte {count(one.offset)}
						</td>
						<td>
							<Log text={one.reason} />
						</td>
						<td>{one.state}</td>
						<td class="right num">{count(one.lines)}</td>
						<td class="right num">{bytes(one.bytes)}</td>
					</tr>
				))}
			</Grid>
			<p class="dim">
				The bytes are kept. On the server, <code>pugmark rejects show ID</code> prints them, and{" "}
				<code>pugmark rejects retry</code> reads them again.
			</p>
		</section>
	);
}
