/* SPDX-License-Identifier: Apache-2.0 */
/* note.c: signed notes and checkpoints: written, read, signed, verified; and the cosignatures of witnesses. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proof/note.h"

enum { KEY_ID = 4, SIGNATURE = 64, TIMESTAMP = 8, COSIGNED_TEXT = NOTE_MOST + 64 };
/* What a key signs, as the byte before it says. */
enum key_kind { ED25519 = 1, COSIGNATURE = 4 };
#define DASH "\xe2\x80\x94 " /* an em dash and a blank */

/* ---- base64 ---------------------------------------------------------------------------------- */

void note_base64(struct buf *out, const void *data, size_t n)
{
	char *to = buf_reserve(out, (n + 2) / 3 * 4 + 1);
	if (to)
		out->len += (size_t)EVP_EncodeBlock((unsigned char *)to, data, (int)n);
}

int note_unbase64(struct slice text, uint8_t *out, size_t most)
{
	unsigned char bytes[256], back[400];
	if (text.len == 0 || text.len % 4 != 0 || text.len > 340)
		return -1;
	int n = EVP_DecodeBlock(bytes, (const unsigned char *)text.ptr, (int)text.len);
	if (n < 0)
		return -1;
	n -= text.ptr[text.len - 1] == '=';
	n -= text.ptr[text.len - 2] == '=';
	/* What has bits or blanks too many is another text for the same bytes: refused. */
	if (n < 1 || (size_t)n > most || EVP_EncodeBlock(back, bytes, n) != (int)text.len ||
		memcmp(back, text.ptr, text.len) != 0)
		return -1;
	memcpy(out, bytes, (size_t)n);
	return n;
}

/* ---- keys ------------------------------------------------------------------------------------ */

int note_make_key(uint8_t private_key[NOTE_KEY], uint8_t public_key[NOTE_KEY], struct err *err)
{
	size_t n = NOTE_KEY, m = NOTE_KEY;
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	int ok = key && EVP_PKEY_get_raw_private_key(key, private_key, &n) == 1 &&
		 EVP_PKEY_get_raw_public_key(key, public_key, &m) == 1;
	EVP_PKEY_free(key);
	return ok ? 0 : err_set(err, ERR_IO, "libcrypto could not make an Ed25519 key");
}

static void make_id(enum key_kind kind, const struct note_verifier *verifier, uint8_t id[KEY_ID])
{
	uint8_t text[NOTE_NAME + 2 + NOTE_KEY], sum[32];
	size_t n = strlen(verifier->name);
	memcpy(text, verifier->name, n);
	text[n++] = '\n';
	text[n++] = (uint8_t)kind;
	memcpy(text + n, verifier->key, NOTE_KEY);
	SHA256(text, n + NOTE_KEY, sum);
	memcpy(id, sum, KEY_ID);
}

void note_key_text(const struct note_verifier *verifier, struct buf *out)
{
	uint8_t id[KEY_ID], typed[1 + NOTE_KEY] = {ED25519};
	make_id(ED25519, verifier, id);
	memcpy(typed + 1, verifier->key, NOTE_KEY);
	buf_printf(out, "%s+%02x%02x%02x%02x+", verifier->name, id[0], id[1], id[2], id[3]);
	note_base64(out, typed, sizeof(typed));
}

static bool is_name(struct slice name)
{
	if (name.len == 0 || name.len >= NOTE_NAME || !text_utf8_valid(name))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if ((unsigned char)name.ptr[i] <= ' ' || name.ptr[i] == '+' || name.ptr[i] == 0x7f)
			return false;
	}
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static int no_key(enum key_kind kind, struct err *err)
{
	return err_set(err, ERR_FORMAT,
		kind == ED25519
			? "that is no public key of checkpoints: it is one line, name+id+key, as "
			  "`pugmark checkpoint key` prints it"
			: "that is no public key of a witness: it is one line, name+id+key, for "
			  "Ed25519 cosignatures (its key begins with B)");
}

static int parse_key(
	struct slice text, enum key_kind kind, struct note_verifier *verifier, struct err *err)
{
	uint8_t typed[64], id[KEY_ID];
	char hex[2 * KEY_ID + 1];
	while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
		text.len--;
	while (text.len > 0 && is_blank(*text.ptr))
		text.ptr++, text.len--;
	const char *plus = text.ptr ? memchr(text.ptr, '+', text.len) : NULL;
	size_t name = plus ? (size_t)(plus - text.ptr) : 0;
	if (!plus || !is_name((struct slice){text.ptr, name}) || text.len < name + 2 + 2 * KEY_ID ||
		plus[1 + 2 * KEY_ID] != '+')
		return no_key(kind, err);
	struct slice key = {plus + 2 + 2 * KEY_ID, text.len - name - 2 - 2 * KEY_ID};
	if (note_unbase64(key, typed, sizeof(typed)) != 1 + NOTE_KEY || typed[0] != kind)
		return no_key(kind, err);
	memset(verifier, 0, sizeof(*verifier));
	memcpy(verifier->name, text.ptr, name);
	memcpy(verifier->key, typed + 1, NOTE_KEY);
	make_id(kind, verifier, id);
	snprintf(hex, sizeof(hex), "%02x%02x%02x%02x", id[0], id[1], id[2], id[3]);
	if (memcmp(hex, plus + 1, 2 * KEY_ID) != 0)
		return err_set(err, ERR_FORMAT,
			"the public key is damaged: its id does not fit its bytes");
	return 0;
}

