/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.c (answer/): the state of the tree of evidence, and the proof of one event. */
#include <inttypes.h>

#include "answer/bundle.h"
#include "pipeline/outside.h"

static int add_key(struct store *store, struct buf *out, struct err *err)
{
	struct note_verifier verifier;
	struct buf text;
	int rc = evidence_public_key(store, &verifier, err);
	buf_init(&text, 1000);
	if (rc == 1) {
		note_key_text(&verifier, &text);
		buf_puts(out, ",\"key\":");
		text_json_string(out, buf_view(&text));
	} else {
		buf_puts(out, ",\"key\":null");
	}
	buf_fini(&text);
	return rc < 0 ? -1 : 0;
}

static void add_took(struct buf *out, const struct keeper *k, const char *when)
{
	buf_printf(out, ",\"entries\":%" PRIu64, k->size);
	answer_time(out, when, k->took_at, k->took_at != 0);
	answer_time(out, "failed_at", k->failed_at, k->failed_at != 0);
	text_json_member(out, "error", *k->error ? k->error : NULL);
	buf_push(out, '}');
}

static void add_bucket(struct buf *out, const struct keeper *k)
{
	bool governance;
	int64_t days;
	outside_bucket_lock(k, &governance, &days);
	buf_puts(out, "{\"place\":");
	text_json_string(out, slice_of(k->place));
	buf_printf(out, ",\"mode\":\"%s\",\"days\":%" PRId64,
		governance ? "governance" : "compliance", days);
	text_json_member(out, "object", *k->took ? k->took : NULL);
	add_took(out, k, "written_at");
}

int answer_keepers(struct store *store, struct buf *out, struct err *err)
{
	struct arena mem;
	struct keeper *list;
	const struct keeper *bucket = NULL;
	uint32_t n, witnesses = 0;
	arena_init(&mem);
	int rc = keepers_list(store, &mem, &list, &n, err);
	buf_puts(out, "\"witnesses\":[");
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		if (list[i].kind == KEEPER_BUCKET) {
			bucket = &list[i];
			continue;
		}
		buf_puts(out, witnesses++ ? ",{\"name\":" : "{\"name\":");
		text_json_string(out, slice_of(list[i].name));
		text_json_member(out, "url", list[i].place);
		add_took(out, &list[i], "cosigned_at");
	}
	buf_puts(out, bucket ? "],\"bucket\":" : "],\"bucket\":null");
	if (bucket)
		add_bucket(out, bucket);
	arena_fini(&mem);
	return rc;
}

int answer_evidence(struct store *store, struct buf *out, struct err *err)
{
	struct evidence_state state;
	if (evidence_state(store, &state, err) < 0)
		return -1;
	buf_puts(out, "{\"origin\":");
	text_json_string(out, slice_of(state.origin));
	buf_printf(out, ",\"entries\":%" PRIu64 ",\"pending_segments\":%" PRIu64 ",\"root\":\"",
		state.size, state.pending);
	note_base64(out, state.root, MERKLE_HASH);
	buf_push(out, '"');
	if (state.signed_at != 0) {
		buf_printf(out, ",\"checkpoint\":{\"entries\":%" PRIu64, state.signed_size);
		answer_time(out, "at", state.signed_at, true);
		buf_push(out, '}');
	} else {
		buf_puts(out, ",\"checkpoint\":null");
	}
	if (add_key(store, out, err) < 0)
		return -1;
	text_json_member(out, "folder", *state.folder ? state.folder : NULL);
	text_json_member(out, "sent_to", *state.notifiers ? state.notifiers : NULL);
	buf_push(out, ',');
	int rc = answer_keepers(store, out, err);
	buf_push(out, '}');
	return rc;
}

struct proving {
	struct store *store;
	const uint8_t *id;
	struct slice note;
	struct buf *out;
	struct evidence_proof *proof;
	int rc;
	struct err err;
};

static void prove(
	void *ctx, const char *table, const struct batch *batch, uint32_t row, struct slice raw)
{
	struct proving *p = ctx;
	struct vault_place place;
	struct checkpoint c;
	char source[128], id[UUID_TEXT];
	answer_event_place(batch, row, source, &place);
	p->rc = note_read(p->note, &c, &p->err);
	if (p->rc == 0)
		p->rc = evidence_prove(p->store, &place, c.size, p->proof, &p->err);
	if (p->rc == 0)
		p->rc = err_set(&p->err, ERR_NOT_FOUND,
			"the event is in no checkpoint yet: it came after the last one");
	if (p->rc < 0)
		return;
	text_uuid(p->id, id);
	buf_printf(p->out, "{\"event_id\":\"%.*s\"", UUID_TEXT, id);
	text_json_member(p->out, "table", table);
	buf_puts(p->out, ",\"raw\":\"");
	note_base64(p->out, raw.ptr, raw.len);
	buf_puts(p->out, "\",");
	answer_proof(p->proof, p->out);
	buf_puts(p->out, ",\"checkpoint\":");
	text_json_string(p->out, p->note);
	buf_push(p->out, '}');
}

int answer_event_proof(struct store *store, const uint8_t id[16], struct slice note,
	struct buf *out, struct evidence_proof *proof, struct err *err)
{
	struct evidence_proof own = {0};
	struct proving p = {
		.store = store, .id = id, .note = note, .out = out, .proof = proof ? proof : &own};
	int rc = answer_event_with(store, id, false, prove, &p, err);
	if (rc == 1 && p.rc < 0) {
		*err = p.err;
		rc = -1;
	}
	evidence_proof_fini(&own);
	return rc;
}
