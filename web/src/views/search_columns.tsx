// SPDX-License-Identifier: Apache-2.0
// Which columns the table of events has, and its order.
import { useEffect, useState } from "preact/hooks";
import { change } from "../app/place";
import { Choice } from "../parts/form";
import { allFields } from "../parts/query_bar";

export const defaultColumns = "actor,action,target,ip";

export function Columns({ columns, order }: { columns: string[]; order: string }) {
	const [names, setNames] = useState<string[]>([]);
	useEffect(() => {
		allFields().then(
			(fields) => setNames(fields.map((field) => field.name)),
			() => {}, // the columns stay as they are
		);
	}, []);
	const add = (name: string) => {
		if (name) change({ columns: [...columns, name].join(",") }, true);
	};
	return (
		<div class="bar-row tight">
			<Choice
				bare
				label="add a column"
				value=""
				change={add}
				options={[
					["", "+ column"],
					...names.filter((name) => !columns.includes(name)).map((name): [string, string] => [name, name]),
				]}
			/>
			<Choice
				bare
				label="order"
				value={order}
				change={(value) => change({ order: value }, true)}
				options={[
					["", "newest first"],
					["oldest", "oldest first"],
				]}
			/>
			{columns.join(",") !== defaultColumns && (
				<button type="button" class="quiet" onClick={() => change({ columns: null }, true)}>
					usual columns
				</button>
			)}
		</div>
	);
}
