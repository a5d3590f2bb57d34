// SPDX-License-Identifier: Apache-2.0
// "?": the keys of the view at hand.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { keys } from "./keys";

const open = signal(false);

export function openHelp() {
	open.value = true;
}

export function Help() {
	const box = useRef<HTMLDialogElement>(null);
	const shown = open.value;
	useEffect(() => {
		if (shown && !box.current?.open) box.current?.showModal();
	}, [shown]);
	if (!shown) return null;
	const close = () => {
		box.current?.close();
		open.value = false;
	};
	return (
		<dialog ref={box} aria-labelledby="help-title" onCancel={close}>
			<h2 id="help-title">Keys</h2>
			<dl class="keys">
				{keys.value.map((key) => (
					<div key={key.key}>
						<dt>
							<kbd>{key.key.replace("mod+k", "Ctrl K")}</kbd>
						</dt>
						<dd>{key.what}</dd>
					</div>
				))}
				<div>
					<dt>
						<kbd>Escape</kbd>
					</dt>
					<dd>close what is open</dd>
				</div>
			</dl>
			<p class="dim">Everything is also on the command line: pugmark help.</p>
			<div class="buttons">
				<button type="button" class="main" onClick={close}>
					Close
				</button>
			</div>
		</dialog>
	);
}
