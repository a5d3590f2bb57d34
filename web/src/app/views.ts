// SPDX-License-Identifier: Apache-2.0
// All views, by the first part of their path. Each is loaded when it is first opened.
import type { ComponentType } from "preact";
import type { Role } from "./session";

export interface View {
	/** The first part of the path. */
	path: string;
	title: string;
	role: Role;
	/** Whether the header has it. */
	header: boolean;
	load: () => Promise<ComponentType>;
}

export const views: View[] = [
	{
		path: "",
		title: "Overview",
		role: "viewer",
		header: true,
		load: () => import("../views/overview").then((m) => m.Overview),
	},
	{
		path: "search",
		title: "Search",
		role: "viewer",
		header: true,
		load: () => import("../views/search").then((m) => m.Search),
	},
	{ path: "ioc", title: "IOC", role: "viewer", header: true, load: () => import("../views/ioc").then((m) => m.Ioc) },
	{
		path: "alerts",
		title: "Alerts",
		role: "viewer",
		header: true,
		load: () => import("../views/alerts").then((m) => m.Alerts),
	},
	{
		path: "rules",
		title: "Rules",
		role: "viewer",
		header: true,
		load: () => import("../views/rules").then((m) => m.Rules),
	},
	{
		path: "sources",
		title: "Sources",
		role: "viewer",
		header: true,
		load: () => import("../views/sources").then((m) => m.Sources),
	},
	{
		path: "entity",
		title: "Entity",
		role: "viewer",
		header: false,
		load: () => import("../views/entity").then((m) => m.Entity),
	},
	{ path: "sql", title: "SQL", role: "viewer", header: false, load: () => import("../views/sql").then((m) => m.Sql) },
	{
		path: "settings",
		title: "Settings",
		role: "viewer",
		header: true,
		load: () => import("../views/settings").then((m) => m.Settings),
	},
];
