// SPDX-License-Identifier: Apache-2.0
// A table that may be wider than the room there is: what scrolls can be reached by keys.
import type { ComponentChildren } from "preact";

export function Scroll({ label, panel, children }: { label: string; panel?: boolean; children: ComponentChildren }) {
	return (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
		<section class={panel ? "scroll panel" : "scroll"} tabIndex={0} aria-label={`${label}, as a table`}>
			{children}
		</section>
	);
}
