/* SPDX-License-Identifier: Apache-2.0 */
/* json.c: single members of small JSON replies and files, without a tree. */
#include "json/json.h"
#include "net/private.h"

struct slice net_json_member(struct slice object, const char *key)
{
	struct slice value = {NULL, 0};
	if (json_validate(object, NULL) == 0)
		json_member(object, key, &value);
	return value;
}

bool net_json_text(struct slice object, const char *key, struct buf *out)
{
	struct slice value = net_json_member(object, key);
	bool repaired = false;
	buf_clear(out);
	return value.len > 0 && value.ptr[0] == '"' && json_string(value, 0, out, &repaired) >= 0 &&
	       !repaired && !out->full;
}
