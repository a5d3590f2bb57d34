/* SPDX-License-Identifier: Apache-2.0 */
/* bundle.c: a bundle of evidence: gathered in memory, written as a ZIP file (APPNOTE 6.3, stored, not packed: proofs are hashes). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "answer/bundle.h"
#include "query/row_json.h"
#include "store/ledger.h"

enum { LEDGER_ROWS = 1000, REPORT_EVENTS = 2000 };

enum part {
	PART_README,
	PART_REPORT,
	PART_CHECKPOINT,
	PART_KEY,
	PART_HELD,
	PART_CONSISTENCY,
	PART_RAW,
	PART_PARSED,
	PART_PROOFS,
	PART_LEDGER,
	PART_VERIFIER,
	PARTS
};
static const char *const names[PARTS] = {"README.txt", "report.html", "checkpoint", "key.txt",
	"held.checkpoint", "consistency.json", "raw.bin", "events.ndjson", "proofs.ndjson",
	"ledger.json", "verify.py"};

struct bundle {
	struct store *store;
	struct buf parts[PARTS];
	struct buf rows; /* of the report */
	struct buf note, held;
	struct checkpoint checkpoint, held_checkpoint; /* of those */
	char *title;
	uint64_t events;
	char (*sources)[128];
	uint32_t nsources;
};

/* ---- pieces ---------------------------------------------------------------------------------- */

static void add_path(struct buf *out, const char *name, const struct merkle_path *path)
{
	buf_printf(out, ",\"%s\":[", name);
	for (unsigned i = 0; i < path->n; i++) {
		buf_puts(out, i ? ",\"" : "\"");
		note_base64(out, path->hash[i], MERKLE_HASH);
		buf_push(out, '"');
	}
	buf_push(out, ']');
}

void answer_proof(const struct evidence_proof *proof, struct buf *out)
{
	buf_printf(out, "\"row\":%" PRIu64 ",\"page\":%" PRIu64 ",\"page_record\":", proof->row,
		proof->page);
	text_json_string(out, buf_view(&proof->page_record));
	add_path(out, "in_page", &proof->in_page);
	buf_printf(out, ",\"pages\":%" PRIu64, proof->pages);
	add_path(out, "in_segment", &proof->in_segment);
	buf_printf(out, ",\"entry\":%" PRIu64 ",\"record\":", proof->entry);
	text_json_string(out, buf_view(&proof->record));
	add_path(out, "in_tree", &proof->in_tree);
}

static void add_html(struct buf *out, struct slice text)
{
	struct buf safe;
	buf_init(&safe, BUNDLE_MOST);
	text_escape(&safe, text);
	for (size_t i = 0; i < safe.len; i++) {
		switch (safe.ptr[i]) {
		case '<':
			buf_puts(out, "&lt;");
			break;
		case '>':
			buf_puts(out, "&gt;");
			break;
		case '&':
			buf_puts(out, "&amp;");
			break;
		case '"':
			buf_puts(out, "&quot;");
			break;
		default:
			buf_push(out, safe.ptr[i]);
		}
	}
	buf_fini(&safe);
}

static void note_source(struct bundle *b, const char *source)
{
	for (uint32_t i = 0; i < b->nsources; i++) {
		if (strcmp(b->sources[i], source) == 0)
			return;
	}
	b->sources = xrealloc(b->sources, (b->nsources + 1) * sizeof(*b->sources));
	snprintf(b->sources[b->nsources++], sizeof(*b->sources), "%s", source);
}

/* ---- gathering ------------------------------------------------------------------------------- */

