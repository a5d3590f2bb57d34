/* SPDX-License-Identifier: Apache-2.0 */
/* The tree over what was stored: entered once, unchanged by compaction, still whole after retention, and each alteration of the catalog or
 * the vault found by who holds an old checkpoint. */
#include "store/evidence_private.h"
#include "store/test_format.h"
#include "store/test_lake.h"

enum { FIRST = 7200, N = 700, MIDNIGHT = 7530, KEEP_DAYS = 10 };
#define DAY_US INT64_C(86400000000)

struct fixture {
	char *dir, *data;
	struct store *store;
	struct secret_key *key;
	struct note_verifier verifier;
	struct buf held; /* the checkpoint outside */
};

static void set_now(int64_t us)
{
	char text[32];
	snprintf(text, sizeof(text), "%lld", (long long)us);
	setenv("PUGMARK_NOW", text, 1);
}

static void reopen(struct fixture *f)
{
	struct err err;
	store_close(f->store);
	if (store_open(f->data, STORE_WRITE, &f->store, &err) < 0)
		fail_msg("store_open: %s", err.text);
}

static void send(struct fixture *f, const char *source, uint32_t first, uint32_t n)
{
	struct err err;
	struct lake_send plan = {.source = source,
		.container = "log",
		.kind = CONTAINER_DISJOINT,
		.first = first,
		.n = n,
		.per_batch = 50,
		.batches = 3};
	if (lake_send(f->store, &plan, &err) < 0)
		fail_msg("send: %s", err.text);
}

static void begin(struct fixture *f)
{
	struct err err;
	char path[600];
	memset(f, 0, sizeof(*f));
	f->dir = test_folder();
	snprintf(path, sizeof(path), "%s/key", f->dir);
	assert_int_equal(secret_key_open(path, NULL, true, &f->key, &err), 0);
	snprintf(path, sizeof(path), "%s/data", f->dir);
	f->data = strdup(path);
	buf_init(&f->held, NOTE_MOST);
	set_now(lake_time(FIRST + N) + DAY_US);
	reopen(f);
	send(f, "one", FIRST, 300);
	send(f, "two", FIRST + 300, N - 300);
	if (evidence_checkpoint(f->store, f->key, NULL, &f->held, &err) < 0)
		fail_msg("checkpoint: %s", err.text);
	assert_int_equal(evidence_public_key(f->store, &f->verifier, &err), 1);
}

static void end(struct fixture *f)
{
	unsetenv("PUGMARK_NOW");
	store_close(f->store);
	secret_key_free(f->key);
	buf_fini(&f->held);
	free(f->data);
	test_remove(f->dir);
}

static void checkpoint_again(struct fixture *f)
{
	struct buf note;
	struct err err;
	buf_init(&note, NOTE_MOST);
	if (evidence_checkpoint(f->store, f->key, NULL, &note, &err) < 0)
		fail_msg("checkpoint: %s", err.text);
	buf_fini(&note);
}

static void print_finding(void *ctx, const char *file, const char *what)
{
	bool *quiet = ctx;
	if (!*quiet)
		print_error("found: %s: %s\n", file, what);
}

/* Findings by who holds the checkpoint of the beginning. */
static struct evidence_result verify(struct fixture *f, bool quiet)
{
	struct evidence_result result;
	struct err err;
	const struct evidence_check check = {.note = buf_view(&f->held),
		.verifier = &f->verifier,
		.found = print_finding,
		.ctx = &quiet};
	if (evidence_verify(f->store, &check, &result, &err) < 0)
		fail_msg("verify: %s", err.text);
	return result;
}

static uint64_t size_of(struct fixture *f)
{
	struct evidence_state state;
	struct err err;
	assert_int_equal(evidence_state(f->store, &state, &err), 0);
	return state.size;
}

static void test_whole(void **unused)
{
	struct fixture f;
	(void)unused;
	begin(&f);
	struct evidence_result result = verify(&f, false);
	assert_int_equal(result.findings, 0);
	assert_int_equal(result.events, N);
	assert_int_equal(result.later, 0);
	/* What comes later changes nothing of it, entered or not. */
	send(&f, "one", FIRST + N, 100);
	result = verify(&f, false);
	assert_int_equal(result.findings, 0);
	assert_true(result.later > 0);
	checkpoint_again(&f);
	result = verify(&f, false);
	assert_int_equal(result.findings, 0);
	assert_int_equal(result.events, N);
	end(&f);
}

