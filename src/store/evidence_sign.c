/* SPDX-License-Identifier: Apache-2.0 */
/* evidence_sign.c: the key of checkpoints, and checkpoints: signed, noted, written beside. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/connections_private.h"
#include "store/evidence_private.h"

enum {
	KEPT = 1000, /* checkpoints in the catalog; their files stay */
	SIGNERS = 2  /* the newest key, and the one before it */
};
#define FIELD "ed25519"

/* ---- the key --------------------------------------------------------------------------------- */

/* The newest key that is older than `*id`. 1, 0 none, -1. */
static int older_key(
	struct store *store, int64_t *id, struct note_verifier *verifier, struct err *err)
{
	memset(verifier, 0, sizeof(*verifier));
	if (evidence_check_format(store, err) < 0)
		return -1;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT id, name, public FROM evidence_keys WHERE id < ? ORDER BY id DESC LIMIT 1",
		"i", *id);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1) {
		*id = sqlite3_column_int64(stmt, 0);
		snprintf(verifier->name, sizeof(verifier->name), "%s", catalog_text(stmt, 1));
		catalog_blob(stmt, 2, verifier->key, NOTE_KEY);
	}
	catalog_done(store, stmt);
	return rc;
}

int evidence_public_key(struct store *store, struct note_verifier *verifier, struct err *err)
{
	int64_t id = INT64_MAX;
	return older_key(store, &id, verifier, err);
}

static int insert_key(struct store *store, const struct note_verifier *verifier,
	const uint8_t *private_key, const struct secret_key *key, struct err *err)
{
	struct connection_secret secret = {
		.field = FIELD, .plain = {(const char *)private_key, NOTE_KEY}};
	if (catalog_run(store, err, "INSERT INTO evidence_keys VALUES(NULL, ?, ?, ?)", "tbi",
		    verifier->name, verifier->key, (size_t)NOTE_KEY, clock_now_us()) < 0)
		return -1;
	return secret_put(store, OWNER_EVIDENCE, sqlite3_last_insert_rowid(store->db),
		verifier->name, &secret, key, err);
}

/* In a transaction: another process may have been faster. */
static int make_in_transaction(
	struct store *store, const struct secret_key *key, bool again, struct err *err)
{
	struct evidence_state state;
	struct note_verifier verifier;
	struct secret private_key;
	int rc = evidence_public_key(store, &verifier, err);
	if (rc < 0 || (rc == 1 && !again))
		return rc < 0 ? -1 : 0;
	if (evidence_state(store, &state, err) < 0)
		return -1;
	memcpy(verifier.name, state.origin, NOTE_NAME);
	secret_new(&private_key, NOTE_KEY);
	rc = note_make_key((uint8_t *)private_key.text, verifier.key, err);
	if (rc == 0)
		rc = insert_key(store, &verifier, (const uint8_t *)private_key.text, key, err);
	secret_wipe(&private_key);
	return rc;
}

int evidence_make_key(
	struct store *store, const struct secret_key *key, bool again, struct err *err)
{
	if (store_check_writable(store, err) < 0 || evidence_check_format(store, err) < 0 ||
		catalog_begin(store, err) < 0)
		return -1;
	return catalog_end(store, make_in_transaction(store, key, again, err), err);
}

/* ---- checkpoints ----------------------------------------------------------------------------- */

int evidence_newest(struct store *store, struct buf *out, struct err *err)
{
	if (evidence_check_format(store, err) < 0)
		return -1;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT text FROM evidence_checkpoints ORDER BY size DESC, at DESC LIMIT 1", "");
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1)
		buf_puts(out, catalog_text(stmt, 0));
	catalog_done(store, stmt);
	return rc;
}

/* Appends a signature of the text in out->ptr[from…to], and of nothing else. */
static int add_signature(struct store *store, const struct secret_key *key, int64_t id,
	const struct note_verifier *verifier, struct slice text, struct buf *out, struct err *err)
{
	struct secret private_key;
	struct buf one;
	int rc = secret_get(
		store, OWNER_EVIDENCE, id, verifier->name, FIELD, key, &private_key, err);
	if (rc == 1 && private_key.len != NOTE_KEY)
		rc = 0;
	if (rc == 0)
		rc = err_set(err, ERR_DAMAGED, "catalog.db: the key of checkpoints is gone");
	buf_init(&one, NOTE_MOST);
	if (rc == 1) {
		buf_slice(&one, text);
		rc = note_sign(&one, 0, verifier->name, (const uint8_t *)private_key.text,
			verifier->key, err);
	}
	if (rc == 0) /* behind the text and its empty line */
		buf_append(out, one.ptr + text.len + 1, one.len - text.len - 1);
	buf_fini(&one);
	secret_wipe(&private_key);
	return rc < 0 ? -1 : 0;
}

