// SPDX-License-Identifier: Apache-2.0
// Builds the page and writes it as C: node embed.mjs FOLDER FILE.c. Each file is packed by gzip, as it is sent.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const [folder, target] = process.argv.slice(2);
const here = fileURLToPath(new URL(".", import.meta.url));

let vite;
try {
	vite = await import("vite");
} catch {
	console.error("web: the packages of web/package.json are not there: scripts/setup.sh --build-only installs them");
	process.exit(1);
}
await vite.build({ root: here, logLevel: "warn", build: { outDir: folder, emptyOutDir: true } });

const types = {
	".html": "text/html; charset=utf-8",
	".js": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml",
};

const files = readdirSync(folder, { recursive: true, withFileTypes: true })
	.filter((entry) => entry.isFile())
	.map((entry) => join(entry.parentPath ?? entry.path, entry.name))
	.sort();
let code = '/* Made by web/embed.mjs. */\n#include "http/page.h"\n\n';
let rows = "";
files.forEach((file, at) => {
	const type = types[extname(file)];
	if (!type) throw new Error(`web: ${file} is of no kind that the page has`);
	const bytes = readFileSync(file);
	const packed = gzipSync(bytes, { level: 9 });
	const tag = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
	const path = `/${relative(folder, file)}`;
	code += `static const unsigned char file_${at}[] = {${packed.join(",")}};\n`;
	rows += `\t{"${path}", "${type}", "\\"${tag}\\"", file_${at}, sizeof(file_${at}), ${bytes.length}, ${path.startsWith("/assets/")}},\n`;
});
// Views are paths of the page too: all of them are index.html.
const views = [...readFileSync(join(here, "src/app/views.ts"), "utf8").matchAll(/\bpath: "([a-z]*)"/g)].map((found) => found[1]);
if (!views.includes("search")) throw new Error("web: src/app/views.ts has no paths that embed.mjs can read");
code += `\nconst struct page_file page_files[] = {\n${rows}\t{0},\n};\n`;
code += `\nconst char *const page_views[] = {${views.map((view) => `"${view}", `).join("")}NULL};\n`;
writeFileSync(target, code);
