// SPDX-License-Identifier: Apache-2.0
// The steps in Atlassian's and AWS's consoles, in plain words, beside the form.
import type { ComponentChildren } from "preact";
import { say, sayFailed } from "../parts/notice";
import type { Values } from "./sources_kinds";

function Policy({ text, about }: { text: string; about: string }) {
	return (
		<div class="policy">
			<pre>{text}</pre>
			<button
				type="button"
				aria-label={`copy the ${about}`}
				onClick={() => navigator.clipboard.writeText(text).then(() => say("The policy is copied."), sayFailed)}
			>
				Copy the policy
			</button>
		</div>
	);
}

function place(values: Values): { name: string; prefix: string } {
	const [name = "", ...rest] = (values.bucket ?? "").replace(/^s3:\/\//, "").split("/");
	const prefix = rest.join("/").replace(/\/+$/, "");
	const clean = (text: string) => text.replace(/[^A-Za-z0-9._/-]/g, "");
	return { name: clean(name) || "acme-audit", prefix: clean(prefix) || (name ? "" : "bitbucket") };
}

function readerPolicy(values: Values): string {
	const { name, prefix } = place(values);
	const list: Record<string, unknown> = { Effect: "Allow", Action: "s3:ListBucket", Resource: `arn:aws:s3:::${name}` };
	if (prefix) list.Condition = { StringLike: { "s3:prefix": `${prefix}/*` } };
	const read = {
		Effect: "Allow",
		Action: "s3:GetObject",
		Resource: `arn:aws:s3:::${name}/${prefix ? `${prefix}/` : ""}*`,
	};
	return JSON.stringify({ Version: "2012-10-17", Statement: [list, read] }, null, 2);
}

function writerPolicy(values: Values): string {
	const { name, prefix } = place(values);
	const write = {
		Effect: "Allow",
		Action: "s3:PutObject",
		Resource: `arn:aws:s3:::${name}/${prefix ? `${prefix}/` : ""}*`,
	};
	return JSON.stringify({ Version: "2012-10-17", Statement: [write] }, null, 2);
}

function Part({ title, steps, children }: { title: string; steps: ComponentChildren[]; children?: ComponentChildren }) {
	return (
		<section>
			<h3>{title}</h3>
			<ol>
				{steps.map((step, at) => (
					<li key={at}>{step}</li>
				))}
			</ol>
			{children}
		</section>
	);
}

function CloudToken({ product }: { product: "Jira" | "Confluence" }) {
	const jira = product === "Jira";
	return (
		<>
			<Part
				title="The account"
				steps={[
					<>
						Best one of its own, so that it does not leave with a person:{" "}
						<b>admin.atlassian.com → Directory → Service accounts → Create</b>, with access to {product}.
					</>,
					jira ? (
						<>
							Give it the global permission <b>Administer Jira</b>: in Jira, the cog wheel →{" "}
							<b>System → Global permissions</b>.
						</>
					) : (
						<>
							Give it the permission <b>Confluence Administrator</b>.
						</>
					),
				]}
			/>
			<Part
				title="The token"
				steps={[
					<>
						Signed in as that account: <b>id.atlassian.com → Security → Create and manage API tokens</b>. For a service
						account: open it in admin.atlassian.com → <b>Create credentials → API token</b>.
					</>,
					<>
						<b>Create API token with scopes</b>: a name, an end (a year at most), the app {product}, and{" "}
						{jira ? (
							<>
								the scopes <code>read:audit-log:jira</code> and <code>read:user:jira</code>.
							</>
						) : (
							<>
								the scope <code>read:audit-log:confluence</code>.
							</>
						)}{" "}
						Or <b>Create API token</b>, the classic kind, which may do all that its account may.
					</>,
					<>Copy it. It is shown once; here it is sealed, and never shown again.</>,
				]}
			>
				{!jira && (
					<p class="dim">
						A scoped token is for one app: Jira and Confluence take one each. A classic one serves both.
					</p>
				)}
			</Part>
			<p class="dim">
				{jira
					? "Not in this log: changes of issues, comments, sign-ins. Sign-ins come with the Atlassian organisation."
					: "Not in this log: edits and views of pages, sign-ins. Sign-ins come with the Atlassian organisation."}
			</p>
		</>
	);
}

function DataCenterToken({ product }: { product: "Jira" | "Confluence" }) {
	const jira = product === "Jira";
	return (
		<Part
			title="The token"
			steps={[
				<>
					As a system administrator: your picture →{" "}
					<b>{jira ? "Profile" : "Settings"} → Personal Access Tokens → Create token</b>; a name, an end or none.
				</>,
				<>
					What is logged is the <i>coverage</i>:{" "}
					<b>Administration → {jira ? "System" : "General configuration"} → Audit log</b> → its settings.{" "}
					{jira && "Sign-ins and failed ones need Full for security."}
				</>,
				<>
					Where rate limiting is on (<b>{jira ? "System" : "General configuration"} → Rate limiting</b>), exempt the
					account.
				</>,
				<>
					A host of your own network needs a tick under <b>More</b>: its address may be private.
				</>,
			]}
		/>
	);
}

function Reader({ values }: { values: Values }) {
	return (
		<Part
			title="The reader, for pugmark"
			steps={[
				<>
					<b>IAM → Policies → Create policy → JSON</b>: the policy below.
				</>,
				<>
					<b>IAM → Users → Create user</b>, without console access; attach the policy;{" "}
					<b>Security credentials → Create access key</b>. Or attach it to the role of the machine that pugmark runs on,
					and leave both keys empty.
				</>,
				<>
					A bucket that is encrypted with a key of your own takes <code>kms:Decrypt</code> on that key too.
				</>,
			]}
		>
			<Policy text={readerPolicy(values)} about="policy of the reader" />
		</Part>
	);
}

function BitbucketBucket({ values }: { values: Values }) {
	return (
		<>
			<Part
				title="The bucket"
				steps={[
					<>
						AWS console → <b>S3 → Create bucket</b>: a name, your region, <b>Block all public access</b> on. Versioning
						and Object Lock may be on.
					</>,
				]}
			/>
			<Part
				title="The writer, for the nodes"
				steps={[
					<>
						<b>IAM → Policies → Create policy → JSON</b>: the policy below.
					</>,
					<>
						<b>IAM → Users → Create user</b>, attach it, <b>Create access key</b>. On nodes that are EC2 machines take a
						role instead.
					</>,
					<>
						On each node:{" "}
						<code>
							pugmark ship s3://{place(values).name}/{place(values).prefix || "bitbucket"}
						</code>
						. It sends what is there, then each new line within a minute.
					</>,
				]}
			>
				<Policy text={writerPolicy(values)} about="policy of the writer" />
			</Part>
			<Reader values={values} />
			<p class="dim">Bitbucket: Administration → Audit log → settings. Failed sign-ins need the coverage Advanced.</p>
		</>
	);
}

function Organisation() {
	return (
		<Part
			title="The key"
			steps={[
				<>
					The organisation needs <b>Atlassian Guard Standard</b>.
				</>,
				<>
					As its administrator: <b>admin.atlassian.com → the organisation → Settings → API keys</b>.
				</>,
				<>
					<b>Create API key</b>, <i>without scopes</i>: the events take no key with scopes. A name, an end (a year at
					most).
				</>,
				<>
					Copy the organisation id and the key. The id also stands in the address after <code>/o/</code>; the key is
					shown once.
				</>,
			]}
		/>
	);
}

function BitbucketApi() {
	return (
		<Part
			title="The token"
			steps={[
				<>
					As a system administrator: your picture → <b>Manage account → HTTP access tokens → Create token</b>.
				</>,
				<>
					What is logged: <b>Administration → Audit log</b> → its settings. Failed sign-ins need the coverage{" "}
					<i>Advanced</i>.
				</>,
				<>
					Where rate limiting is on (<b>Administration → Rate limiting</b>), exempt the account.
				</>,
				<>Each reading of the log is itself an event of the log: hence every 15 minutes.</>,
			]}
		/>
	);
}

function Folder() {
	return (
		<Part
			title="The folder"
			steps={[
				<>
					<code>log/audit</code> in the local home of the node:{" "}
					<code>/var/atlassian/application-data/PRODUCT/log/audit</code> as a rule. In a cluster each node has its own,
					and is a source of its own.
				</>,
				<>
					The service is the user <code>pugmark</code>: make it a member of the product's group (
					<code>adduser pugmark atlbitbucket</code>), and see that the group may read the files.
				</>,
				<>Nothing is written to the folder, and no file in it is locked.</>,
			]}
		/>
	);
}

export function Guide({ kind, variant, values }: { kind: string; variant: string; values: Values }) {
	const product = kind === "jira" ? "Jira" : "Confluence";
	return (
		<aside class="guide panel" aria-labelledby="guide-title">
			<h2 id="guide-title">Where to get it</h2>
			{(kind === "jira" || kind === "confluence") &&
				(variant === "dc" ? <DataCenterToken product={product} /> : <CloudToken product={product} />)}
			{kind === "bitbucket" && <BitbucketBucket values={values} />}
			{kind === "s3" && <Reader values={values} />}
			{kind === "org" && <Organisation />}
			{kind === "bitbucket-dc" && <BitbucketApi />}
			{kind === "folder" && <Folder />}
			<p class="dim">Menus are as of 2026; they are renamed now and then.</p>
		</aside>
	);
}