static int add_signatures(
	struct store *store, const struct secret_key *key, struct buf *out, struct err *err)
{
	struct note_verifier verifier;
	struct buf text;
	int64_t id = INT64_MAX;
	int rc = 1, n = 0;
	buf_init(&text, NOTE_MOST);
	buf_slice(&text, buf_view(out));
	buf_push(out, '\n');
	for (; n < SIGNERS && rc == 1; n++) {
		rc = older_key(store, &id, &verifier, err);
		if (rc == 1 &&
			add_signature(store, key, id, &verifier, buf_view(&text), out, err) < 0)
			rc = -1;
	}
	buf_fini(&text);
	return rc < 0 ? -1 : 0;
}

static int sign(struct store *store, const struct secret_key *key, struct buf *out, int64_t now,
	struct err *err)
{
	struct evidence_state state;
	struct buf note;
	buf_init(&note, NOTE_MOST);
	int rc = evidence_state(store, &state, err);
	if (rc == 0) {
		note_write(&note, state.origin, state.size, state.root, now);
		rc = add_signatures(store, key, &note, err);
	}
	if (rc == 0) {
		buf_slice(out, buf_view(&note));
		buf_append(&note, "", 1); /* a NUL for SQLite */
		rc = catalog_run(store, err,
			"INSERT INTO evidence_checkpoints VALUES(?, ?, ?)"
			" ON CONFLICT DO UPDATE SET text = excluded.text",
			"uit", state.size, now, note.ptr);
	}
	buf_fini(&note);
	if (rc < 0)
		return -1;
	return catalog_run(store, err,
		"DELETE FROM evidence_checkpoints WHERE at < (SELECT min(at) FROM (SELECT at FROM"
		" evidence_checkpoints ORDER BY at DESC LIMIT ?))",
		"i", (int64_t)KEPT);
}

/* Writes a file whole, or not at all. */
static int write_whole(const char *path, struct slice text, struct err *err)
{
	char temp[STORE_PATH + 8];
	snprintf(temp, sizeof(temp), "%s.tmp", path);
	int fd = io_open(temp, O_WRONLY | O_CREAT | O_TRUNC, 0644, err);
	if (fd < 0)
		return -1;
	int rc = io_pwrite(fd, text.ptr, text.len, 0, temp, err);
	if (rc == 0)
		rc = io_fsync(fd, temp, err);
	io_close(fd);
	if (rc == 0)
		rc = io_rename(temp, path, err);
	if (rc < 0)
		(void)io_unlink(temp, NULL);
	return rc;
}

static int write_copies(
	const char *folder, const struct checkpoint *c, struct slice note, struct err *err)
{
	char path[STORE_PATH], when[20];
	if (io_mkdirs(folder, err) < 0)
		return -1;
	snprintf(when, sizeof(when), "%.*s", SLICE_ARG(c->time)); /* to the second */
	for (char *p = when; *p; p++) {
		if (*p == ':') /* which Windows has not in names */
			*p = '-';
	}
	snprintf(path, sizeof(path), "%.900s/%010" PRIu64 "-%sZ.checkpoint", folder, c->size, when);
	if (write_whole(path, note, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "%.900s/latest.checkpoint", folder);
	return write_whole(path, note, err);
}

int evidence_checkpoint(struct store *store, const struct secret_key *key,
	const struct progress *progress, struct buf *out, struct err *err)
{
	if (evidence_make_key(store, key, false, err) < 0 ||
		evidence_enter(store, progress, NULL, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	return catalog_end(store, sign(store, key, out, clock_now_us(), err), err);
}

/* The row whose text is the beginning of this one: what is appended to a checkpoint changes nothing of it. */
static int note_appended(
	struct store *store, const struct checkpoint *c, struct slice note, struct err *err)
{
	struct buf text;
	buf_init(&text, NOTE_MOST + 1);
	buf_slice(&text, note);
	buf_append(&text, "", 1);
	int rc = text.full ? err_set(err, ERR_LIMIT, "the checkpoint is too long")
			   : catalog_run(store, err,
				     "UPDATE evidence_checkpoints SET text = ?1 WHERE size = ?2 AND"
				     " length(text) < length(?1) AND"
				     " substr(?1, 1, length(text)) = text",
				     "tu", text.ptr, c->size);
	buf_fini(&text);
	return rc;
}

int evidence_publish(struct store *store, struct slice note, struct err *err)
{
	struct evidence_state state;
	struct checkpoint c;
	char folder[STORE_PATH];
	if (note_read(note, &c, err) < 0 || note_appended(store, &c, note, err) < 0 ||
		evidence_state(store, &state, err) < 0 ||
		write_copies(store_path(store, folder, "checkpoints"), &c, note, err) < 0)
		return -1;
	return *state.folder ? write_copies(state.folder, &c, note, err) : 0;
}