/* A second checkpoint of an unchanged store has the same size and root. */
static void test_entered_once(void **unused)
{
	struct fixture f;
	struct err err;
	uint64_t entered = 9;
	(void)unused;
	begin(&f);
	uint64_t size = size_of(&f);
	assert_int_equal(size, 5); /* segments of 150 events */
	assert_int_equal(evidence_enter(f.store, NULL, &entered, &err), 0);
	assert_int_equal(entered, 0);
	checkpoint_again(&f);
	assert_int_equal(size_of(&f), size);
	end(&f);
}

static void test_compaction(void **unused)
{
	struct fixture f;
	struct err err;
	(void)unused;
	begin(&f);
	assert_int_equal(store_compact(f.store, NULL, 0, NULL, NULL, NULL, &err), 0);
	assert_int_equal(verify(&f, false).findings, 0);
	end(&f);
}

static void retain_only(struct fixture *f)
{
	struct err err;
	uint64_t dropped = 0;
	set_now((lake_time(MIDNIGHT) / DAY_US + KEEP_DAYS) * DAY_US);
	if (store_retain(f->store, "test_logs", KEEP_DAYS, NULL, &dropped, &err) < 0)
		fail_msg("retain: %s", err.text);
	assert_true(dropped > 0);
}

/* And frees the space at once, which a day later would do. */
static void retain(struct fixture *f)
{
	struct err err;
	retain_only(f);
	if (store_compact(f->store, NULL, 0, NULL, NULL, NULL, &err) < 0)
		fail_msg("compact: %s", err.text);
}

static void test_retention(void **unused)
{
	struct fixture f;
	(void)unused;
	begin(&f);
	retain(&f);
	/* Until it is signed, it could be anybody's. */
	assert_true(verify(&f, true).findings > 0);
	checkpoint_again(&f);
	struct evidence_result result = verify(&f, false);
	assert_int_equal(result.findings, 0);
	assert_int_equal(result.events, N);
	assert_true(result.removed > 100 && result.removed < N);
	end(&f);
}

/* Somebody else commits, compacts and takes events away while the check goes on: it sees none of that. */
static void meanwhile(void *ctx, uint64_t done, uint64_t total, const char *what)
{
	struct fixture *f = ctx;
	struct fixture other = *f;
	struct err err;
	(void)total;
	(void)what;
	if (done != 2)
		return;
	assert_int_equal(store_open(f->data, STORE_WRITE, &other.store, &err), 0);
	send(&other, "late", FIRST + N, 100);
	retain_only(&other);
	checkpoint_again(&other);
	store_close(other.store);
}

static void test_changes_meanwhile(void **unused)
{
	struct fixture f;
	struct evidence_result result;
	struct err err;
	bool quiet = false;
	(void)unused;
	begin(&f);
	struct progress progress = {.step = meanwhile, .ctx = &f};
	const struct evidence_check check = {.note = buf_view(&f.held),
		.verifier = &f.verifier,
		.found = print_finding,
		.ctx = &quiet,
		.progress = &progress};
	assert_int_equal(evidence_verify(f.store, &check, &result, &err), 0);
	assert_int_equal(result.findings, 0);
	assert_int_equal(result.removed, 0);
	assert_int_equal(result.events, N);
	result = verify(&f, false);
	assert_int_equal(result.findings, 0);
	assert_true(result.removed > 0);
	end(&f);
}

/* Retention of events that were not entered yet enters them first. */
static void test_retention_of_pending(void **unused)
{
	struct fixture f;
	(void)unused;
	begin(&f);
	send(&f, "three", FIRST - 100, 100);
	uint64_t size = size_of(&f);
	retain(&f);
	assert_true(size_of(&f) > size + 1);
	checkpoint_again(&f);
	assert_int_equal(verify(&f, false).findings, 0);
	end(&f);
}

/* A folder of an older format: what it holds is entered with the first checkpoint. */
static void test_older_format(void **unused)
{
	struct fixture f;
	(void)unused;
	begin(&f);
	test_format(f.store, EVIDENCE_FORMAT - 1);
	reopen(&f);
	assert_int_equal(size_of(&f), 0);
	buf_clear(&f.held);
	struct err err;
	assert_int_equal(evidence_checkpoint(f.store, f.key, NULL, &f.held, &err), 0);
	assert_int_equal(evidence_public_key(f.store, &f.verifier, &err), 1);
	assert_int_equal(size_of(&f), 5);
	assert_int_equal(verify(&f, false).findings, 0);
	end(&f);
}