static int read_notes(struct bundle *b, struct slice note, struct slice held, struct err *err)
{
	struct note_verifier verifier;
	int rc = evidence_public_key(b->store, &verifier, err);
	if (rc == 0)
		rc = err_set(err, ERR_NOT_FOUND,
			"no checkpoint was ever made: run `pugmark checkpoint`");
	buf_slice(&b->note, note);
	buf_slice(&b->held, held);
	if (rc < 0 || note_read(buf_view(&b->note), &b->checkpoint, err) < 0 ||
		note_verify(buf_view(&b->note), &b->checkpoint, &verifier, err) < 0)
		return -1;
	note_key_text(&verifier, &b->parts[PART_KEY]);
	buf_push(&b->parts[PART_KEY], '\n');
	buf_slice(&b->parts[PART_CHECKPOINT], note);
	if (held.len == 0)
		return 0;
	if (note_read(buf_view(&b->held), &b->held_checkpoint, err) < 0 ||
		note_verify(buf_view(&b->held), &b->held_checkpoint, &verifier, err) < 0)
		return -1;
	if (b->held_checkpoint.size > b->checkpoint.size)
		return err_set(err, ERR_DAMAGED,
			"the checkpoint that is held has %" PRIu64
			" entries, the store's newest only %" PRIu64 ": the store was rolled back",
			b->held_checkpoint.size, b->checkpoint.size);
	buf_slice(&b->parts[PART_HELD], held);
	struct merkle_path path;
	struct buf *out = &b->parts[PART_CONSISTENCY];
	if (evidence_consistency(
		    b->store, b->held_checkpoint.size, b->checkpoint.size, &path, err) < 0)
		return -1;
	buf_printf(out, "{\"old\":%" PRIu64 ",\"size\":%" PRIu64, b->held_checkpoint.size,
		b->checkpoint.size);
	add_path(out, "path", &path);
	buf_puts(out, "}\n");
	return 0;
}

int bundle_begin(struct store *store, struct slice note, struct slice held, const char *title,
	struct bundle **out, struct err *err)
{
	struct bundle *b = xcalloc(1, sizeof(*b));
	b->store = store;
	b->title = xstrdup(title);
	for (int i = 0; i < PARTS; i++)
		buf_init(&b->parts[i], BUNDLE_MOST);
	buf_init(&b->rows, BUNDLE_MOST);
	buf_init(&b->note, NOTE_MOST);
	buf_init(&b->held, NOTE_MOST);
	*out = b;
	return read_notes(b, note, held, err);
}

uint64_t bundle_events(const struct bundle *b)
{
	return b->events;
}

void bundle_free(struct bundle *b)
{
	if (!b)
		return;
	for (int i = 0; i < PARTS; i++)
		buf_fini(&b->parts[i]);
	buf_fini(&b->rows);
	buf_fini(&b->note);
	buf_fini(&b->held);
	free(b->sources);
	free(b->title);
	free(b);
}

int bundle_add(struct bundle *b, const uint8_t id[16], const struct vault_place *place,
	struct slice json, struct err *err)
{
	struct evidence_proof proof;
	struct buf *raw = &b->parts[PART_RAW], *out = &b->parts[PART_PROOFS];
	char text[UUID_TEXT];
	size_t at = raw->len;
	if (b->events == BUNDLE_EVENTS)
		return err_set(
			err, ERR_LIMIT, "more than %d events: make several bundles", BUNDLE_EVENTS);
	int rc = evidence_prove(b->store, place, b->checkpoint.size, &proof, err);
	if (rc == 1 && store_read_raw(b->store, place, raw, err) < 0)
		rc = -1;
	if (rc == 1) {
		text_uuid(id, text);
		buf_printf(out, "{\"event_id\":\"%.*s\",\"offset\":%zu,\"length\":%zu,", UUID_TEXT,
			text, at, raw->len - at);
		answer_proof(&proof, out);
		buf_puts(out, "}\n");
		buf_push(raw, '\n');
		buf_slice(&b->parts[PART_PARSED], json);
		buf_push(&b->parts[PART_PARSED], '\n');
		if (b->events++ < REPORT_EVENTS) {
			buf_printf(&b->rows, "<tr><td>%.*s<td>%" PRIu64 "<td><pre>", UUID_TEXT,
				text, proof.entry);
			add_html(&b->rows, (struct slice){raw->ptr + at, raw->len - at - 1});
			buf_puts(&b->rows, "</pre>\n");
		}
		note_source(b, place->source);
		if (raw->full || out->full || b->parts[PART_PARSED].full || b->rows.full)
			rc = err_set(err, ERR_LIMIT, "the bundle is too large: make several");
	}
	evidence_proof_fini(&proof);
	return rc;
}

struct adding {
	struct bundle *bundle;
	const uint8_t *id;
	int rc;
	struct err err;
};

