// SPDX-License-Identifier: Apache-2.0
// Whether the page is as narrow as a phone: tables have fewer columns then.
import { useEffect, useState } from "preact/hooks";

const query = matchMedia("(max-width: 760px)");

export function useNarrow(): boolean {
	const [narrow, setNarrow] = useState(query.matches);
	useEffect(() => {
		const note = () => setNarrow(query.matches);
		query.addEventListener("change", note);
		return () => query.removeEventListener("change", note);
	}, []);
	return narrow;
}
