/* SPDX-License-Identifier: Apache-2.0 */
/* segment_rejects.c: what could not be read as an event: places in the vault, and the catalog's list.
 * An over-long line comes in parts, over several batches and segments, and is one reject. */
#include <stdlib.h>
#include <string.h>

#include "store/segment.h"

/* ---- identify -------------------------------------------------------------------------------- */

/* Where the bytes stood and what they are. */
static void make_key(
	const struct segment *s, const struct reject_part *part, uint8_t key[REJECT_KEY])
{
	struct buf text;
	uint8_t sum[32];
	buf_init(&text, SIZE_MAX / 2);
	sha256(part->bytes.ptr, part->bytes.len, sum);
	buf_append(&text, sum, sizeof(sum));
	buf_printf(&text, "%s %llu %s %s", s->table->name, (unsigned long long)part->input_offset,
		s->source, part->input ? part->input : s->input);
	sha256(text.ptr, text.len, sum);
	memcpy(key, sum, REJECT_KEY);
	buf_fini(&text);
}

/* The note that a part belongs to. */
static struct reject_note *note_of(struct segment *s, const struct reject_part *part)
{
	struct reject_note *note = s->last_reject;
	if (part->continues && note && note->input_offset + note->bytes == part->input_offset)
		return note;
	note = arena_zalloc(&s->mem, 1, sizeof(*note));
	note->input_offset = part->input_offset;
	note->continues = part->continues;
	note->reason = arena_strdup(&s->mem, slice_of(part->reason ? part->reason : ""));
	note->input = arena_strdup(&s->mem, slice_of(part->input ? part->input : ""));
	if (s->last_reject)
		s->last_reject->next = note;
	else
		s->first_reject = note;
	s->last_reject = note;
	return note;
}

static struct reject_note_part *add_part(struct segment *s, struct reject_note *note)
{
	struct reject_note_part *part = arena_zalloc(&s->mem, 1, sizeof(*part));
	if (note->last)
		note->last->next = part;
	else
		note->first = part;
	note->last = part;
	return part;
}

static void place(struct segment *s, const struct reject_part *reject, const uint8_t *key,
	uint32_t first_frame, struct frame_cut *cut)
{
	struct reject_note *note = note_of(s, reject);
	size_t left = reject->bytes.len;
	bool first = true;
	do {
		size_t piece = left < LIMIT_FRAME_BYTES ? left : LIMIT_FRAME_BYTES;
		struct reject_note_part *part = add_part(s, note);
		part->offset = frame_cut_add(cut, piece);
		part->frame = first_frame + cut->frames - 1;
		part->bytes = (uint32_t)piece;
		part->has_key = first;
		if (first)
			memcpy(part->key, key, REJECT_KEY);
		first = false;
		left -= piece;
	} while (left > 0);
	note->bytes += reject->bytes.len;
	if (!reject->continues) {
		note->lines += reject->lines;
		s->nrejects += reject->lines;
	}
}

int segment_place_rejects(struct segment *s, const struct reject_part *rejects, uint32_t n,
	uint32_t first_frame, struct frame_cut *cut, bool **known, struct err *err)
{
	*known = NULL;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t key[REJECT_KEY];
		int64_t found = 0;
		make_key(s, &rejects[i], key);
		int rc = catalog_int(s->store, &found, err,
			"SELECT 1 FROM reject_keys WHERE key = ?", "b", key, (size_t)REJECT_KEY);
		if (rc < 0) {
			free(*known);
			*known = NULL;
			return -1;
		}
		if (rc == 0) {
			place(s, &rejects[i], key, first_frame, cut);
			continue;
		}
		if (!*known)
			*known = xcalloc(n, sizeof(**known));
		(*known)[i] = true;
	}
	return 0;
}

/* ---- commit ---------------------------------------------------------------------------------- */

/* The reject of an earlier commit that this one goes on with; 0 where there is none. */
static int find_continued(
	struct segment *s, const struct reject_note *note, int64_t *id, struct err *err)
{
	*id = 0;
	if (!note->continues)
		return 0;
	return catalog_int(s->store, id, err,
		       "SELECT r.id FROM rejects r JOIN commits c ON c.id = r.commit_id"
		       " JOIN sources s ON s.id = c.source_id WHERE s.name = ?"
		       " AND iif(r.input = '', c.input, r.input) = ?"
		       " AND r.input_offset + r.bytes = ? ORDER BY r.id DESC LIMIT 1",
		       "ttu", s->source, *note->input ? note->input : s->input,
		       note->input_offset) < 0
		       ? -1
		       : 0;
}

static int add_reject_parts(
	struct segment *s, const struct reject_note *note, int64_t id, struct err *err)
{
	for (const struct reject_note_part *part = note->first; part; part = part->next) {
		if (catalog_run(s->store, err,
			    "INSERT INTO reject_parts(reject_id, part, source_id, file, frame,"
			    " offset, bytes) SELECT ?1, (SELECT count(*) FROM reject_parts WHERE"
			    " reject_id = ?1), id, ?3, ?4, ?5, ?6 FROM sources WHERE name = ?2",
			    "itiiii", id, s->source, (int64_t)s->vault_file, (int64_t)part->frame,
			    (int64_t)part->offset, (int64_t)part->bytes) < 0)
			return -1;
		if (part->has_key && catalog_run(s->store, err,
					     "INSERT INTO reject_keys VALUES(?, ?)"
					     " ON CONFLICT DO NOTHING",
					     "bi", part->key, (size_t)REJECT_KEY, id) < 0)
			return -1;
	}
	return 0;
}

int segment_add_rejects(struct segment *s, int64_t commit_id, struct err *err)
{
	for (const struct reject_note *note = s->first_reject; note; note = note->next) {
		int64_t id;
		if (find_continued(s, note, &id, err) < 0)
			return -1;
		if (id != 0) {
			if (catalog_run(s->store, err,
				    "UPDATE rejects SET bytes = bytes + ? WHERE id = ?", "ui",
				    note->bytes, id) < 0)
				return -1;
		} else {
			if (catalog_run(s->store, err,
				    "INSERT INTO rejects(commit_id, input_offset, bytes, lines,"
				    " reason, input) VALUES(?, ?, ?, ?, ?, ?)",
				    "iuuitt", commit_id, note->input_offset, note->bytes,
				    (int64_t)note->lines, note->reason, note->input) < 0)
				return -1;
			id = sqlite3_last_insert_rowid(s->store->db);
		}
		if (add_reject_parts(s, note, id, err) < 0)
			return -1;
	}
	return 0;
}
