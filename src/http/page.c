/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page.c: sends the web page. It needs nobody to be signed in: it holds no data. Its policy lets it run and load what came from here
 * alone, and takes no text for markup.
 */
#include "http/page.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/base.h"
#include "http/head.h"

#define POLICY                                                                                     \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src "    \
	"'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "                    \
	"require-trusted-types-for 'script'; trusted-types 'none'"

static const struct page_file *file_at(const char *path)
{
	for (const struct page_file *file = page_files; file->path; file++) {
		if (strcmp(file->path, path) == 0)
			return file;
	}
	return NULL;
}

const struct page_file *page_find(const char *path)
{
	size_t n = path[0] == '/' ? strcspn(path + 1, "/") : 0;
	if (path[0] != '/')
		return NULL;
	for (const char *const *view = page_views; *view; view++) {
		if (strlen(*view) == n && memcmp(path + 1, *view, n) == 0 &&
			(n > 0 || path[1] == '\0'))
			return file_at("/index.html");
	}
	return file_at(path);
}

static struct MHD_Response *unpacked(const struct page_file *file)
{
	unsigned char *bytes = xcalloc(1, file->nbytes + 1);
	z_stream z = {.next_in = (unsigned char *)(uintptr_t)file->packed,
		.avail_in = (unsigned)file->npacked,
		.next_out = bytes,
		.avail_out = (unsigned)file->nbytes + 1};
	enum { GZIP = 16 };
	int rc = inflateInit2(&z, GZIP + MAX_WBITS);
	if (rc == Z_OK)
		rc = inflate(&z, Z_FINISH);
	(void)inflateEnd(&z);
	if (rc != Z_STREAM_END || z.total_out != file->nbytes) {
		free(bytes);
		return NULL;
	}
	return MHD_create_response_from_buffer(file->nbytes, bytes, MHD_RESPMEM_MUST_FREE);
}

static struct MHD_Response *whole(const struct page_file *file, bool gzip)
{
	struct MHD_Response *response;
	if (!gzip)
		return unpacked(file);
	response = MHD_create_response_from_buffer(
		file->npacked, (void *)(uintptr_t)file->packed, MHD_RESPMEM_PERSISTENT);
	if (response)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	return response;
}

unsigned page_answer(struct MHD_Connection *connection, const struct page_file *file, bool secure)
{
	const char *had = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match");
	const char *encodings =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept-Encoding");
	bool same = had && strstr(had, file->etag);
	struct MHD_Response *response =
		same ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
		     : whole(file, takes_gzip(encodings));
	if (!response)
		return 0;
	const char *headers[][2] = {{"Content-Type", file->type}, {"ETag", file->etag},
		{"Vary", "Accept-Encoding"},
		{"Cache-Control", file->named_by_content ? "public, max-age=31536000, immutable"
							 : "no-cache"},
		{"X-Content-Type-Options", "nosniff"}, {"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Content-Security-Policy", POLICY}};
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		MHD_add_response_header(response, headers[i][0], headers[i][1]);
	if (secure)
		MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
	unsigned status = same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK;
	enum MHD_Result rc = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return rc == MHD_YES ? status : 0;
}