/* ---- attacks --------------------------------------------------------------------------------- */

static void alter(struct fixture *f, const char *sql)
{
	char *text;
	if (sqlite3_exec(f->store->db, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("%s: %s", sql, text);
}

static const struct {
	const char *sql;
} attacks[] = {
	/* an entry goes, two change places, one is altered */
	{"DELETE FROM evidence_entries WHERE n = 4"},
	{"DELETE FROM evidence_entries WHERE n = 2"},
	{"UPDATE evidence_entries SET n = n + 100 WHERE n < 2;UPDATE evidence_entries SET n = 101 "
	 "- "
	 "n WHERE n > 99"},
	{"UPDATE evidence_entries SET record = replace(record, 'rows 150', 'rows 149') WHERE n = "
	 "1"},
	/* pages */
	{"DELETE FROM evidence_pages WHERE entry = 3"},
	{"UPDATE evidence_pages SET entry = entry + 100 WHERE entry < 2;UPDATE evidence_pages SET "
	 "entry = 101 - entry WHERE entry > 99"},
	{"UPDATE evidence_pages SET record = replace(record, 'page ', 'page 1') WHERE entry = 0"},
	{"UPDATE evidence_pages SET rows = rows - 1 WHERE entry = 0 AND page = 0"},
	{"UPDATE evidence_pages SET page = page + 1000 WHERE entry = 0"},
	/* events are said to be gone */
	{"UPDATE evidence_pages SET frame = -1, kept = zeroblob((rows + 7) / 8) WHERE entry = 1"},
	{"UPDATE evidence_pages SET kept = zeroblob((rows + 7) / 8), removed = NULL WHERE entry = "
	 "1"},
	{"UPDATE evidence_pages SET kept = zeroblob(1) WHERE entry = 1"},
	/* frames */
	{"UPDATE frames SET state = 5 WHERE file = 1 AND frame = 0"},
	{"DELETE FROM frames WHERE file = 1 AND frame = 1"},
	/* a whole table of the tree */
	{"DELETE FROM evidence_entries; DELETE FROM evidence_pages; DELETE FROM evidence_nodes; "
	 "UPDATE evidence_tree SET size = 0"},
};

static void test_attacks(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT(attacks); i++) {
		struct fixture f;
		begin(&f);
		alter(&f, attacks[i].sql);
		CHECK_ROW(i, verify(&f, true).findings > 0);
		end(&f);
	}
}

/* What retention took is given back as taken of another page, another number, another day. */
#define ENTRIES "UPDATE evidence_entries SET record = replace(record, "
#define PAGES   "UPDATE evidence_pages SET removed = "
static const struct {
	const char *sql;
} retention_attacks[] = {
	{ENTRIES "'removed 0 0 ', 'removed 0 1 ') WHERE kind = 1"},
	{ENTRIES "'removed 0', 'removed 3') WHERE kind = 1"},
	{"DELETE FROM evidence_entries WHERE kind = 1"},
	{PAGES "NULL WHERE removed IS NOT NULL"},
	{PAGES "zeroblob(length(removed)) WHERE removed IS NOT NULL"},
};

static void test_retention_attacks(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT(retention_attacks); i++) {
		struct fixture f;
		begin(&f);
		retain(&f);
		checkpoint_again(&f);
		alter(&f, retention_attacks[i].sql);
		CHECK_ROW(i, verify(&f, true).findings > 0);
		end(&f);
	}
}

/* Somebody takes a page away and enters what retention would have: it is signed with the next checkpoint, but its events were too young. */
static void test_forged_retention(void **unused)
{
	struct fixture f;
	struct err err;
	uint64_t entry;
	static const char record[] = "pugmark retention 1\ntable test_logs\nrule keep 10 days\n"
				     "before 2026-05-01\nat 1779000000000000\nremoved 4 0 50\n";
	(void)unused;
	begin(&f);
	alter(&f, "UPDATE evidence_pages SET frame = -1, kept = zeroblob((rows + 7) / 8)"
		  " WHERE entry = 4 AND page = 0");
	assert_int_equal(catalog_begin(f.store, &err), 0);
	assert_int_equal(catalog_end(f.store,
				 evidence_add(f.store, EVIDENCE_RETENTION, 0, 0, slice_of(record),
					 &entry, &err),
				 &err),
		0);
	assert_true(verify(&f, true).findings > 0);
	checkpoint_again(&f);
	assert_true(verify(&f, true).findings > 0);
	end(&f);
}

