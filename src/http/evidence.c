/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.c (http/): what a third party checks the store by: the tree's state, the newest checkpoint, the proof of an event, a bundle of
 * events. Checkpoints are made by the service: this process has no key. */
#include <string.h>

#include "answer/bundle.h"
#include "http/private.h"

enum { MOST_IDS = 100 };

int handle_evidence(struct request *r, struct err *err)
{
	return reply_from_store(r, answer_evidence, err);
}

/* The newest one; ERR_NOT_FOUND where none was made. */
static int newest(struct store *store, struct buf *note, struct err *err)
{
	int rc = evidence_newest(store, note, err);
	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND,
			"no checkpoint was made yet: `pugmark checkpoint` makes one, and so does "
			"the "
			"service, each hour");
	return rc < 0 ? -1 : 0;
}

int handle_checkpoint(struct request *r, struct err *err)
{
	struct store *store;
	if (request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	int rc = newest(store, &r->out, err);
	store_close(store);
	if (rc < 0)
		return -1;
	reply_done(r, 200, "text/plain; charset=utf-8");
	return 0;
}

static int read_id(const char *text, size_t n, uint8_t id[16], struct err *err)
{
	if (text_parse_uuid((struct slice){text, n}, id) == 0)
		return 0;
	return err_set(err, ERR_USAGE,
		"%.*s is no event id: it has 32 hexadecimal digits, hyphens between or not",
		(int)(n < 60 ? n : 60), text);
}

int handle_proof(struct request *r, struct err *err)
{
	struct store *store;
	struct buf note;
	uint8_t id[16];
	if (read_id(r->id, strlen(r->id), id, err) < 0 ||
		request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	buf_init(&note, NOTE_MOST);
	int rc = newest(store, &note, err);
	if (rc == 0)
		rc = answer_event_proof(store, id, buf_view(&note), &r->out, NULL, err);
	else
		rc = -1;
	store_close(store);
	buf_fini(&note);
	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND, "no event has the id %s", r->id);
	return reply_made(r, rc < 0 ? -1 : 0, "", err);
}

/* ---- bundles --------------------------------------------------------------------------------- */

static int add_alert(
	struct request *r, struct store *store, const char *id, struct bundle *b, struct err *err)
{
	struct alert_info alert;
	int rc = alerts_get(store, id, &r->mem, &alert, err);
	if (rc < 1)
		return rc < 0 ? -1 : err_set(err, ERR_NOT_FOUND, "there is no alert %.60s", id);
	for (uint32_t i = 0; rc >= 0 && i < alert.found.nevents; i++)
		rc = bundle_add_id(b, alert.found.events[i].id, err);
	return rc < 0 ? -1 : 0;
}

/* Ids, by commas. */
static int add_events(const char *list, struct bundle *b, struct err *err)
{
	for (int n = 0; *list; n++) {
		size_t len = strcspn(list, ",");
		uint8_t id[16];
		if (n == MOST_IDS)
			return err_set(err, ERR_LIMIT, "more than %d events", MOST_IDS);
		if (read_id(list, len, id, err) < 0 || bundle_add_id(b, id, err) < 0)
			return -1;
		list += len + (list[len] == ',');
	}
	return 0;
}

static int make(struct request *r, struct store *store, struct bundle **b, struct err *err)
{
	const char *alert = arg(r, "alert"), *events = arg(r, "events");
	struct buf note;
	if (!alert == !events)
		return err_set(err, ERR_USAGE, "name an alert, or events");
	buf_init(&note, NOTE_MOST);
	int rc = newest(store, &note, err);
	if (rc == 0)
		rc = bundle_begin(store, buf_view(&note), (struct slice){NULL, 0},
			alert ? alert : events, b, err);
	buf_fini(&note);
	if (rc == 0)
		rc = alert ? add_alert(r, store, alert, *b, err) : add_events(events, *b, err);
	if (rc == 0 && bundle_events(*b) == 0)
		rc = err_set(err, ERR_NOT_FOUND,
			"none of the events is in a checkpoint yet: the next one is made within an "
			"hour");
	return rc;
}

int handle_bundle(struct request *r, struct err *err)
{
	struct answer_file file;
	struct bundle *bundle = NULL;
	struct store *store;
	if (request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	int rc = make(r, store, &bundle, err);
	if (rc == 0) {
		r->disposition = "attachment; filename=\"pugmark-evidence.zip\"";
		rc = answer_file_open(&file, r, "application/zip", err);
		if (rc == 0)
			rc = answer_file_close(&file, bundle_write(bundle, file.file, err), err);
	}
	bundle_free(bundle);
	store_close(store);
	return rc;
}
