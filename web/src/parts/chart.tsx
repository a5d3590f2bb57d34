// SPDX-License-Identifier: Apache-2.0
// Bars over time, in parts, with a brush to zoom; and small lines of bars without axes. SVG of our own: a chart library
// would weigh more than the rest of the page, and sets markup and styles that the page's policy forbids.
import { useEffect, useRef, useState } from "preact/hooks";
import { count, tableName, tick, time } from "./show";

export interface Bar {
	/** Milliseconds since 1970. */
	begin: number;
	/** How much of each series. */
	parts: number[];
}

function niceTop(most: number): number {
	const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
	return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= most) ?? most;
}

const total = (bar: Bar) => bar.parts.reduce((sum, n) => sum + n, 0);

/** Times where lines are drawn: at whole hours, days … of the viewer's zone. */
function ticks(begin: number, end: number, most: number): { at: number; step: number }[] {
	const steps = [
		1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000,
		7776000, 31536000,
	].map((s) => s * 1000);
	const step = steps.find((s) => (end - begin) / s <= most) ?? steps.at(-1)!;
	const shift = new Date(begin).getTimezoneOffset() * 60000;
	const list = [];
	for (let at = Math.ceil((begin - shift) / step) * step + shift; at < end; at += step) list.push({ at, step });
	return list;
}

/** `series`: names of the parts; `zoom`: a stretch was brushed, in milliseconds. */
export function TimeBars(props: {
	bars: Bar[];
	bucket: number;
	series: string[];
	height?: number;
	zoom?: (begin: number, end: number) => void;
}) {
	const { bars, bucket, series, height = 96, zoom } = props;
	const box = useRef<HTMLDivElement>(null);
	const [width, setWidth] = useState(600);
	const [brush, setBrush] = useState<{ from: number; to: number } | null>(null);
	const [over, setOver] = useState<number | null>(null);
	useEffect(() => {
		const watch = new ResizeObserver(([entry]) => setWidth(Math.max(80, Math.floor(entry!.contentRect.width))));
		watch.observe(box.current!);
		return () => watch.disconnect();
	}, []);
	const first = bars[0];
	const last = bars.at(-1);
	if (!first || !last) return <div ref={box} />;
	const begin = first.begin;
	const end = last.begin + bucket;
	const top = niceTop(Math.max(...bars.map(total)));
	const axis = 16;
	const x = (at: number) => ((at - begin) / (end - begin)) * width;
	const y = (n: number) => height - (n / top) * (height - 6);
	const timeAt = (px: number) => begin + (Math.min(Math.max(px, 0), width) / width) * (end - begin);
	const place = (event: PointerEvent) => event.clientX - box.current!.getBoundingClientRect().left;
	const barAt = (px: number) => bars.findLastIndex((bar) => bar.begin <= timeAt(px));
	const bar = over === null ? undefined : bars[over];
	const label = `${count(bars.reduce((sum, b) => sum + total(b), 0))} events from ${time(new Date(begin).toISOString(), false)} to ${time(new Date(end).toISOString(), false)}`;
	const snapped = (from: number, to: number): [number, number] => {
		const low = timeAt(Math.min(from, to));
		const high = timeAt(Math.max(from, to));
		return [
			begin + Math.floor((low - begin) / bucket) * bucket,
			Math.min(end, begin + Math.ceil((high - begin) / bucket) * bucket),
		];
	};
	return (
		<div class="chart" ref={box}>
			<svg
				width={width}
				height={height + axis}
				role="img"
				aria-label={label}
				class={zoom ? "brushable" : ""}
				onPointerDown={(event) => {
					if (!zoom || event.button !== 0) return;
					event.currentTarget.setPointerCapture(event.pointerId);
					setBrush({ from: place(event), to: place(event) });
				}}
				onPointerMove={(event) => {
					setOver(barAt(place(event)));
					if (brush) setBrush({ from: brush.from, to: place(event) });
				}}
				onPointerUp={(event) => {
					if (!brush) return;
					setBrush(null);
					const [low, high] = snapped(brush.from, place(event));
					if (Math.abs(brush.from - place(event)) > 3) zoom?.(low, high);
					else if (bucket < end - begin) zoom?.(low, low + bucket);
				}}
				onPointerCancel={() => setBrush(null)}
				onPointerLeave={() => setOver(null)}
			>
				<line class="grid" x1={0} x2={width} y1={y(top)} y2={y(top)} />
				<text class="axis" x={2} y={y(top) + 10}>
					{count(top)}
				</text>
				{ticks(begin, end, Math.max(2, Math.floor(width / 110))).map(({ at, step }) => (
					<g key={at}>
						<line class="grid" x1={x(at)} x2={x(at)} y1={height} y2={height + 4} />
						<text class="axis" x={Math.min(x(at) + 3, width - 60)} y={height + 13}>
							{tick(at, step)}
						</text>
					</g>
				))}
				{bars.map((b) => {
					let base = 0;
					const left = x(b.begin);
					const wide = Math.max(1, x(b.begin + bucket) - left - (bars.length < width / 4 ? 1 : 0));
					return b.parts.map((n, at) => {
						if (!n) return null;
						const low = y(base);
						base += n;
						const high = Math.min(y(base), low - 0.75);
						return (
							<rect key={series[at]} class={`bar s${at % 5}`} x={left} y={high} width={wide} height={low - high} />
						);
					});
				})}
				<line class="base" x1={0} x2={width} y1={height + 0.5} y2={height + 0.5} />
				{bar && (
					<line class="cursor" x1={x(bar.begin + bucket / 2)} x2={x(bar.begin + bucket / 2)} y1={0} y2={height} />
				)}
				{brush && (
					<rect
						class="brush"
						x={Math.min(brush.from, brush.to)}
						y={0}
						width={Math.abs(brush.to - brush.from)}
						height={height}
					/>
				)}
			</svg>
			{bar && (
				<div class={x(bar.begin) > width / 2 ? "tip left" : "tip"}>
					<div class="num">{time(new Date(bar.begin).toISOString(), bucket < 1000)}</div>
					{series.length > 1 &&
						series.map((name, at) =>
							bar.parts[at] ? (
								<div key={name}>
									<span class={`swatch s${at % 5}`} /> {tableName(name)} <b class="num">{count(bar.parts[at]!)}</b>
								</div>
							) : null,
						)}
					<div>
						<b class="num">{count(total(bar))}</b> in all
					</div>
				</div>
			)}
			{series.length > 1 && (
				<div class="legend">
					{series.map((name, at) => (
						<span key={name}>
							<span class={`swatch s${at % 5}`} /> {tableName(name)}
						</span>
					))}
				</div>
			)}
		</div>
	);
}

/** A line of bars without axes; `label` says in words what it shows. */
export function Spark({
	values,
	label,
	width = 120,
	height = 20,
}: {
	values: number[];
	label: string;
	width?: number;
	height?: number;
}) {
	const top = Math.max(...values, 1);
	const step = width / Math.max(values.length, 1);
	return (
		<svg class="spark" width={width} height={height} role="img" aria-label={label}>
			{values.map((n, at) => {
				const tall = n ? Math.max(1, (n / top) * height) : 0;
				return <rect key={at} x={at * step} y={height - tall} width={Math.max(0.8, step - 0.6)} height={tall} />;
			})}
		</svg>
	);
}
