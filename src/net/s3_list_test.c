/* SPDX-License-Identifier: Apache-2.0 */
/* s3_list_test.c: pages of ListObjectsV2 as servers write them, and as none should. */
#include "base/base.h"
#include "base/test.h"
#include "net/s3_private.h"

#define PAGE(inner)   "<?xml version='1.0'?><ListBucketResult>" inner "</ListBucketResult>"
#define OBJECT(inner) "<Contents>" inner "</Contents>"

/* Keys as "key:size," and prefixes as "key/," in the order of the page; then the token after '>'. */
static const struct {
	const char *xml, *want; /* "!words" = refused with these words */
} rows[] = {
	{PAGE("<IsTruncated>false</IsTruncated>"), ""},
	{PAGE(""), ""},
	{PAGE(OBJECT("<Key>a</Key><Size>1</Size>") OBJECT("<Size>2</Size><Key>b</Key>")),
		"a:1,b:2,"},
	{PAGE("<EncodingType>url</EncodingType>" OBJECT(
		 "<Key>a+b%2Bc%2f%C3%BC%zz%4</Key><Size>1</Size>")),
		"a b+c/\xc3\xbc%zz%4:1,"},
	{PAGE(OBJECT("<Key>a+b%2B</Key><Size>1</Size>") "<EncodingType>url</EncodingType>"),
		"a b+:1,"},
	{PAGE(OBJECT("<Key>a+b%2B</Key><Size>1</Size>")), "a+b%2B:1,"},
	{PAGE(OBJECT("<Key>a&amp;b&lt;&#65;<![CDATA[<x>]]></Key><Size>1</Size>")), "a&b<A<x>:1,"},
	{PAGE(OBJECT("<Key>../../x</Key><Size>9223372036854775807</Size>")),
		"../../x:9223372036854775807,"},
	{PAGE("<EncodingType>url</EncodingType><CommonPrefixes><Prefix>p%2F</Prefix></"
	      "CommonPrefixes>"
	      "<CommonPrefixes><Prefix>q/</Prefix></CommonPrefixes>"),
		"p/,q/,"},
	{PAGE("<IsTruncated>true</IsTruncated><NextContinuationToken>t&amp;2</"
	      "NextContinuationToken>"),
		">t&2"},
	{PAGE("<NextContinuationToken>t2</NextContinuationToken>"), ""},
	{"<s3:ListBucketResult "
	 "xmlns:s3='http://x'><s3:Contents><s3:Key>a</s3:Key><s3:Size>1</s3:Size>"
	 "</s3:Contents></s3:ListBucketResult>",
		"a:1,"},
	{PAGE("<Other><Contents><Key>no</Key></Contents></Other>"), ""},
	{PAGE("<IsTruncated>true</IsTruncated>"), "!not how to go on"},
	{PAGE("<IsTruncated>true</IsTruncated><NextContinuationToken/>"), "!not how to go on"},
	{PAGE("<IsTruncated>true</IsTruncated><NextContinuationToken>t1</NextContinuationToken>"),
		"!in a circle"},
	{PAGE(OBJECT("<Key>a</Key>")), "!without key or size"},
	{PAGE(OBJECT("<Size>1</Size>")), "!without key or size"},
	{PAGE(OBJECT("<Key></Key><Size>1</Size>")), "!without a name"},
	{PAGE(OBJECT("<Key>a</Key><Size>-1</Size>")), "!is no number"},
	{PAGE(OBJECT("<Key>a</Key><Size>1x</Size>")), "!is no number"},
	{PAGE(OBJECT("<Key>a</Key><Size>99999999999999999999</Size>")), "!is no number"},
	{"<Error><Code>x</Code></Error>", "!no ListBucketResult"},
	{"", "!XML"},
	{"{}", "!XML"},
	{"<ListBucketResult>", "!XML"},
	{PAGE("") "more", "!XML"},
	{PAGE(OBJECT("<Key>\xff\xfe</Key><Size>1</Size>")), "!XML"},
	{"<!DOCTYPE x><ListBucketResult/>", "!document type"},
	{"<!DOCTYPE x [<!ENTITY a 'aaaaaaaa'><!ENTITY b "
	 "'&a;&a;&a;&a;'>]><ListBucketResult><Contents><Key>"
	 "&b;</Key><Size>1</Size></Contents></ListBucketResult>",
		"!document type"},
	{"<!DOCTYPE x SYSTEM 'file:///etc/passwd'><ListBucketResult/>", "!document type"},
	{PAGE("<a><a><a><a><a><a><a><a><a><a><a><a><a>x</a></a></a></a></a></a></a></a></a></a></"
	      "a></a></a>"),
		"!nested too deeply"},
};

