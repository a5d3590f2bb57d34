/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope.h: private to json/: whether an object is an answer of an API around records, and what
 * records of an input look like at their beginning.
 */
#ifndef JSON_ENVELOPE_H
#define JSON_ENVELOPE_H

#include "base/slice.h"
#include "json/json.h"

enum envelope {
	ENVELOPE_NO,
	ENVELOPE_YES,
	ENVELOPE_MORE, /* the text ends before that is known */
};

/* True for the keys that hold an envelope's records, whatever stands beside them. */
bool envelope_key(struct slice key);

/* Whether the object at text[at] is an envelope: it has one of those keys, whose value is an array
 * that is empty or begins with an object; or such an array is called `data`, and nothing stands
 * beside it that answers do not have. *inner is then the offset after the array's bracket. `last`:
 * the input ends with this text. */
enum envelope envelope_open(struct slice text, size_t at, bool last, size_t *inner);

/* A number for how the object at text[at] begins: its first key, and its second one where the
 * first has a short scalar. 0 where it is too short, or cut, to tell. Never 0 otherwise. */
uint64_t envelope_signature(struct slice text, size_t at);

#endif
