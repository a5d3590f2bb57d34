// SPDX-License-Identifier: Apache-2.0
// The parts of a view, each with an address of its own.

export function Tabs({ label, tabs, at }: { label: string; tabs: [href: string, text: string][]; at: string }) {
	return (
		<nav class="tabs" aria-label={label}>
			{tabs.map(([href, text]) => (
				<a key={href} href={href} aria-current={href === at ? "page" : undefined}>
					{text}
				</a>
			))}
		</nav>
	);
}
