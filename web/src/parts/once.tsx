// SPDX-License-Identifier: Apache-2.0
// A secret that is shown once: a token, a made-up password, a hook's secret.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { say, sayFailed } from "./notice";

export function Once({
	title,
	secret,
	done,
	children,
}: {
	title: string;
	secret: string;
	done: () => void;
	children?: ComponentChildren;
}) {
	const box = useRef<HTMLElement>(null);
	useEffect(() => box.current?.focus(), [secret]);
	return (
		<section class="panel once" ref={box} tabIndex={-1} aria-label={title}>
			<h2>{title}</h2>
			<p>
				<code>{secret}</code>
			</p>
			<p class="dim">It is shown now and never again: keep it where secrets are kept.</p>
			{children}
			<div class="buttons">
				<button
					type="button"
					class="main"
					onClick={() => navigator.clipboard.writeText(secret).then(() => say("Copied"), sayFailed)}
				>
					Copy
				</button>
				<button type="button" onClick={done}>
					I have kept it
				</button>
			</div>
		</section>
	);
}
