// SPDX-License-Identifier: Apache-2.0
// The time picker: spans that end now, all time, or from and to.
import { useState } from "preact/hooks";
import { Field } from "./form";
import { time } from "./show";

export const spans: [since: string, text: string][] = [
	["-15m", "last 15 min"],
	["-1h", "last hour"],
	["-24h", "last 24 h"],
	["-7d", "last 7 days"],
	["-30d", "last 30 days"],
	["-90d", "last 90 days"],
	["", "all time"],
];

/** What the picker's button says. */
function spanText(since: string, until: string): string {
	const known = spans.find(([value]) => value === since);
	if (known && !until) return known[1];
	const say = (text: string) => (/^\d{4}-/.test(text) ? time(text, false) : text);
	return `${since ? say(since) : "the beginning"} – ${until ? say(until) : "now"}`;
}

/** A time field's value (the viewer's zone) of a time of the API, and back. */
function local(text: string): string {
	const at = new Date(text);
	if (!text || Number.isNaN(at.getTime())) return "";
	return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 19).replace("T", " ");
}
function absolute(text: string): string | null {
	if (!text.trim()) return "";
	if (/^(-\d+[smhdw]|now|today|yesterday)$/.test(text.trim())) return text.trim();
	const at = new Date(text.trim().replace(" ", "T"));
	return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

export function Spans(props: { since: string; until: string; change: (since: string, until: string) => void }) {
	const { since, until, change } = props;
	const [open, setOpen] = useState(false);
	const [from, setFrom] = useState("");
	const [to, setTo] = useState("");
	const toggle = () => {
		setFrom(local(since) || since);
		setTo(local(until) || until);
		setOpen(!open);
	};
	const pick = (low: string, high: string) => {
		setOpen(false);
		change(low, high);
	};
	const low = absolute(from);
	const high = absolute(to);
	return (
		<div class="spans" role="group" aria-label="time" onKeyDown={(event) => event.key === "Escape" && setOpen(false)}>
			<button
				type="button"
				aria-expanded={open}
				onClick={toggle}
				title="times are of your zone; UTC on hover of each event"
			>
				{spanText(since, until)} <span aria-hidden="true">▾</span>
			</button>
			{open && (
				<div class="spans-box">
					<div class="spans-list">
						{spans.map(([value, text]) => (
							<button
								type="button"
								key={value}
								aria-pressed={value === since && !until}
								onClick={() => pick(value, "")}
							>
								{text}
							</button>
						))}
					</div>
					<form
						onSubmit={(event) => {
							event.preventDefault();
							if (low !== null && high !== null) pick(low, high);
						}}
					>
						<Field
							label="From"
							value={from}
							change={setFrom}
							placeholder="2026-01-31 09:30"
							wrong={low === null ? "A time is 2026-01-31 09:30, or -7d." : null}
						/>
						<Field
							label="To, without it"
							value={to}
							change={setTo}
							placeholder="now"
							wrong={high === null ? "A time is 2026-01-31 09:30, or -7d." : null}
						/>
						<button type="submit" class="main" disabled={low === null || high === null}>
							Use
						</button>
					</form>
				</div>
			)}
		</div>
	);
}