static void add_event(
	void *ctx, const char *table, const struct batch *batch, uint32_t row, struct slice raw)
{
	struct adding *a = ctx;
	struct vault_place place;
	struct buf json;
	char source[128];
	(void)raw;
	answer_event_place(batch, row, source, &place);
	buf_init(&json, BUNDLE_MOST);
	buf_puts(&json, "{\"table\":");
	text_json_string(&json, slice_of(table));
	buf_push(&json, ',');
	row_members_json(batch, row, false, &json);
	buf_push(&json, '}');
	a->rc = bundle_add(a->bundle, a->id, &place, buf_view(&json), &a->err);
	buf_fini(&json);
}

int bundle_add_id(struct bundle *b, const uint8_t id[16], struct err *err)
{
	struct adding a = {.bundle = b, .id = id};
	int rc = answer_event_with(b->store, id, true, add_event, &a, err);
	if (rc < 1)
		return rc;
	if (a.rc < 0)
		*err = a.err;
	return a.rc;
}

/* ---- the rest of it -------------------------------------------------------------------------- */

static int add_window(void *ctx, const struct ledger_window *w, struct err *err)
{
	struct buf *out = ctx;
	(void)err;
	buf_puts(out, out->len > strlen("{\"windows\":[") ? ",\n{\"source\":" : "\n{\"source\":");
	text_json_string(out, slice_of(w->source));
	text_json_member(out, "name", w->name);
	answer_time(out, "from", w->from, true);
	answer_time(out, "to", w->to, true);
	answer_time(out, "ended_at", w->ended_at, w->ended_at != 0);
	buf_printf(out,
		",\"requests\":%" PRIu64 ",\"records\":%" PRIu64 ",\"stored\":%" PRIu64
		",\"duplicates\":%" PRIu64 ",\"expired\":%" PRIu64 ",\"rejects\":%" PRIu64
		",\"errors\":%" PRIu64,
		w->counts.requests, w->counts.records, w->counts.stored, w->counts.duplicates,
		w->counts.expired, w->counts.rejects, w->counts.errors);
	text_json_member(out, "why", w->why);
	buf_push(out, '}');
	return 0;
}

static int add_ledger(struct bundle *b, struct err *err)
{
	struct buf *out = &b->parts[PART_LEDGER];
	int rc = 0;
	buf_puts(out, "{\"windows\":[");
	for (uint32_t i = 0; rc == 0 && i < b->nsources; i++)
		rc = ledger_windows(
			b->store, b->sources[i], INT64_MIN, LEDGER_ROWS, add_window, out, err);
	buf_puts(out, "]}\n");
	return rc;
}

static const char how[] =
	"python3 verify.py BUNDLE.zip --key KEY       checks everything in this file\n"
	"\n"
	"KEY is the public key of the store's checkpoints as you have it from elsewhere (a file, "
	"or the text itself); key.txt is the one "
	"that came with this bundle, and proves nothing by itself. With --checkpoint FILE, a "
	"checkpoint that you have from before, it is also "
	"checked that the store was only added to since (the bundle must have been made with it: "
	"pugmark evidence --checkpoint FILE).\n"
	"\n"
	"What is proven: each event in raw.bin was in the store, byte for byte, when the "
	"checkpoint was signed. What is not: that "
	"nothing else happened, that the source told all, or what came after the checkpoint. "
	"docs/evidence.md of pugmark has the rest.\n";

