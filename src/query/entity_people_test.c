/* SPDX-License-Identifier: Apache-2.0 */
/* entity_people_test.c: which names are one person's: persons as events have them, pass by pass, and what is told of them. */
#include <stdlib.h>

#include "base/test.h"
#include "query/entity_private.h"

#define ID1 "5f3c0a9be1d2c40068aa1111"
#define ID2 "5f3c0a9be1d2c40068aa2222"

/* A person in some events. */
struct said {
	const char *table, *instance, *id, *user, *mail, *display;
};
struct wanted {
	const char *text;
	bool own;
};
static const struct test_case {
	const char *what, *value;
	struct said said[12];
	struct wanted wanted[12]; /* in order */
	bool cut;
} cases[] = {
	{"an account id and all that stands with it", ID1,
		{{"jira", "j1", ID1, "anna.s", NULL, NULL},
			{"org", "", ID1, NULL, "anna@example.com", "Anna"}},
		{{"anna.s", true}, {"anna@example.com", true}, {"Anna", true}}, false},
	{"a shared display name joins nothing", ID1,
		{{"org", "", ID1, NULL, NULL, "Anna"},
			{"org", "", ID2, NULL, "a@example.com", "Anna"}},
		{{"Anna", false}}, false},
	{"a display name of two persons", "Anna",
		{{"org", "", ID1, NULL, NULL, "Anna"}, {"org", "", ID2, NULL, NULL, "Anna"}},
		{{ID1, false}, {ID2, false}}, false},
	{"a display name of one person", "anna",
		{{"org", "", ID1, NULL, "anna@example.com", "Anna"},
			{"jira", "j1", ID1, "as", NULL, NULL}},
		{{ID1, true}, {"as", true}, {"anna@example.com", true}}, false},
	{"a short id is of its table and instance", "anna@example.com",
		{{"bb", "b1", "7", NULL, "anna@example.com", "Anna"},
			{"bb", "b2", "7", "carl", NULL, "Carl"},
			{"jira", "b1", "7", "dora", NULL, "Dora"}},
		{{"7", true}, {"Anna", true}}, false},
	{"a user name that is a mail address", "ANNA@example.com",
		{{"bb", "b1", "7", "anna@example.com", NULL, NULL},
			{"org", "", ID1, NULL, "Anna@Example.com", NULL}},
		{{ID1, true}, {"7", true}}, false},
	{"an id that many use", ID1,
		{{"j", "", ID1, "a", NULL, NULL}, {"j", "", ID1, "b", NULL, NULL},
			{"j", "", ID1, "c", NULL, NULL}, {"j", "", ID1, "d", NULL, NULL},
			{"j", "", ID1, "e", NULL, NULL}, {"j", "", ID1, "f", NULL, NULL}},
		{{"a", false}, {"b", false}, {"c", false}, {"d", false}, {"e", false},
			{"f", false}},
		false},
	{"nobody is no name", ID1,
		{{"org", "", ID1, "Anonymous", NULL, "unknown"},
			{"org", "", ID2, "anonymous", NULL, "System"}},
		{{NULL, false}}, false},
	{"nobody has no names", "System", {{"org", "", ID1, NULL, NULL, "System"}}, {{NULL, false}},
		true},
	{"three steps and no more", "a@example.com",
		{{"org", "", ID1, NULL, "a@example.com", NULL},
			{"org", "", ID1, NULL, "b@example.com", NULL},
			{"org", "", ID2, NULL, "b@example.com", NULL},
			{"org", "", ID2, NULL, "c@example.com", NULL}},
		{{ID1, true}, {ID2, true}, {"b@example.com", true}}, true},
	{"the same text in two columns is one name", ID1, {{"conf", "", ID1, ID1, NULL, "Anna"}},
		{{"Anna", true}}, false},
};

static void say(struct people *people, const struct said *said)
{
	const struct {
		enum ioc_kind kind;
		enum entity_naming naming;
		const char *text;
	} all[] = {{IOC_ACCOUNT, NAMING_ID, said->id}, {IOC_USER, NAMING_USER, said->user},
		{IOC_EMAIL, NAMING_MAIL, said->mail}, {IOC_USER, NAMING_DISPLAY, said->display}};
	struct person_value values[4];
	uint32_t n = 0;
	for (size_t i = 0; i < 4; i++) {
		if (all[i].text)
			values[n++] = (struct person_value){
				all[i].kind, all[i].naming, slice_of(all[i].text)};
	}
	people_add(people, said->table, slice_of(said->instance), values, n, 3, 10, 20);
}

static void test_joining(void **state)
{
	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct entity out = {0};
		struct entity_keys keys;
		unsigned passes = 0;
		entity_keys_make(&keys, slice_of(cases[c].value), &out.mem);
		struct people *people = people_new(slice_of(cases[c].value), &keys);
		do { /* more than is asked for does not matter */
			for (size_t i = 0; i < 12 && cases[c].said[i].table; i++)
				say(people, &cases[c].said[i]);
			passes++;
		} while (people_next(people) > 0);
		people_finish(people, &out);
		uint32_t n = 0;
		for (; n < 12 && cases[c].wanted[n].text; n++) {
			const struct wanted *w = &cases[c].wanted[n];
			const struct entity_name *name = &out.names[n];
			if (n >= out.nnames || name->own != w->own ||
				!slice_eq(name->text, slice_of(w->text)))
				fail_msg("%s: name %u is not %s", cases[c].what, n, w->text);
			CHECK_ROW(c, name->events == 3 && name->first == 10 && name->last == 20);
			CHECK_ROW(c, w->own == !name->why);
		}
		if (n != out.nnames || cases[c].cut != (out.names_cut != NULL))
			fail_msg("%s: %u names, cut: %s", cases[c].what, out.nnames,
				out.names_cut ? out.names_cut : "no");
		CHECK_ROW(c, passes <= ENTITY_STEPS + 2);
		people_free(people);
		entity_free(&out);
	}
}

static void test_many(void **state)
{
	(void)state;
	char id[32];
	struct entity out = {0};
	struct entity_keys keys;
	entity_keys_make(&keys, slice_of("Anna"), &out.mem);
	struct people *people = people_new(slice_of("Anna"), &keys);
	for (int i = 0; i < 200000; i++) {
		snprintf(id, sizeof(id), "5f3c0a9be1d2c40068%06d", i);
		say(people, &(struct said){"org", "", id, NULL, NULL, "Anna"});
	}
	assert_true(people_next(people) < 100);
	people_finish(people, &out);
	assert_true(out.nnames > 0 && out.nnames < 100 && out.names_cut != NULL);
	people_free(people);
	entity_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_joining),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
