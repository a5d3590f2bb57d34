// SPDX-License-Identifier: Apache-2.0
// How many alerts there are, by severity and state; each number leads to them.
import { address } from "../app/place";
import type { AlertCounts } from "../parts/alert";
import { Empty } from "../parts/notice";
import { count } from "../parts/show";
import { levels, Severity } from "../parts/text";

const states = ["open", "acknowledged", "closed"] as const;

export function Severities({ counts }: { counts: AlertCounts }) {
	const all = states.reduce((sum, state) => sum + levels.reduce((n, level) => n + counts[state][level], 0), 0);
	if (all === 0)
		return (
			<Empty title="No rule has found anything yet.">
				<a href="/rules">What they look for</a>
			</Empty>
		);
	const most = Math.max(1, ...levels.map((level) => counts.open[level]));
	return (
		<div class="scroll">
			<table class="plain severities">
				<thead>
					<tr>
						<th scope="col">Severity</th>
						{states.map((state) => (
							<th scope="col" key={state} class="right">
								{state}
							</th>
						))}
						<td class="wide" />
					</tr>
				</thead>
				<tbody>
					{levels.map((level) => (
						<tr key={level}>
							<th scope="row">
								<Severity level={level} />
							</th>
							{states.map((state) => (
								<td key={state} class="right num">
									{counts[state][level] ? (
										<a
											href={address("/alerts", { levels: level, state })}
											aria-label={`${count(counts[state][level])} ${level}, ${state}`}
										>
											{count(counts[state][level])}
										</a>
									) : (
										<span class="dim">0</span>
									)}
								</td>
							))}
							<td class="wide">
								<meter min={0} max={most} value={counts.open[level]} aria-hidden="true" />
							</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}
