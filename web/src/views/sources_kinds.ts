// SPDX-License-Identifier: Apache-2.0
// What can be connected, what one needs at hand for it, and the fields of its form.

export interface FieldOf {
	/** As the API calls it: an option of `pugmark connect` with _ for -. */
	name: string;
	label: string;
	help?: string;
	placeholder?: string;
	type?: "text" | "password" | "email" | "date" | "number" | "url" | "tick";
	required?: boolean;
	/** A choice of these. */
	options?: [value: string, text: string][];
}

/** Cloud and Data Center ask for different things. */
export interface Variant {
	id: string;
	title: string;
	fields: FieldOf[];
	/** A word on when it is the one to take. */
	about?: string;
}

export interface Kind {
	kind: string;
	title: string;
	/** One line: what its events are. */
	about: string;
	table: string;
	/** What one needs at hand. */
	needs: string[];
	variants: Variant[];
	more: string[];
}

const token = (label: string, help: string): FieldOf => ({
	name: "api_token",
	label,
	type: "password",
	required: true,
	help,
});

const cloud = (scopes: string): Variant => ({
	id: "cloud",
	title: "Cloud",
	fields: [
		{
			name: "domain",
			label: "Domain",
			placeholder: "acme.atlassian.net",
			required: true,
			help: "The site as it stands in the browser's address.",
		},
		{
			name: "mail",
			label: "Mail",
			type: "email",
			placeholder: "it@acme.example",
			required: true,
			help: "Of the account that the token belongs to.",
		},
		token("API token", `A classic one, or a scoped one with ${scopes}. pugmark finds out which.`),
	],
});

const dataCenter = (example: string): Variant => ({
	id: "dc",
	title: "Data Center",
	fields: [
		{
			name: "domain",
			label: "Base URL",
			placeholder: example,
			required: true,
			help: "With its path, without a page behind it.",
		},
		token("Personal access token", "Of a system administrator."),
	],
});

const tables: FieldOf = {
	name: "table",
	label: "Table",
	required: true,
	help: "Whose logs these are.",
	options: [
		["", "choose …"],
		["jira", "Jira"],
		["confluence", "Confluence"],
		["bitbucket", "Bitbucket"],
		["org", "Atlassian organisation"],
		["alerts", "alerts of other products"],
	],
};

const bucket: FieldOf[] = [
	{
		name: "bucket",
		label: "Bucket",
		placeholder: "s3://acme-audit/bitbucket/",
		required: true,
		help: "With the prefix; end it with a slash: …/jira also means …/jira-old.",
	},
	{ name: "region", label: "Region", placeholder: "eu-central-1", help: "Empty: the bucket is asked." },
	{
		name: "access_key_id",
		label: "Access key id",
		type: "password",
		help: "Of the reader. Empty: the role of this machine.",
	},
	{ name: "secret_access_key", label: "Secret access key", type: "password", help: "It belongs to the key id above." },
];

const network = ["ca_file", "proxy", "allow_private"];
const saving = ["allow_empty", "also"];
const api = ["name", "token_expires", "history", "interval", "look_back"];
const buckets = ["endpoint", "path_style", "role_arn", "external_id", "profile", "queue"];

export const kinds: Kind[] = [
	{
		kind: "jira",
		title: "Jira",
		about: "The audit log of Jira: administration, permissions, users, workflows.",
		table: "jira_audit_logs",
		needs: [
			"the domain: acme.atlassian.net",
			"an account with Administer Jira, and its mail address",
			"an API token of that account",
			"a paid plan of one Jira product",
		],
		variants: [cloud("read:audit-log:jira and read:user:jira"), dataCenter("https://jira.example.com/jira")],
		more: [...api, "gateway", ...network, ...saving],
	},
	{
		kind: "confluence",
		title: "Confluence",
		about: "The audit log of Confluence: spaces, permissions, users, settings.",
		table: "confluence_audit_logs",
		needs: [
			"the domain: acme.atlassian.net",
			"an account that is Confluence Administrator, and its mail address",
			"an API token of that account",
			"a plan other than Free",
		],
		variants: [cloud("read:audit-log:confluence"), dataCenter("https://confluence.example.com")],
		more: [...api, "gateway", ...network, ...saving],
	},
	{
		kind: "bitbucket",
		title: "Bitbucket",
		about: "The log files of Bitbucket Data Center, sent to a bucket by pugmark ship.",
		table: "bitbucket_audit_logs",
		needs: [
			"a bucket (AWS, MinIO, Ceph …) that the nodes send log/audit to",
			"keys, or a role, that may read it",
			"the bucket's region",
		],
		variants: [{ id: "", title: "", fields: bucket }],
		more: ["name", ...buckets, "interval", "look_back", ...network, ...saving],
	},
	{
		kind: "bitbucket-dc",
		title: "Bitbucket by its REST API",
		about: "The same log, where nobody may install anything on the server. The files have more.",
		table: "bitbucket_audit_logs",
		needs: ["the base URL", "an HTTP access token of a system administrator"],
		variants: [
			{
				id: "",
				title: "",
				fields: [
					{ name: "domain", label: "Base URL", placeholder: "https://bitbucket.example.com", required: true },
					token("HTTP access token", "Of a system administrator's account; a project's token does not do."),
					{
						name: "interval",
						label: "Interval",
						placeholder: "15m",
						help: "Each reading is an event of the log itself: every 15 minutes is a good measure.",
					},
				],
			},
		],
		more: ["name", "token_expires", "history", "look_back", ...network, ...saving],
	},
	{
		kind: "org",
		title: "Atlassian organisation",
		about: "Events of admin.atlassian.com: sign-ins, groups, policies, tokens.",
		table: "atlassian_org_events",
		needs: ["Atlassian Guard Standard", "the organisation's id", "an API key without scopes"],
		variants: [
			{
				id: "",
				title: "",
				fields: [
					{
						name: "org_id",
						label: "Organisation id",
						placeholder: "b9d345cf-ba49-4b71-8159-c55fabe88c28",
						required: true,
						help: "In the address of admin.atlassian.com, after /o/.",
					},
					token("API key", "Without scopes; it is shown once."),
				],
			},
		],
		more: ["name", "token_expires", "history", "interval", "look_back", "requests_per_minute", ...network, ...saving],
	},
	{
		kind: "s3",
		title: "A bucket of log files",
		about: "Any bucket with audit files: AWS, MinIO, Ceph, Swift.",
		table: "",
		needs: ["the bucket and its prefix", "keys, or a role, that may read it", "which product's logs they are"],
		variants: [{ id: "", title: "", fields: [bucket[0]!, tables, ...bucket.slice(1)] }],
		more: ["name", ...buckets, "interval", "look_back", ...network, ...saving],
	},
	{
		kind: "folder",
		title: "A folder on this machine",
		about: "log/audit of a node that pugmark runs on, followed line by line.",
		table: "",
		needs: ["the folder's path", "the right to read it", "which product's logs they are"],
		variants: [
			{
				id: "",
				title: "",
				fields: [
					{
						name: "path",
						label: "Folder",
						placeholder: "/var/atlassian/application-data/bitbucket/log/audit",
						required: true,
						help: "In full, as the server that runs pugmark sees it.",
					},
					tables,
				],
			},
		],
		more: ["name", "node", "interval", ...saving],
	},
];

