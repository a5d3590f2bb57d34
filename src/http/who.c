/* SPDX-License-Identifier: Apache-2.0 */
/*
 * who.c: who asks, and whether he may: a token, or a session that a cookie holds. A browser sends cookies by itself, so what comes with
 * one must be of a page of ours, and what is no reading must have what only such a page knows. Where there is an Authorization header it
 * alone counts.
 */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "http/head.h"
#include "http/private.h"

#define COOKIE        "pugmark_session"
#define COOKIE_SECURE "__Host-pugmark_session"

static bool has_tls(const struct request *r)
{
	return request_options(r)->tls_cert != NULL;
}

struct found {
	const char *name, *value;
	unsigned n;
};

static enum MHD_Result note_cookie(
	void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct found *found = ctx;
	(void)kind;
	if (name && strcmp(name, found->name) == 0) {
		found->value = value;
		found->n++;
	}
	return MHD_YES;
}

/* Two of the name: another program of this machine may have set one, and nobody knows which is which. */
static void read_cookie(struct request *r)
{
	struct found found = {.name = has_tls(r) ? COOKIE_SECURE : COOKIE};
	uint8_t hash[SESSION_HASH];
	MHD_get_connection_values(r->connection, MHD_COOKIE_KIND, note_cookie, &found);
	if (found.n == 1 && found.value && session_hash(slice_of(found.value), hash))
		snprintf(r->session, sizeof(r->session), "%s", found.value);
}

const char *who_cookie(struct request *r, const char *session)
{
	return arena_printf(&r->mem, "%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s",
		has_tls(r) ? COOKIE_SECURE : COOKIE, session ? session : "",
		session ? SESSION_MOST_S : 0, has_tls(r) ? "; Secure" : "");
}

static void sign_in(struct request *r)
{
	struct pass pass = gate_session(request_gate(r), r->session);
	r->role = pass.role;
	r->signed_in = pass.role != ROLE_NONE;
	r->must_change = pass.must_change;
	r->session_ends = pass.ends;
	memcpy(r->who, pass.who, sizeof(r->who));
	if (r->signed_in && pass.used)
		notes_used(request_notes(r), r->session);
}

/* Whether a request of a session is of a page of ours: NULL, or what is wrong with it. */
static const char *check_page(const struct request *r)
{
	char csrf[SESSION_TEXT];
	const char *given = request_header(r, "X-CSRF-Token");
	if (!same_origin(request_header(r, "Host"), request_header(r, "Origin"),
		    request_header(r, "Sec-Fetch-Site")))
		return "this request comes from a page of another site";
	if (strcmp(r->route->method, "GET") == 0)
		return NULL;
	session_csrf(r->session, csrf);
	if (!given || strlen(given) != SESSION_TEXT - 1 ||
		CRYPTO_memcmp(given, csrf, SESSION_TEXT - 1) != 0)
		return "the header X-CSRF-Token is not there, or not that of this session: GET "
		       "/api/v1/session says it";
	return NULL;
}

static bool of_session(const struct route *route)
{
	return strncmp(route->path, "/api/v1/session", 15) == 0;
}

static unsigned check_session(struct request *r, const char **why, const char **more)
{
	const char *wrong = check_page(r);
	if (wrong) {
		*why = wrong;
		return 403;
	}
	if (r->must_change && !of_session(r->route)) {
		*why = "this password is for one sign-in: choose another one first "
		       "(POST /api/v1/session/password)";
		*more = ",\"must_change\":true";
		return 403;
	}
	return 0;
}

unsigned who_check(struct request *r, const char **why, const char **more)
{
	const char *origin = request_header(r, "Origin"),
		   *authorization = request_header(r, "Authorization");
	unsigned status;
	*why = "this request comes from a page of another site";
	if ((r->route->writes || origin) && !same_origin(request_header(r, "Host"), origin,
						    request_header(r, "Sec-Fetch-Site")))
		return 403;
	read_cookie(r);
	if (r->route->role == ROLE_NONE)
		return 0;
	if (authorization)
		r->role = gate_token(request_gate(r), authorization, r->who);
	else if (*r->session)
		sign_in(r);
	*why = "sign in, or send an API token as Authorization: Bearer TOKEN (pugmark token add "
	       "NAME --role viewer makes one)";
	if (r->role == ROLE_NONE)
		return 401;
	if (r->signed_in && (status = check_session(r, why, more)) != 0)
		return status;
	*why = arena_printf(&r->mem, "%s has the role %s; this needs %s", r->who,
		access_role_name(r->role), access_role_name(r->route->role));
	return r->role < r->route->role ? 403 : 0;
}