/* ---- checkpoints and proofs ------------------------------------------------------------------ */

static void test_wrong_checkpoints(void **unused)
{
	struct fixture f, other;
	struct evidence_result result;
	struct err err;
	bool quiet = true;
	(void)unused;
	begin(&other);
	begin(&f);
	struct evidence_check check = {.note = buf_view(&other.held),
		.verifier = &f.verifier,
		.found = print_finding,
		.ctx = &quiet};
	assert_int_equal(evidence_verify(f.store, &check, &result, &err), -1);
	assert_int_equal(err.kind, ERR_ACCESS);
	check.verifier = &other.verifier; /* signed well, of another store */
	assert_int_equal(evidence_verify(f.store, &check, &result, &err), -1);
	assert_int_equal(err.kind, ERR_ACCESS);
	check.note = SLICE("nonsense\n");
	assert_int_equal(evidence_verify(f.store, &check, &result, &err), -1);
	assert_int_equal(err.kind, ERR_FORMAT);
	end(&f);
	end(&other);
}

static void check_proof(struct fixture *f, const struct checkpoint *c, const char *source,
	uint32_t frame, uint32_t i)
{
	struct frame_events events;
	struct evidence_proof proof;
	struct arena mem;
	struct err err;
	uint8_t hash[32];
	struct page_facts facts;
	arena_init(&mem);
	assert_int_equal(frame_events_read(f->store, source, 1, frame, &mem, &events, &err), 0);
	struct vault_place place = {
		source, 1, frame, events.index.offsets[i], events.index.lengths[i]};
	assert_int_equal(frame_event_hash(&events, i, hash, &err), 0);
	assert_int_equal(evidence_prove(f->store, &place, c->size, &proof, &err), 1);
	assert_int_equal(page_record_read(buf_view(&proof.page_record), &facts), 0);
	assert_true(merkle_included(hash, proof.row, facts.rows, &proof.in_page, facts.root));
	uint8_t root[32];
	merkle_entry(proof.page_record.ptr, proof.page_record.len, hash);
	note_unbase64(evidence_line(buf_view(&proof.record), "root"), root, 32);
	assert_true(merkle_included(hash, proof.page, proof.pages, &proof.in_segment, root));
	merkle_entry(proof.record.ptr, proof.record.len, hash);
	assert_true(merkle_included(hash, proof.entry, c->size, &proof.in_tree, c->root));
	evidence_proof_fini(&proof);
	assert_int_equal(evidence_prove(f->store, &place, proof.entry, &proof, &err), 0);
	evidence_proof_fini(&proof);
	arena_fini(&mem);
}

static void test_proofs(void **unused)
{
	struct fixture f;
	struct checkpoint c;
	struct err err;
	(void)unused;
	begin(&f);
	assert_int_equal(note_read(buf_view(&f.held), &c, &err), 0);
	for (uint32_t frame = 0; frame < 6; frame++) {
		check_proof(&f, &c, "one", frame, 0);
		check_proof(&f, &c, "one", frame, 49);
		check_proof(&f, &c, "two", frame, 7);
	}
	end(&f);
}

static void test_proofs_after_retention(void **unused)
{
	struct fixture f;
	struct checkpoint c;
	struct err err;
	struct frame_row row;
	unsigned live = 0;
	(void)unused;
	begin(&f);
	assert_int_equal(note_read(buf_view(&f.held), &c, &err), 0);
	retain(&f);
	for (uint32_t frame = 0; vault_frame(f.store, "one", 1, frame, &row, &err) == 1; frame++) {
		if (row.state != FRAME_LIVE)
			continue;
		check_proof(&f, &c, "one", frame, 0);
		check_proof(&f, &c, "one", frame, row.records - 1);
		live++;
	}
	assert_true(live > 0);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_entered_once),
		cmocka_unit_test(test_compaction),
		cmocka_unit_test(test_retention),
		cmocka_unit_test(test_changes_meanwhile),
		cmocka_unit_test(test_retention_of_pending),
		cmocka_unit_test(test_older_format),
		cmocka_unit_test(test_attacks),
		cmocka_unit_test(test_retention_attacks),
		cmocka_unit_test(test_forged_retention),
		cmocka_unit_test(test_wrong_checkpoints),
		cmocka_unit_test(test_proofs),
		cmocka_unit_test(test_proofs_after_retention),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