/** What stands under "More". */
export const moreFields: Record<string, FieldOf> = Object.fromEntries(
	(
		[
			{
				name: "name",
				label: "Name",
				placeholder: "jira-acme",
				help: "What the source is called everywhere. Empty: after kind and site.",
			},
			{ name: "token_expires", label: "Token expires", type: "date", help: "You are warned two weeks before." },
			{
				name: "history",
				label: "History from",
				placeholder: "-90d",
				help: "2026-01-01, or -90d. Empty: all that there is.",
			},
			{ name: "interval", label: "Interval", placeholder: "60s", help: "Between two readings: 30s, 15m, 1h." },
			{
				name: "look_back",
				label: "Look-back",
				placeholder: "1h",
				help: "How far each reading goes back for events that come late.",
			},
			{
				name: "gateway",
				label: "Gateway",
				type: "url",
				placeholder: "https://api.atlassian.com",
				help: "Where scoped tokens go.",
			},
			{
				name: "requests_per_minute",
				label: "Requests per minute",
				type: "number",
				placeholder: "10",
				help: "At most.",
			},
			{
				name: "endpoint",
				label: "Endpoint",
				placeholder: "https://s3.example.com",
				help: "Of an S3 server that is not AWS, without the bucket.",
			},
			{ name: "path_style", label: "The bucket stands in the path of the address", type: "tick" },
			{
				name: "role_arn",
				label: "Role ARN",
				placeholder: "arn:aws:iam::444455556666:role/pugmark-reader",
				help: "Where the bucket belongs to another account.",
			},
			{ name: "external_id", label: "External id", help: "What the role's trust policy asks for." },
			{ name: "profile", label: "AWS profile", help: "Of ~/.aws on the server." },
			{
				name: "queue",
				label: "SQS queue",
				placeholder: "https://sqs.eu-central-1.amazonaws.com/…",
				help: "It hears of new objects: seconds instead of minutes.",
			},
			{
				name: "node",
				label: "Node",
				help: "Where the lines do not name it (Jira, Confluence): then missing files are seen.",
			},
			{
				name: "ca_file",
				label: "CA file",
				placeholder: "/etc/ssl/acme.pem",
				help: "On the server: authorities to trust beside the system's, for this source alone.",
			},
			{
				name: "proxy",
				label: "Proxy",
				placeholder: "http://proxy.example.com:3128",
				help: "Needs private addresses to be allowed.",
			},
			{ name: "allow_private", label: "The host may have a private address, or be this machine", type: "tick" },
			{ name: "allow_empty", label: "Save it also where there is no event, or the test warns", type: "tick" },
			{ name: "also", label: "A second source of the same events: kept, but out of views and rules", type: "tick" },
		] as FieldOf[]
	).map((field) => [field.name, field]),
);

export function kindOf(kind: string): Kind | undefined {
	return kinds.find((one) => one.kind === kind);
}

export type Values = Record<string, string>;

/** The body of a request: ticks as booleans, numbers as numbers, what is empty left out. */
export function bodyOf(kind: Kind, variant: Variant, values: Values): Record<string, unknown> {
	const body: Record<string, unknown> = { kind: kind.kind };
	for (const field of [...variant.fields, ...kind.more.map((name) => moreFields[name]!)]) {
		const value = values[field.name]?.trim();
		if (!value) continue;
		body[field.name] = field.type === "tick" ? true : field.type === "number" ? Number(value) : value;
	}
	return body;
}
