// SPDX-License-Identifier: Apache-2.0
// What a view asks the API for: loaded when what it depends on changes, cancelled when it is not wanted any more.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { isAbort } from "../api";

export interface Loaded<T> {
	/** The last good answer; it stays while the next is on its way, and goes where that fails and was another question. */
	data: T | undefined;
	error: unknown;
	loading: boolean;
	reload: () => void;
}

interface State<T> {
	data: T | undefined;
	error: unknown;
	loading: boolean;
	/** What it depended on, and what `data` did. */
	of: unknown[];
	dataOf: unknown[];
}

const differs = (one: unknown[], two: unknown[]) => one.some((value, at) => value !== two[at]);

/** `every`: milliseconds after which it is asked again while the page is seen; 0 = once. */
export function useLoad<T>(ask: (signal: AbortSignal) => Promise<T>, deps: unknown[], every = 0): Loaded<T> {
	const [state, setState] = useState<State<T>>({ data: undefined, error: null, loading: true, of: deps, dataOf: deps });
	const [turn, setTurn] = useState(0);
	const latest = useRef(ask);
	latest.current = ask;
	useEffect(() => {
		const control = new AbortController();
		setState((was) => ({ ...was, loading: true, of: deps }));
		latest.current(control.signal).then(
			(data) => {
				if (!control.signal.aborted) setState({ data, error: null, loading: false, of: deps, dataOf: deps });
			},
			(error) => {
				if (!control.signal.aborted && !isAbort(error))
					setState((was) => {
						const data = differs(deps, was.dataOf) ? undefined : was.data;
						return { data, error, loading: false, of: deps, dataOf: deps };
					});
			},
		);
		return () => control.abort();
	}, [...deps, turn]);
	const reload = useCallback(() => setTurn((n) => n + 1), []);
	useEffect(() => {
		if (!every) return;
		const timer = setInterval(() => {
			if (!document.hidden) reload();
		}, every);
		return () => clearInterval(timer);
	}, [every, reload]);
	// What is at hand may be of the question before, until the effect has run.
	const stale = differs(deps, state.of);
	return { data: state.data, error: state.error, loading: state.loading || stale, reload };
}