static void write_page(const struct s3_listing *page, struct buf *out)
{
	buf_clear(out);
	for (size_t i = 0; i < page->count; i++)
		buf_printf(out, "%.*s:%llu,", SLICE_ARG(page->objects[i].key),
			(unsigned long long)page->objects[i].size);
	for (size_t i = 0; i < page->prefix_count; i++)
		buf_printf(out, "%.*s,", SLICE_ARG(page->prefixes[i]));
	if (page->next)
		buf_printf(out, ">%s", page->next);
}

static void test_pages(void **state)
{
	struct s3_listing page;
	struct buf out;
	(void)state;
	s3_listing_init(&page);
	buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {0};
		int status = s3_listing_read(slice_of(rows[i].xml), "t1", &page, &err);
		CHECK_ROW(i, status == (rows[i].want[0] == '!' ? -1 : 0));
		if (status < 0) {
			CHECK_ROW(i, err.kind == ERR_FORMAT);
			if (!strstr(err.text, rows[i].want + 1))
				fail_msg("row %zu: %s", i, err.text);
			continue;
		}
		write_page(&page, &out);
		if (!slice_eq(buf_view(&out), slice_of(rows[i].want)))
			fail_msg("row %zu: %.*s", i, (int)out.len, out.ptr);
	}
	buf_fini(&out);
	s3_listing_fini(&page);
}

static void test_facts(void **state)
{
	struct s3_listing page;
	struct err err;
	(void)state;
	s3_listing_init(&page);
	assert_int_equal(
		s3_listing_read(slice_of(PAGE(OBJECT(
					"<Key>a</Key><LastModified>2026-03-09T14:03:20.500Z"
					"</LastModified><ETag>&quot;e-3&quot;</ETag><Size>7</Size>"
					"<StorageClass>DEEP_ARCHIVE</StorageClass>")
						OBJECT("<Key>b</Key><LastModified>once</"
						       "LastModified><Size>7</Size>"
						       "<StorageClass>STANDARD</StorageClass>"))),
			NULL, &page, &err),
		0);
	assert_int_equal(page.objects[0].modified_us, INT64_C(1773065000500000));
	assert_true(slice_eq(page.objects[0].etag, SLICE("\"e-3\"")));
	assert_true(page.objects[0].cold);
	assert_int_equal(page.objects[1].modified_us, 0);
	assert_int_equal(page.objects[1].etag.len, 0);
	assert_false(page.objects[1].cold);
	s3_listing_fini(&page);
}

/* A value, a page and a number of objects have their ends. */
static void test_limits(void **state)
{
	struct s3_listing page;
	struct err err;
	struct buf xml;
	(void)state;
	s3_listing_init(&page);
	buf_init(&xml, SIZE_MAX);
	buf_puts(&xml, "<ListBucketResult><Contents><Key>");
	for (int i = 0; i < 20000; i++)
		buf_push(&xml, 'k');
	buf_puts(&xml, "</Key><Size>1</Size></Contents></ListBucketResult>");
	assert_int_equal(s3_listing_read(buf_view(&xml), NULL, &page, &err), -1);
	assert_non_null(strstr(err.text, "value in it is too long"));
	buf_clear(&xml);
	buf_puts(&xml, "<ListBucketResult>");
	for (int i = 0; i < 10001; i++)
		buf_puts(&xml, "<Contents><Key>k</Key><Size>1</Size></Contents>");
	buf_puts(&xml, "</ListBucketResult>");
	assert_int_equal(s3_listing_read(buf_view(&xml), NULL, &page, &err), -1);
	assert_non_null(strstr(err.text, "more objects than"));
	buf_fini(&xml);
	s3_listing_fini(&page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
