// SPDX-License-Identifier: Apache-2.0
// The page is built into files that the program embeds. `npm run dev` serves it from here instead, with the API of a
// running `pugmark http` behind it: PUGMARK_URL (http://127.0.0.1:8480) and PUGMARK_TOKEN (of a token, role admin).
import type { IncomingMessage } from "node:http";
import { defineConfig, type Plugin, type ProxyOptions } from "vite";

const server = process.env.PUGMARK_URL ?? "http://127.0.0.1:8480";
const token = process.env.PUGMARK_TOKEN;

// With a token nobody signs in: the session is made up here.
const signedIn: Plugin = {
	name: "signed-in",
	apply: "serve",
	configureServer(vite) {
		vite.middlewares.use("/api/v1/session", (request: IncomingMessage, reply, next) => {
			if (!token || request.method !== "GET") return next();
			reply.setHeader("Content-Type", "application/json");
			reply.end(JSON.stringify({ name: "dev", role: "admin", csrf: "", expires: null, must_change: false }));
		});
	},
};

const behind: ProxyOptions = {
	target: server,
	changeOrigin: true,
	configure(proxy) {
		proxy.on("proxyReq", (request) => {
			request.removeHeader("origin");
			request.removeHeader("sec-fetch-site");
			if (token) request.setHeader("authorization", `Bearer ${token}`);
		});
	},
};

export default defineConfig({
	plugins: [signedIn],
	esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
	build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
	server: { proxy: { "/api": behind } },
});
