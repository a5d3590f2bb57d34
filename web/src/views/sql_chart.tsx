// SPDX-License-Identifier: Apache-2.0
// A result as bars: one column says what they are, one how long.
import { useState } from "preact/hooks";
import { type Bar, TimeBars } from "../parts/chart";
import { flat } from "../parts/event";
import { Choice } from "../parts/form";
import { Empty } from "../parts/notice";
import { count } from "../parts/show";
import { Log } from "../parts/text";
import type { Result } from "./sql";

const isNumber = (type: string) => /INT|DOUBLE|FLOAT|DECIMAL/.test(type);
const isTime = (type: string) => /TIMESTAMP|DATE/.test(type);

/** Rows as bars over time; a text column beside it makes the parts. */
function overTime(result: Result, x: number, y: number): { bars: Bar[]; series: string[]; bucket: number } {
	const by = result.columns.findIndex((column, at) => at !== x && at !== y && !isNumber(column.type));
	const series = by < 0 ? [""] : [...new Set(result.rows.map((row) => flat(row[by])))].slice(0, 5);
	const all = new Map<number, number[]>();
	for (const row of result.rows) {
		const text = flat(row[x]);
		const begin = Date.parse(
			/Z|[+-]\d\d(:?\d\d)?$/.test(text) && text.includes(":")
				? text.replace(" ", "T")
				: `${text.replace(" ", "T")}${text.includes(":") ? "Z" : ""}`,
		);
		const part = by < 0 ? 0 : series.indexOf(flat(row[by]));
		if (Number.isNaN(begin) || part < 0) continue;
		const parts = all.get(begin) ?? series.map(() => 0);
		parts[part] = (parts[part] ?? 0) + Number(row[y]);
		all.set(begin, parts);
	}
	const bars = [...all].map(([begin, parts]) => ({ begin, parts })).sort((a, b) => a.begin - b.begin);
	const steps = bars.slice(1).map((bar, at) => bar.begin - bars[at]!.begin);
	return { bars, series, bucket: steps.length ? Math.min(...steps) : 3600000 };
}

export function SqlChart({ result }: { result: Result }) {
	const numbers = result.columns.map((column, at) => [column, at] as const).filter(([column]) => isNumber(column.type));
	const others = result.columns.map((column, at) => [column, at] as const).filter(([column]) => !isNumber(column.type));
	const [x, setX] = useState(String(others[0]?.[1] ?? 0));
	const [y, setY] = useState(String(numbers[0]?.[1] ?? 0));
	if (numbers.length === 0) return <Empty title="A chart needs a column of numbers: count(*), for example." />;
	const of = Number(x) < result.columns.length ? Number(x) : 0;
	const length = numbers.some(([, at]) => at === Number(y)) ? Number(y) : numbers[0]![1];
	const rows = result.rows.slice(0, 50);
	const most = Math.max(...rows.map((row) => Number(row[length])), 1);
	const timed = isTime(result.columns[of]!.type);
	const option = ([column, at]: readonly [{ name: string }, number]): [string, string] => [String(at), column.name];
	return (
		<div class="panel sql-chart">
			<div class="bar-row">
				<Choice
					label="What"
					value={String(of)}
					change={setX}
					options={(others.length ? others : numbers).map(option)}
				/>
				<Choice label="How much" value={String(length)} change={setY} options={numbers.map(option)} />
			</div>
			{timed ? (
				<TimeBars {...overTime(result, of, length)} height={220} />
			) : (
				<table class="plain">
					<tbody>
						{rows.map((row, at) => (
							<tr key={`${at} ${flat(row[of])}`}>
								<th scope="row">
									<Log text={flat(row[of])} />
								</th>
								<td class="wide">
									<meter min={0} max={most} value={Number(row[length])} aria-hidden="true" />
								</td>
								<td class="right num">{count(Number(row[length]))}</td>
							</tr>
						))}
					</tbody>
				</table>
			)}
			{!timed && result.rows.length > rows.length && (
				<p class="dim">
					The first {rows.length} of {count(result.rows.length)} rows.
				</p>
			)}
		</div>
	);
}