static void add_report(struct bundle *b)
{
	struct buf *out = &b->parts[PART_REPORT];
	char now[CLOCK_TEXT];
	buf_puts(out,
		"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Evidence</title>"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'unsafe-inline'\"><style>body{font:15px/1.5 sans-serif;margin:2em "
		"auto;max-width:60em}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}"
		"td,th{vertical-align:top;text-align:left;border-top:1px solid #ccc;padding:.3em "
		".6em}table{border-collapse:collapse}tr{break-inside:avoid}</style>"
		"<h1>Evidence</h1><p>Asked for: <b>");
	add_html(out, slice_of(b->title));
	buf_printf(out, "</b><p>Made %s. %" PRIu64 " events.<h2>Checkpoint</h2><pre>",
		clock_text(clock_now_us(), now), b->events);
	for (const char *p = b->note.ptr, *end = p + b->note.len; p < end;) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		add_html(out, (struct slice){p, (size_t)((lf ? lf : end) - p)});
		buf_push(out, '\n');
		p = lf ? lf + 1 : end;
	}
	buf_puts(out, "</pre><h2>How to check it</h2><pre>");
	for (const char *p = how; *p; p++) {
		if (*p == '\n')
			buf_push(out, '\n');
		else
			add_html(out, (struct slice){p, 1});
	}
	buf_puts(out, "</pre><h2>Events, as they came</h2><table><tr><th>Event<th>Entry<th>Raw\n");
	buf_slice(out, buf_view(&b->rows));
	buf_puts(out, "</table>");
	if (b->events > REPORT_EVENTS)
		buf_printf(out, "<p>The first %d are shown; raw.bin has all.", REPORT_EVENTS);
	buf_puts(out, "\n");
}

/* ---- ZIP ------------------------------------------------------------------------------------- */

static void put(struct buf *out, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		buf_push(out, (char)(value >> 8 * i));
}

/* The fields that the two headers of a file share. All files are dated 1980-01-01: the same content is the same bundle. */
static void put_facts(struct buf *out, const char *name, uint32_t crc, size_t n)
{
	put(out, 20, 2);
	put(out, 0, 2);
	put(out, 0, 2);
	put(out, 0, 2);
	put(out, 33, 2);
	put(out, crc, 4);
	put(out, (uint32_t)n, 4);
	put(out, (uint32_t)n, 4);
	put(out, (uint32_t)strlen(name), 2);
	put(out, 0, 2);
}

static int emit(FILE *file, const struct buf *bytes, struct err *err)
{
	return bytes->len == 0 || fwrite(bytes->ptr, 1, bytes->len, file) == bytes->len
		       ? 0
		       : err_errno(err, "writing the bundle");
}

static int write_zip(struct bundle *b, FILE *file, struct err *err)
{
	struct buf head, directory;
	uint64_t at = 0;
	uint32_t n = 0;
	int rc = 0;
	buf_init(&head, 1 << 16);
	buf_init(&directory, 1 << 16);
	for (int i = 0; i < PARTS && rc == 0; i++) {
		const struct buf *part = &b->parts[i];
		if (part->len == 0)
			continue;
		uint32_t crc = (uint32_t)crc32_z(0, (const unsigned char *)part->ptr, part->len);
		buf_clear(&head);
		put(&head, 0x04034b50, 4);
		put_facts(&head, names[i], crc, part->len);
		buf_puts(&head, names[i]);
		put(&directory, 0x02014b50, 4);
		put(&directory, 20, 2);
		put_facts(&directory, names[i], crc, part->len);
		put(&directory, 0, 2); /* comment, disk, attributes */
		put(&directory, 0, 4);
		put(&directory, 0, 4);
		put(&directory, (uint32_t)at, 4);
		buf_puts(&directory, names[i]);
		at += head.len + part->len;
		n++;
		if (at > UINT32_MAX)
			rc = err_set(err, ERR_LIMIT, "the bundle is too large: make several");
		else if (emit(file, &head, err) < 0 || emit(file, part, err) < 0)
			rc = -1;
	}
	size_t bytes = directory.len;
	put(&directory, 0x06054b50, 4);
	put(&directory, 0, 4);
	put(&directory, n, 2);
	put(&directory, n, 2);
	put(&directory, (uint32_t)bytes, 4);
	put(&directory, (uint32_t)at, 4);
	put(&directory, 0, 2);
	if (rc == 0)
		rc = emit(file, &directory, err);
	buf_fini(&head);
	buf_fini(&directory);
	return rc;
}

int bundle_write(struct bundle *b, FILE *file, struct err *err)
{
	if (b->events == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no event that a checkpoint has");
	if (add_ledger(b, err) < 0)
		return -1;
	buf_puts(&b->parts[PART_README], how);
	buf_append(&b->parts[PART_VERIFIER], bundle_verifier, bundle_verifier_size);
	add_report(b);
	return write_zip(b, file, err);
}
