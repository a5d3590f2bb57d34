/* SPDX-License-Identifier: Apache-2.0 */
/* openapi_test.c: docs/openapi.json says what the table of routes says: each route, method, role and argument, and no more; and a
 * path finds its route. */
#include "base/test.h"

#include "http/route.h"
#include "json/json.h"

static struct slice document(void)
{
	static char *text;
	size_t n;
	struct err err;
	if (!text && io_read_file("docs/openapi.json", 1 << 20, &text, &n, &err) < 0)
		fail_msg("%s", err.text);
	struct slice all = slice_of(text);
	assert_int_equal(json_validate(all, NULL), 0);
	return all;
}

static struct slice operation(const struct route *route)
{
	char method[8] = "";
	struct slice at = json_find(document(), "paths");
	at = json_find(at, route->path);
	for (size_t i = 0; i < 7 && route->method[i]; i++)
		method[i] = (char)(route->method[i] | 0x20);
	return at.ptr ? json_find(at, method) : at;
}

static unsigned count(struct slice text, const char *what)
{
	unsigned n = 0;
	const char *at = text.ptr;
	size_t len = strlen(what);
	while ((at = memmem(at, text.len - (size_t)(at - text.ptr), what, len)))
		at += len, n++;
	return n;
}

static void each_route_is_described(void **state)
{
	struct buf text;
	(void)state;
	buf_init(&text, 4096);
	for (const struct route *route = routes; route->method; route++) {
		struct slice op = operation(route);
		const char *role = route->role ? access_role_name(route->role) : "none";
		CHECK_ROW(route - routes, op.ptr != NULL);
		CHECK_ROW(route - routes, json_find_text(op, "x-role", &text));
		CHECK_ROW(route - routes, slice_eq(buf_view(&text), slice_of(role)));
		CHECK_ROW(route - routes, json_find_text(op, "summary", &text));
		CHECK_ROW(route - routes, slice_eq(buf_view(&text), slice_of(route->summary)));
		CHECK_ROW(route - routes,
			(json_find(op, "requestBody").ptr != NULL) == (route->body != BODY_NONE));
	}
	buf_fini(&text);
}

static void nothing_else_is_described(void **state)
{
	(void)state;
	assert_int_equal(count(document(), "\"operationId\""), routes_count());
}

static void arguments_are_the_same(void **state)
{
	struct buf name;
	(void)state;
	buf_init(&name, 4096);
	for (const struct route *route = routes; route->method; route++) {
		struct slice op = operation(route), parameter;
		struct slice list = json_find(op, "parameters");
		unsigned described = 0, words = *route->args != '\0';
		for (const char *at = route->args; *at; at++)
			words += *at == ' ';
		for (size_t at = 0; list.ptr && json_item(list, &at, &parameter);) {
			CHECK_ROW(route - routes, json_find_text(parameter, "name", &name));
			buf_push(&name, '\0');
			if (strcmp(name.ptr, "id") == 0 && strstr(route->path, "{id}"))
				continue;
			CHECK_ROW(route - routes, route_takes(route, name.ptr));
			described++;
		}
		CHECK_ROW(route - routes, described == words);
	}
	buf_fini(&name);
}

static void a_path_finds_its_route(void **state)
{
	static const struct {
		const char *method, *path, *found, *id, *allowed;
	} rows[] = {
		{"GET", "/healthz", "/healthz", NULL, ""},
		{"HEAD", "/healthz", "/healthz", NULL, ""},
		{"GET", "/healthz/", NULL, NULL, ""},
		{"GET", "/", NULL, NULL, ""},
		{"POST", "/healthz", NULL, NULL, "GET, HEAD"},
		{"GET", "/api/v1/events/abc", "/api/v1/events/{id}", "abc", ""},
		{"GET", "/api/v1/events/", NULL, NULL, ""},
		{"GET", "/api/v1/events/a/b", NULL, NULL, ""},
		{"POST", "/api/v1/alerts/12/ack", "/api/v1/alerts/{id}/ack", "12", ""},
		{"GET", "/api/v1/alerts/12/ack", NULL, NULL, "POST"},
		{"DELETE", "/api/v1/alerts/12", NULL, NULL, "GET, HEAD"},
		{"GET",
			"/api/v1/alerts/"
			"0123456789012345678901234567890123456789012345678901234567890123"
			"0123456789012345678901234567890123456789012345678901234567890123",
			NULL, NULL, ""},
		{"GET", "/api/v1/alerts/\xff", NULL, NULL, ""},
	};
	char id[ROUTE_ID], allowed[ROUTE_ALLOWED];
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct route *route = route_find(rows[i].method, rows[i].path, id, allowed);
		CHECK_ROW(i, (route != NULL) == (rows[i].found != NULL));
		CHECK_ROW(i, !route || strcmp(route->path, rows[i].found) == 0);
		CHECK_ROW(i, !rows[i].id || strcmp(id, rows[i].id) == 0);
		CHECK_ROW(i, strcmp(allowed, rows[i].allowed) == 0);
	}
}

/* What writes takes a JSON object or a list, or nothing by a method that no form of a page has, and more than a viewer but for one's own session;
 * to strangers nothing is open but what is named here; and what is asked with a body is named too. */
static void writes_are_guarded(void **state)
{
	static const char *const open_to_all[] = {
		"GET /healthz", "POST /api/v1/session", "POST /api/v1/hooks/{id}"};
	static const char *const questions[] = {
		"POST /api/v1/hooks/{id}", /* proven by its own secret, not by who asks */
		"POST /api/v1/ioc/search", "POST /api/v1/sql", "POST /api/v1/rules/test"};
	char name[200];
	(void)state;
	for (const struct route *route = routes; route->method; route++) {
		bool object = route->body != BODY_NONE;
		bool own = strncmp(route->path, "/api/v1/session", 15) == 0;
		bool open = route->role != ROLE_NONE;
		bool reads = strcmp(route->method, "GET") == 0;
		snprintf(name, sizeof(name), "%s %s", route->method, route->path);
		for (size_t i = 0; i < sizeof(open_to_all) / sizeof(*open_to_all); i++)
			open |= strcmp(name, open_to_all[i]) == 0;
		for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++)
			reads |= strcmp(name, questions[i]) == 0;
		CHECK_ROW(route - routes, open);
		CHECK_ROW(route - routes, !route->writes || own || route->role >= ROLE_ANALYST);
		CHECK_ROW(route - routes,
			!route->writes || object || strcmp(route->method, "DELETE") == 0);
		CHECK_ROW(route - routes, route->writes != reads);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_route_is_described),
		cmocka_unit_test(nothing_else_is_described),
		cmocka_unit_test(arguments_are_the_same),
		cmocka_unit_test(a_path_finds_its_route),
		cmocka_unit_test(writes_are_guarded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
