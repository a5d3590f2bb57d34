/* SPDX-License-Identifier: Apache-2.0 */
/* Signed checkpoints: what is written is read, keys and signatures as other programs make them, and whatever is altered is refused. */
#include "base/test.h"
#include "proof/note.h"

/* A key and a note of the Go module golang.org/x/mod/sumdb/note, whose format signed-note is. */
#define GO_KEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define GO_SIGN                                                                                    \
	"\xe2\x80\x94 PeterNeumann "                                                               \
	"x08go/ZJkuBS9UG/"                                                                         \
	"SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
static const char go_text[] = "If you think cryptography is the answer to your problem,\n"
			      "then you don't know what your problem is.\n";

static struct buf signed_one(struct note_verifier *verifier, uint8_t private_key[NOTE_KEY])
{
	struct buf out;
	struct err err;
	uint8_t root[32];
	memset(root, 7, 32);
	memset(verifier, 0, sizeof(*verifier));
	snprintf(verifier->name, sizeof(verifier->name), "pugmark/test");
	assert_int_equal(note_make_key(private_key, verifier->key, &err), 0);
	buf_init(&out, NOTE_MOST);
	note_write(&out, "pugmark/test", 12, root, INT64_C(1732816800123456));
	assert_int_equal(note_sign(&out, 0, "pugmark/test", private_key, verifier->key, &err), 0);
	return out;
}

static void test_round(void **state)
{
	struct note_verifier verifier;
	uint8_t private_key[NOTE_KEY];
	struct checkpoint c;
	struct err err;
	(void)state;
	struct buf note = signed_one(&verifier, private_key);
	assert_int_equal(note_read(buf_view(&note), &c, &err), 0);
	assert_int_equal(c.size, 12);
	assert_true(slice_eq(c.origin, SLICE("pugmark/test")));
	assert_true(slice_eq(c.time, SLICE("2024-11-28T18:00:00.000000Z")));
	for (int i = 0; i < 32; i++)
		assert_int_equal(c.root[i], 7);
	assert_int_equal(note_verify(buf_view(&note), &c, &verifier, &err), 0);
	buf_fini(&note);
}

/* Whichever bit is changed, the note is refused, or it is the signature line of nobody. */
static void test_altered(void **state)
{
	struct note_verifier verifier;
	uint8_t private_key[NOTE_KEY];
	struct checkpoint c;
	struct err err;
	(void)state;
	struct buf note = signed_one(&verifier, private_key);
	for (size_t i = 0; i < note.len * 8; i++) {
		note.ptr[i / 8] = (char)(note.ptr[i / 8] ^ 1 << i % 8);
		CHECK_ROW(i, note_read(buf_view(&note), &c, &err) < 0 ||
				     note_verify(buf_view(&note), &c, &verifier, &err) < 0);
		note.ptr[i / 8] = (char)(note.ptr[i / 8] ^ 1 << i % 8);
	}
	for (size_t n = 0; n < note.len; n++)
		CHECK_ROW(n,
			note_read((struct slice){note.ptr, n}, &c, &err) < 0 ||
				note_verify((struct slice){note.ptr, n}, &c, &verifier, &err) < 0);
	buf_fini(&note);
}

/* Witnesses add lines; they neither help nor harm. */
static void test_other_signatures(void **state)
{
	struct note_verifier verifier, other;
	uint8_t private_key[NOTE_KEY], others_key[NOTE_KEY];
	struct checkpoint c;
	struct err err;
	(void)state;
	struct buf note = signed_one(&verifier, private_key);
	buf_puts(&note, GO_SIGN);
	assert_int_equal(note_read(buf_view(&note), &c, &err), 0);
	assert_int_equal(note_verify(buf_view(&note), &c, &verifier, &err), 0);
	other = verifier;
	assert_int_equal(note_make_key(others_key, other.key, &err), 0);
	assert_int_equal(note_verify(buf_view(&note), &c, &other, &err), -1);
	assert_int_equal(err.kind, ERR_ACCESS);
	snprintf(other.name, sizeof(other.name), "pugmark/other");
	assert_int_equal(note_verify(buf_view(&note), &c, &other, &err), -1);
	buf_fini(&note);
}

