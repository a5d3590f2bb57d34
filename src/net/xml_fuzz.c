/* SPDX-License-Identifier: Apache-2.0 */
/* xml_fuzz.c: whatever a server sends as a listing or a refusal: it is read or refused, a listing is
 * never half read, and error texts are safe to print. */
#undef NDEBUG
#include <assert.h>

#include "base/base.h"
#include "net/s3_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_listing(struct slice xml)
{
	struct s3_listing page;
	struct err err = {0};
	s3_listing_init(&page);
	int status = s3_listing_read(xml, "token", &page, &err);
	assert(status == 0 || (status == -1 && err.kind != ERR_NONE && err.text[0]));
	for (size_t i = 0; status == 0 && i < page.count; i++)
		assert(page.objects[i].key.len > 0);
	assert(status < 0 || !page.next || strcmp(page.next, "token") != 0);
	assert(page.count <= xml.len && page.prefix_count <= xml.len);
	s3_listing_fini(&page);
}

static void check_refusal(struct slice xml)
{
	struct s3 s3 = {.bucket = (char[]){"bucket"}, .region = (char[]){"us-east-1"}};
	struct s3_call call = {.doing = S3_LISTING, .method = "GET"};
	struct err err = {0};
	http_reply_init(&s3.reply);
	s3.reply.status = 400;
	buf_slice(&s3.reply.body, xml);
	assert(s3_explain(&s3, &call, &err) == -1);
	assert(err.kind != ERR_NONE && strlen(err.text) > 10);
	for (const char *p = err.text; *p; p++)
		assert((unsigned char)*p >= 0x20 && *p != 0x7f);
	assert(text_utf8_valid(slice_of(s3.end.code)));
	http_reply_fini(&s3.reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice xml = {(const char *)data, size};
	check_listing(xml);
	check_refusal(xml);
	return 0;
}
