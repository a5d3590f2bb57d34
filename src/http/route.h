/* SPDX-License-Identifier: Apache-2.0 */
/* route.h (private to http/): the table of routes: what there is, who may, what it takes. docs/openapi.json says the same, held
 * against it by openapi_test.c. */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "base/base.h"
#include "store/access.h"

struct request;

enum { ROUTE_ID = 128 /* bytes of what stands for {id}, with a NUL */, ROUTE_ALLOWED = 64 };

enum route_body {
	BODY_NONE,
	BODY_JSON,     /* a JSON object: what a person does; application/json alone */
	BODY_PASSWORD, /* the same, and a password is hashed: there is one such request at a time */
	BODY_LIST,     /* indicators: any text, up to HTTP_BODY_LARGE */
	BODY_HOOK, /* what another product sends, up to HTTP_BODY_HOOK; who sends is known by the hook's secret */
};

struct route {
	const char *method, *path; /* {id} stands for one part of a path */
	enum access_role role;     /* the least; ROLE_NONE = anybody */
	enum route_body body;
	bool writes;
	int (*handle)(struct request *r, struct err *err); /* -1: nothing was answered yet */
	const char *args;                                  /* of the query string, by blanks */
	const char *summary;                               /* one line */
};

extern const struct route routes[]; /* ends with a NULL method */
unsigned routes_count(void);

/* The route of a path and a method, and what stands for {id}. NULL: *allowed is a list for Allow of the methods that the path has
 * ("" = there is no such path). HEAD is taken where GET is. */
const struct route *route_find(
	const char *method, const char *path, char id[ROUTE_ID], char allowed[ROUTE_ALLOWED]);
/* Whether the route takes this argument. */
bool route_takes(const struct route *route, const char *arg);

#endif