int note_key_parse(struct slice text, struct note_verifier *verifier, struct err *err)
{
	return parse_key(text, ED25519, verifier, err);
}

int note_witness_parse(struct slice text, struct note_verifier *witness, struct err *err)
{
	return parse_key(text, COSIGNATURE, witness, err);
}

/* ---- checkpoints ----------------------------------------------------------------------------- */

void note_write(struct buf *out, const char *origin, uint64_t size, const uint8_t root[MERKLE_HASH],
	int64_t time_us)
{
	char time[CLOCK_TEXT];
	clock_text(time_us - time_us % 1000000, time);
	buf_printf(out, "%s\n%" PRIu64 "\n", origin, size);
	note_base64(out, root, MERKLE_HASH);
	buf_printf(out, "\ntime %s\n", time);
}

static bool starts(struct slice line, const char *with)
{
	return line.ptr && line.len >= strlen(with) && memcmp(line.ptr, with, strlen(with)) == 0;
}

/* Takes a line off the front; false where there is no whole one. */
static bool take_line(struct slice *rest, struct slice *line)
{
	const char *end = memchr(rest->ptr ? rest->ptr : "", '\n', rest->len);
	if (!end)
		return false;
	*line = (struct slice){rest->ptr, (size_t)(end - rest->ptr)};
	rest->len -= line->len + 1;
	rest->ptr = end + 1;
	return true;
}

static bool read_size(struct slice line, uint64_t *size)
{
	int64_t n;
	if (line.len == 0 || (line.len > 1 && *line.ptr == '0') || text_parse_int(line, &n) < 0 ||
		n < 0 || *line.ptr == '-')
		return false;
	*size = (uint64_t)n;
	return true;
}

int note_read(struct slice note, struct checkpoint *checkpoint, struct err *err)
{
	struct slice rest = note, line, root;
	memset(checkpoint, 0, sizeof(*checkpoint));
	bool ok = note.ptr && note.len <= NOTE_MOST && text_utf8_valid(note) &&
		  !memchr(note.ptr, '\0', note.len) && take_line(&rest, &checkpoint->origin) &&
		  is_name(checkpoint->origin) && take_line(&rest, &line) &&
		  read_size(line, &checkpoint->size) && take_line(&rest, &root) &&
		  note_unbase64(root, checkpoint->root, MERKLE_HASH) == MERKLE_HASH;
	while (ok && (ok = take_line(&rest, &line)) && line.len > 0) {
		if (starts(line, "time "))
			checkpoint->time = (struct slice){line.ptr + 5, line.len - 5};
	}
	if (!ok)
		return err_set(err, ERR_FORMAT,
			"that is no checkpoint: it begins with an origin, a number and a root, "
			"each on a "
			"line of its own, and has signatures behind an empty line");
	checkpoint->text = (struct slice){note.ptr, (size_t)(rest.ptr - 1 - note.ptr)};
	return 0;
}

/* ---- signatures ------------------------------------------------------------------------------ */

int note_sign(struct buf *out, size_t from, const char *name, const uint8_t private_key[NOTE_KEY],
	const uint8_t public_key[NOTE_KEY], struct err *err)
{
	struct note_verifier verifier;
	uint8_t signature[KEY_ID + SIGNATURE];
	size_t n = SIGNATURE;
	snprintf(verifier.name, sizeof(verifier.name), "%s", name);
	memcpy(verifier.key, public_key, NOTE_KEY);
	make_id(ED25519, &verifier, signature);
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key, NOTE_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = key && ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
		 EVP_DigestSign(ctx, signature + KEY_ID, &n, (const unsigned char *)out->ptr + from,
			 out->len - from) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	if (!ok)
		return err_set(err, ERR_IO, "libcrypto could not sign");
	buf_printf(out, "\n" DASH "%s ", name);
	note_base64(out, signature, sizeof(signature));
	return buf_push(out, '\n');
}

static bool signature_holds(
	struct slice text, const uint8_t *signature, const uint8_t key[NOTE_KEY])
{
	EVP_PKEY *public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, NOTE_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = public && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, public) == 1 &&
		  EVP_DigestVerify(ctx, signature, SIGNATURE, (const unsigned char *)text.ptr,
			  text.len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(public);
	return ok;
}

