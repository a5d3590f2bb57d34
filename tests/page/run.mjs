// SPDX-License-Identifier: Apache-2.0
// run.mjs JOURNEY: one journey of journeys*.mjs, with what it needs to know as JSON in the environment (JOURNEY). Exit
// status 1 with a line that says what went wrong, and a picture of it.
import { journeys } from "./journeys.mjs";

const journey = journeys[process.argv[2]];
if (!journey) {
	console.error(`there is no journey ${process.argv[2]}: ${Object.keys(journeys).join(", ")}`);
	process.exit(2);
}
const people = [];
try {
	await journey(JSON.parse(process.env.JOURNEY), (person) => {
		people.push(person);
		return person;
	});
	for (const person of people) await person.end();
} catch (error) {
	for (const person of people) {
		await person.picture(`failed-${process.argv[2]}`).catch(() => {});
		for (const line of person.wrong) console.error(line);
	}
	console.error(error.stack ?? error);
	process.exit(1);
}
process.exit(0);
