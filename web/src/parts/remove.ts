// SPDX-License-Identifier: Apache-2.0
// What is removed for good: a person is asked, it goes, and it is said that it went.
import { call } from "../api";
import { confirmLoss } from "./dialog";
import { say, sayFailed } from "./notice";

/** `asked`: what `confirmLoss` asks; `done`: what is said then. True: it is gone; false: it was refused, which is said; null: the person wants it kept. */
export async function remove(
	path: string,
	asked: { title: string; text: string; yes: string },
	done: string,
): Promise<boolean | null> {
	if (!(await confirmLoss(asked.title, asked.text, asked.yes))) return null;
	try {
		await call("DELETE", path);
		say(done);
		return true;
	} catch (reason) {
		sayFailed(reason);
		return false;
	}
}