/* The bytes behind the key's id of the next signature line that is of this key, `n` of them; false where there is none left. */
static bool next_signature(struct slice *rest, enum key_kind kind,
	const struct note_verifier *verifier, uint8_t *signature, int n)
{
	struct slice line, name = {verifier->name, strlen(verifier->name)};
	uint8_t id[KEY_ID], bytes[128];
	size_t head = strlen(DASH), skip = head + name.len + 1;
	make_id(kind, verifier, id);
	while (take_line(rest, &line)) {
		if (!starts(line, DASH) || line.len <= skip ||
			memcmp(line.ptr + head, name.ptr, name.len) != 0 ||
			line.ptr[skip - 1] != ' ' ||
			note_unbase64((struct slice){line.ptr + skip, line.len - skip}, bytes,
				sizeof(bytes)) != KEY_ID + n ||
			memcmp(bytes, id, KEY_ID) != 0)
			continue;
		memcpy(signature, bytes + KEY_ID, (size_t)n);
		return true;
	}
	return false;
}

/* What stands behind a checkpoint's text and the empty line. */
static struct slice signatures_of(struct slice note, const struct checkpoint *checkpoint)
{
	return (struct slice){checkpoint->text.ptr + checkpoint->text.len + 1,
		note.len - checkpoint->text.len - 1};
}

int note_verify(struct slice note, const struct checkpoint *checkpoint,
	const struct note_verifier *verifier, struct err *err)
{
	struct slice rest = signatures_of(note, checkpoint);
	uint8_t signature[SIGNATURE];
	if (!slice_eq(checkpoint->origin, slice_of(verifier->name)))
		return err_set(err, ERR_ACCESS,
			"the checkpoint is of another store: it says %.*s, the key is of %s",
			SLICE_ARG(checkpoint->origin), verifier->name);
	if (!next_signature(&rest, ED25519, verifier, signature, SIGNATURE))
		return err_set(err, ERR_ACCESS, "the checkpoint is not signed by the key of %s",
			verifier->name);
	if (!signature_holds(checkpoint->text, signature, verifier->key))
		return err_set(err, ERR_ACCESS,
			"the checkpoint's signature is false: it was altered after it was signed");
	return 0;
}

/* ---- cosignatures ---------------------------------------------------------------------------- */

static bool cosignature_holds(
	struct slice text, const uint8_t *signature, const uint8_t key[NOTE_KEY], int64_t *time)
{
	uint64_t seconds = 0;
	struct buf message;
	for (int i = 0; i < TIMESTAMP; i++)
		seconds = seconds << 8 | signature[i];
	if (seconds > INT64_MAX)
		return false;
	buf_init(&message, COSIGNED_TEXT);
	buf_printf(&message, "cosignature/v1\ntime %" PRIu64 "\n", seconds);
	buf_slice(&message, text);
	bool holds =
		!message.full && signature_holds(buf_view(&message), signature + TIMESTAMP, key);
	buf_fini(&message);
	*time = (int64_t)seconds;
	return holds;
}

/* The first cosignature of the witness among `lines` that holds: 1 with its bytes, 0 where it has none, -1 where it has, and none holds. */
static int find_cosignature(struct slice lines, struct slice text,
	const struct note_verifier *witness, uint8_t signature[TIMESTAMP + SIGNATURE],
	int64_t *time)
{
	int found = 0;
	while (next_signature(&lines, COSIGNATURE, witness, signature, TIMESTAMP + SIGNATURE)) {
		if (cosignature_holds(text, signature, witness->key, time))
			return 1;
		found = -1;
	}
	return found;
}

static int no_cosignature(int found, const struct note_verifier *witness, struct err *err)
{
	return err_set(err, ERR_ACCESS,
		found < 0 ? "the cosignature of the witness %s is false: it is of another text, or "
			    "was altered"
			  : "the checkpoint is not cosigned by the witness %s",
		witness->name);
}

int note_cosigned(struct slice note, const struct checkpoint *checkpoint,
	const struct note_verifier *witness, int64_t *time, struct err *err)
{
	uint8_t signature[TIMESTAMP + SIGNATURE];
	int found = find_cosignature(
		signatures_of(note, checkpoint), checkpoint->text, witness, signature, time);
	return found == 1 ? 0 : no_cosignature(found, witness, err);
}

int note_cosign(struct buf *note, struct slice lines, const struct note_verifier *witness,
	int64_t *time, struct err *err)
{
	uint8_t signature[KEY_ID + TIMESTAMP + SIGNATURE];
	struct checkpoint checkpoint;
	if (note_read(buf_view(note), &checkpoint, err) < 0)
		return -1;
	int found = find_cosignature(lines, checkpoint.text, witness, signature + KEY_ID, time);
	if (found != 1)
		return no_cosignature(found, witness, err);
	make_id(COSIGNATURE, witness, signature);
	buf_printf(note, DASH "%s ", witness->name);
	note_base64(note, signature, sizeof(signature));
	return buf_push(note, '\n');
}