static void test_go_note(void **state)
{
	struct note_verifier verifier;
	struct buf text, note;
	struct err err;
	(void)state;
	assert_int_equal(note_key_parse(SLICE(GO_KEY "\n"), &verifier, &err), 0);
	assert_string_equal(verifier.name, "PeterNeumann");
	buf_init(&text, 1000);
	note_key_text(&verifier, &text);
	assert_true(slice_eq(buf_view(&text), SLICE(GO_KEY)));
	/* It is no checkpoint; its parts are given as if it were one. */
	buf_init(&note, 1000);
	buf_puts(&note, go_text);
	buf_puts(&note, "\n" GO_SIGN);
	struct checkpoint c = {
		.origin = SLICE("PeterNeumann"), .text = {note.ptr, sizeof(go_text) - 1}};
	assert_int_equal(note_verify(buf_view(&note), &c, &verifier, &err), 0);
	note.ptr[3] ^= 1;
	assert_int_equal(note_verify(buf_view(&note), &c, &verifier, &err), -1);
	buf_fini(&note);
	buf_fini(&text);
}

static void test_wrong_keys(void **state)
{
	static const char *const wrong[] = {"", "x", "PeterNeumann+c74f20a3",
		"PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
		"PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"+c74f20a3+"};
	struct note_verifier verifier;
	struct err err;
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		CHECK_ROW(i, note_key_parse(slice_of(wrong[i]), &verifier, &err) < 0);
}

static void test_wrong_checkpoints(void **state)
{
	static const char *const wrong[] = {"", "o\n", "o\n1\n", "o\n1\nAAAA\n\n",
		"o\n01\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\n",
		"o\n-1\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\n",
		"o\n1 \nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\n",
		"o\n1\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwd=\n\n",
		"o\n1\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n",
		"a b\n1\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\n"};
	struct checkpoint c;
	struct err err;
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		CHECK_ROW(i, note_read(slice_of(wrong[i]), &c, &err) < 0);
	assert_int_equal(note_read(SLICE("o\n1\n"
					 "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\n"),
				 &c, &err),
		0);
}

/* ---- witnesses: made by another implementation (node's crypto), the key being that of 32 bytes 0x07 ---- */

#define WITNESS_KEY "witness.example/w1+aa4a09d1+BOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs"
#define WITNESS_TEXT                                                                               \
	"example.com/log\n8\ngYTzXZfmMjG8zJnnZSdHJfNwLXqZNQSWnSnhhzXy9xQ=\ntime "                  \
	"2026-11-28T18:00:00Z\n"
#define WITNESS_SIGN                                                                               \
	"\xe2\x80\x94 witness.example/w1 "                                                         \
	"qkoJ0QAAAABrCxagi3aB+qf97dhspCkdskeZeV8nMdZjmeFREgtFm80DJSiGH6yC7jvCxdME/"                \
	"CgBNrc5lgoyunlwTDr1whonxrWRAg==\n"
enum { WITNESS_TIME = 1795888800 };

static void test_cosigned(void **state)
{
	struct note_verifier witness;
	struct checkpoint c;
	struct err err;
	int64_t time = 0;
	(void)state;
	assert_int_equal(note_witness_parse(SLICE(WITNESS_KEY), &witness, &err), 0);
	assert_string_equal(witness.name, "witness.example/w1");
	struct slice note = SLICE(WITNESS_TEXT "\n" GO_SIGN WITNESS_SIGN);
	assert_int_equal(note_read(note, &c, &err), 0);
	assert_int_equal(note_cosigned(note, &c, &witness, &time, &err), 0);
	assert_int_equal(time, WITNESS_TIME);
	/* a key for checkpoints is none for cosignatures, and the other way round */
	assert_int_equal(note_witness_parse(SLICE(GO_KEY), &witness, &err), -1);
	assert_int_equal(note_key_parse(SLICE(WITNESS_KEY), &witness, &err), -1);
}

static void test_not_cosigned(void **state)
{
	static const struct {
		const char *note, *why;
	} rows[] = {
		{WITNESS_TEXT "\n" GO_SIGN, "is not cosigned by the witness witness.example/w1"},
		/* another text */
		{"example.com/log\n9\ngYTzXZfmMjG8zJnnZSdHJfNwLXqZNQSWnSnhhzXy9xQ=\ntime "
		 "2026-11-28T18:00:00Z\n\n" WITNESS_SIGN,
			"is false"},
		/* a line less, which the witness signed too */
		{"example.com/"
		 "log\n8\ngYTzXZfmMjG8zJnnZSdHJfNwLXqZNQSWnSnhhzXy9xQ=\n\n" WITNESS_SIGN,
			"is false"},
		/* another time: A…rCxag became A…rCxah */
		{WITNESS_TEXT
			"\n\xe2\x80\x94 witness.example/w1 "
			"qkoJ0QAAAABrCxahi3aB+qf97dhspCkdskeZeV8nMdZjmeFREgtFm80DJSiGH6yC7jvCxdME/"
			"CgBNrc5lgoyunlwTDr1whonxrWRAg==\n",
			"is false"},
		/* another name */
		{WITNESS_TEXT
			"\n\xe2\x80\x94 witness.example/w2 "
			"qkoJ0QAAAABrCxagi3aB+qf97dhspCkdskeZeV8nMdZjmeFREgtFm80DJSiGH6yC7jvCxdME/"
			"CgBNrc5lgoyunlwTDr1whonxrWRAg==\n",
			"is not cosigned"},
	};
	struct note_verifier witness;
	struct checkpoint c;
	struct err err;
	int64_t time;
	(void)state;
	assert_int_equal(note_witness_parse(SLICE(WITNESS_KEY), &witness, &err), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice note = slice_of(rows[i].note);
		CHECK_ROW(i, note_read(note, &c, &err) == 0);
		CHECK_ROW(i, note_cosigned(note, &c, &witness, &time, &err) < 0 &&
				     err.kind == ERR_ACCESS && strstr(err.text, rows[i].why));
	}
}

/* What a witness answers: its own good line is taken, and nothing else of it. */
static void test_cosign(void **state)
{
	struct note_verifier witness;
	struct checkpoint c;
	struct buf note;
	struct err err;
	int64_t time;
	(void)state;
	assert_int_equal(note_witness_parse(SLICE(WITNESS_KEY), &witness, &err), 0);
	buf_init(&note, NOTE_MOST);
	buf_puts(&note, WITNESS_TEXT "\n" GO_SIGN);
	size_t len = note.len;
	assert_int_equal(note_cosign(&note, SLICE(""), &witness, &time, &err), -1);
	assert_int_equal(note_cosign(&note, SLICE("<html>\n\xff\n"), &witness, &time, &err), -1);
	assert_int_equal(note_cosign(&note, SLICE(GO_SIGN), &witness, &time, &err), -1);
	assert_int_equal(note.len, len);
	assert_int_equal(note_cosign(&note, SLICE("junk\n" GO_SIGN WITNESS_SIGN "more\n"), &witness,
				 &time, &err),
		0);
	assert_int_equal(time, WITNESS_TIME);
	assert_true(slice_eq(buf_view(&note), SLICE(WITNESS_TEXT "\n" GO_SIGN WITNESS_SIGN)));
	assert_int_equal(note_read(buf_view(&note), &c, &err), 0);
	assert_int_equal(note_cosigned(buf_view(&note), &c, &witness, &time, &err), 0);
	buf_fini(&note);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_altered),
		cmocka_unit_test(test_other_signatures),
		cmocka_unit_test(test_go_note),
		cmocka_unit_test(test_wrong_keys),
		cmocka_unit_test(test_wrong_checkpoints),
		cmocka_unit_test(test_cosigned),
		cmocka_unit_test(test_not_cosigned),
		cmocka_unit_test(test_cosign),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
