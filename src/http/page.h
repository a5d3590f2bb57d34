/* SPDX-License-Identifier: Apache-2.0 */
/* page.h (http/): the web page, built from web/ into this program: its files, and which path is which. */
#ifndef HTTP_PAGE_H
#define HTTP_PAGE_H

#include <stdbool.h>
#include <stddef.h>

struct MHD_Connection;

struct page_file {
	const char *path, *type, *etag;
	const unsigned char *packed; /* by gzip */
	size_t npacked, nbytes;
	bool named_by_content; /* its path changes when it does: it may be kept for ever */
};
/* All files; the last one is zero. And the first parts of the paths that views have: each is the page itself. Made by web/embed.mjs. */
extern const struct page_file page_files[];
extern const char *const page_views[];

/* The file that a path is; NULL = none of the page's. */
const struct page_file *page_find(const char *path);
/* Queues a file as the answer to GET or HEAD; its status, 200 or 304, or 0: there is no memory. `secure`: TLS, to be kept to. */
unsigned page_answer(struct MHD_Connection *connection, const struct page_file *file, bool secure);

#endif
