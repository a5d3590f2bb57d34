/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.c: makes the organisation from a seed. The same seed gives the same people and addresses
 * for all three products, so that a question can be followed from one table to the next.
 */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct name {
	const char *shown, *login;
};

static const struct name first_names[] = {{"Alice", "alice"}, {"Bob", "bob"}, {"Carol", "carol"},
	{"David", "david"}, {"Eve", "eve"}, {"Frank", "frank"}, {"Grace", "grace"},
	{"Henry", "henry"}, {"Irene", "irene"}, {"Jack", "jack"}, {"Karen", "karen"},
	{"Louis", "louis"}, {"Maria", "maria"}, {"Nils", "nils"}, {"Olga", "olga"},
	{"Paul", "paul"}, {"Quentin", "quentin"}, {"Rosa", "rosa"}, {"Stefan", "stefan"},
	{"Tina", "tina"}, {"Uwe", "uwe"}, {"Vera", "vera"}, {"Walter", "walter"},
	{"Xenia", "xenia"}, {"Yusuf", "yusuf"}, {"Zo\xc3\xab", "zo\xc3\xab"},
	{"\xc5\x81ukasz", "lukasz"}, {"Jos\xc3\xa9", "jose"}, {"\xc3\x96zge", "oezge"},
	{"Fran\xc3\xa7ois", "francois"}, {"S\xc3\xb8ren", "soeren"},
	{"\xd0\x90\xd0\xbd\xd0\xbd\xd0\xb0", "anna"}, {"\xe6\x9d\x8e", "li"},
	{"\xe7\xbe\x8e\xe5\x92\xb2", "misaki"}, {"Ahmed", "ahmed"}, {"Priya", "priya"},
	{"Chen", "chen"}, {"Kofi", "kofi"}, {"Ines", "ines"}, {"Tom", "tom"}, {"Mia", "mia"},
	{"Noah", "noah"}, {"Lea", "lea"}, {"Omar", "omar"}, {"Sara", "sara"}, {"Ivan", "ivan"},
	{"Nora", "nora"}, {"Leo", "leo"}, {"Ada", "ada"}, {"Max", "max"}, {"Ruth", "ruth"},
	{"Sam", "sam"}, {"Kim", "kim"}, {"Lin", "lin"}, {"Ben", "ben"}, {"Ana", "ana"},
	{"Joe", "joe"}, {"Amy", "amy"}, {"Ian", "ian"}, {"Eva", "eva"}};

static const struct name last_names[] = {{"Smith", "smith"}, {"Jones", "jones"},
	{"M\xc3\xbcller", "mueller"}, {"Schmidt", "schmidt"},
	{"Garc\xc3\xad"
	 "a",
		"garcia"},
	{"Rossi", "rossi"}, {"Novak", "novak"}, {"Silva", "silva"}, {"Kowalski", "kowalski"},
	{"O'Brien", "obrien"}, {"Dubois", "dubois"}, {"Jensen", "jensen"}, {"Nguyen", "nguyen"},
	{"Kim", "kim"}, {"Tanaka", "tanaka"}, {"Singh", "singh"}, {"Patel", "patel"},
	{"Khan", "khan"}, {"Ivanova", "ivanova"}, {"Andersson", "andersson"},
	{"Virtanen", "virtanen"}, {"Popescu", "popescu"}, {"Nagy", "nagy"},
	{"Horv\xc3\xa1th", "horvath"}, {"Yilmaz", "yilmaz"}, {"Costa", "costa"}, {"Weber", "weber"},
	{"Fischer", "fischer"}, {"Meyer", "meyer"}, {"Wagner", "wagner"}, {"Becker", "becker"},
	{"Hoffmann", "hoffmann"}, {"Brown", "brown"}, {"Wilson", "wilson"}, {"Taylor", "taylor"},
	{"Clark", "clark"}, {"Lewis", "lewis"}, {"Walker", "walker"}, {"Hall", "hall"},
	{"Young", "young"}, {"King", "king"}, {"Wright", "wright"}, {"Green", "green"},
	{"Baker", "baker"}, {"Adams", "adams"}, {"Nelson", "nelson"}, {"Carter", "carter"},
	{"Mitchell", "mitchell"}, {"Perez", "perez"}, {"Roberts", "roberts"}};

static const char *const words[] = {"core", "billing", "search", "gateway", "mobile", "web",
	"infra", "data", "report", "auth", "deploy", "scripts", "tools", "docs", "payments",
	"client", "server", "agent", "proxy", "queue", "cache", "model", "ledger", "portal",
	"console", "metrics", "alerts", "mailer", "import", "export", "sync", "vault"};

#define COUNT(a) ((uint32_t)(sizeof(a) / sizeof((a)[0])))

static struct slice __attribute__((format(printf, 2, 3)))
text(struct world *w, const char *fmt, ...)
{
	char line[1024];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	return (struct slice){arena_printf(&w->mem, "%s", line), (size_t)n};
}

static struct slice uuid(struct world *w, uint64_t *r)
{
	uint64_t a = rnd_next(r), b = rnd_next(r);
	return text(w, "%08x-%04x-4%03x-%04x-%012llx", (uint32_t)(a >> 32),
		(uint32_t)(a >> 16) & 0xffff, (uint32_t)a & 0xfff,
		((uint32_t)(b >> 48) & 0x3fff) | 0x8000, (unsigned long long)(b & 0xffffffffffffu));
}

/* Slots in proportion to 1/rank, whole numbers only, at least one each. */
static uint16_t *choices(struct world *w, uint32_t n)
{
	uint16_t *slots = arena_alloc(&w->mem, CHOICES * sizeof(*slots));
	uint64_t sum = 0;
	for (uint32_t i = 0; i < n; i++)
		sum += (1u << 24) / (i + 4);
	uint32_t at = 0;
	for (uint32_t i = 0; i < n && at < CHOICES; i++) {
		uint64_t k = (uint64_t)((1u << 24) / (i + 4)) * CHOICES / sum;
		for (uint64_t j = 0; (j < k || j == 0) && at < CHOICES; j++)
			slots[at++] = (uint16_t)i;
	}
	while (at < CHOICES) /* what rounding left */
		slots[at++] = 0;
	return slots;
}

static struct slice address(struct world *w, uint64_t *r, int place)
{
	switch (place) {
	case 0: /* the office, behind few addresses */
		return text(w, "10.20.%u.%u", rnd_below(r, 6), 1 + rnd_below(r, 8));
	case 1: /* the VPN */
		return text(w, "10.8.%u.%u", rnd_below(r, 16), 1 + rnd_below(r, 254));
	case 2: /* at home (addresses that are set aside for tests and documents) */
		if (rnd_below(r, 5) == 0)
			return text(w, "2001:db8:%x:%x::%x", rnd_below(r, 4096),
				rnd_below(r, 65536), 1 + rnd_below(r, 65534));
		return text(w, "198.18.%u.%u", rnd_below(r, 256), 1 + rnd_below(r, 254));
	default: /* on the way */
		return text(w, "198.19.%u.%u", rnd_below(r, 256), 1 + rnd_below(r, 254));
	}
}

static void user_authors(struct world *w, struct user *u, uint32_t id, uint64_t *r)
{
	struct slice key = text(
		w, "%016llx%08x%08x", (unsigned long long)rnd_next(r), (uint32_t)rnd_next(r), id);
	const char *login = u->login.ptr, *shown = u->display.ptr;
	u->bitbucket = text(w, "{\"id\":\"%u\",\"name\":\"%s\",\"type\":\"NORMAL\"}", id, login);
	u->bitbucket_api = text(w,
		"{\"name\":\"%s\",\"type\":\"NORMAL\",\"id\":\"%u\",\"uri\":\"https://"
		"bitbucket.example.com/users/%s\",\"avatarUri\":\"\"}",
		login, id, login);
	u->jira = text(w,
		"{\"id\":\"JIRAUSER%u\",\"name\":\"%s\",\"type\":\"ApplicationUser\",\"uri\":"
		"\"https://jira.example.com/secure/ViewProfile.jspa?name=%s\"}",
		id, shown, login);
	u->confluence =
		text(w, "{\"id\":\"%s\",\"name\":\"%s\",\"type\":\"user\"}", key.ptr, shown);
	u->object = text(w, "{\"id\":\"%u\",\"name\":\"%s\",\"type\":\"USER\"}", id, login);
	u->account =
		id % 3 == 0 ? text(w, "557058:%s", uuid(w, r).ptr) : text(w, "5%.23s", key.ptr + 1);
	u->jira_cloud =
		text(w, "\"authorKey\":\"%s\",\"authorAccountId\":\"%s\",", login, u->account.ptr);
	u->item = text(w,
		"{\"id\":\"%s\",\"name\":\"%s\",\"typeName\":\"USER\",\"parentId\":\"10000\","
		"\"parentName\":\"IDP Directory\"}",
		u->account.ptr, login);
	u->confluence_cloud = text(w,
		"{\"type\":\"user\",\"displayName\":\"%s\",\"operations\":null,"
		"\"isExternalCollaborator\":%s,\"username\":\"%s\",\"userKey\":\"%s\","
		"\"accountId\":"
		"\"%s\",\"accountType\":\"\",\"publicName\":\"%s\",\"externalCollaborator\":%s}",
		shown, id % 40 == 0 ? "true" : "false", u->account.ptr, key.ptr, u->account.ptr,
		id % 2 ? "Unknown user" : shown, id % 40 == 0 ? "true" : "false");
}

static void make_users(struct world *w, uint64_t *r)
{
	uint32_t start = rnd_below(r, WORLD_USERS);
	w->users = arena_zalloc(&w->mem, WORLD_USERS, sizeof(*w->users));
	for (uint32_t i = 0; i < WORLD_USERS; i++) {
		struct user *u = &w->users[i];
		uint32_t n =
			(uint32_t)((start + (uint64_t)i * 1009) % WORLD_USERS); /* a permutation */
		const struct name *f = &first_names[n % COUNT(first_names)];
		const struct name *l = &last_names[n / COUNT(first_names) % COUNT(last_names)];
		u->login = text(w, "%s.%s", f->login, l->login);
		u->display = text(w, "%s %s", f->shown, l->shown);
		u->mail = text(w, "%s.%s@example.com", f->login, l->login);
		for (int k = 0; k < WORLD_PLACES; k++)
			u->address[k] = address(w, r, k);
		user_authors(w, u, 1000 + i * 7, r);
	}
}

static void make_projects(struct world *w, uint64_t *r)
{
	w->projects = arena_zalloc(&w->mem, WORLD_PROJECTS, sizeof(*w->projects));
	for (uint32_t i = 0; i < WORLD_PROJECTS; i++) {
		struct thing *t = &w->projects[i];
		t->key = text(w, "%c%c%c", 'A' + i % 26, 'A' + rnd_below(r, 26), 'A' + i / 26);
		t->name = text(w, "%s %s", words[rnd_below(r, COUNT(words))],
			i % 9 ? "project" : "R&D \\\"X\\\"");
		t->target = t->key;
		t->object = text(w, "{\"id\":\"%u\",\"name\":\"%s\",\"type\":\"PROJECT\"}", 300 + i,
			t->key.ptr);
		t->object_api = text(w,
			"{\"name\":\"%s\",\"type\":\"PROJECT\",\"uri\":\"https://"
			"bitbucket.example.com/"
			"projects/%s\",\"id\":\"%u\"}",
			t->key.ptr, t->key.ptr, 300 + i);
		t->item = text(w, "{\"id\":\"%u\",\"name\":\"%s\",\"typeName\":\"PROJECT\"}",
			10000 + i, t->name.ptr);
	}
	w->repos = arena_zalloc(&w->mem, WORLD_REPOS, sizeof(*w->repos));
	for (uint32_t i = 0; i < WORLD_REPOS; i++) {
		struct thing *t = &w->repos[i];
		t->parent = rnd_below(r, WORLD_PROJECTS);
		const struct thing *p = &w->projects[t->parent];
		t->name = text(w, "%s-%s-%u", words[rnd_below(r, COUNT(words))],
			words[rnd_below(r, COUNT(words))], i);
		t->target = text(w, "%s/%s", p->key.ptr, t->name.ptr);
		t->object = text(w, "%s,{\"id\":\"%u\",\"name\":\"%s\",\"type\":\"REPOSITORY\"}",
			p->object.ptr, 12000 + i, t->name.ptr);
		t->object_api =
			text(w, "%s,{\"name\":\"%s\",\"type\":\"REPOSITORY\",\"id\":\"%u\"}",
				p->object_api.ptr, t->name.ptr, 12000 + i);
	}
}

static void make_spaces(struct world *w, uint64_t *r)
{
	w->spaces = arena_zalloc(&w->mem, WORLD_SPACES, sizeof(*w->spaces));
	for (uint32_t i = 0; i < WORLD_SPACES; i++) {
		struct thing *t = &w->spaces[i];
		t->key = text(w, "SP%u", i);
		t->name = text(w, "%s %s %u", words[rnd_below(r, COUNT(words))],
			i % 11 ? "team"
			       : "\xc3\x9c"
				 "bersicht",
			i);
		t->object = text(w, "{\"id\":\"%u\",\"name\":\"%s\",\"type\":\"Space\"}", 65000 + i,
			t->name.ptr);
		t->cloud = text(w, "{\"name\":\"%s\",\"objectType\":\"Space\"}", t->name.ptr);
	}
	w->pages = arena_zalloc(&w->mem, WORLD_PAGES, sizeof(*w->pages));
	for (uint32_t i = 0; i < WORLD_PAGES; i++) {
		struct thing *t = &w->pages[i];
		t->parent = rnd_below(r, WORLD_SPACES);
		t->name = text(w, "How to %s the %s %s (%u)", words[rnd_below(r, COUNT(words))],
			words[rnd_below(r, COUNT(words))], words[rnd_below(r, COUNT(words))], i);
		t->object = text(w, "{\"id\":\"%u\",\"name\":\"%s\",\"type\":\"Page\"},%s",
			90000 + i, t->name.ptr, w->spaces[t->parent].object.ptr);
		t->cloud = text(w, "{\"name\":\"%s\",\"objectType\":\"Page\"}", t->name.ptr);
	}
}

static void make_groups(struct world *w)
{
	static const char *const names[] = {"administrators", "users", "developers", "contractors",
		"auditors", "support", "release-managers", "site-admins"};
	static const char *const products[] = {"bitbucket", "jira", "confluence"};
	w->groups = arena_zalloc(&w->mem, WORLD_GROUPS, sizeof(*w->groups));
	for (uint32_t i = 0; i < WORLD_GROUPS; i++) {
		struct thing *t = &w->groups[i];
		t->name = i < 24 ? text(w, "%s-%s", products[i % 3], names[i / 3])
				 : text(w, "team-%s", words[i - 24]);
		t->object = text(w, "{\"id\":\"%s\",\"name\":\"%s\",\"type\":\"GROUP\"}",
			t->name.ptr, t->name.ptr);
		t->item = text(w,
			"{\"name\":\"%s\",\"typeName\":\"GROUP\",\"parentId\":\"10000\","
			"\"parentName\":\"IDP Directory\"}",
			t->name.ptr);
		t->cloud = text(w, "{\"name\":\"%s\",\"objectType\":\"Group\"}", t->name.ptr);
	}
}

void world_init(struct world *world, uint64_t seed)
{
	uint64_t r = seed * 0x2545f4914f6cdd1du + 1;
	*world = (struct world){0};
	arena_init(&world->mem);
	make_users(world, &r);
	make_projects(world, &r);
	make_spaces(world, &r);
	make_groups(world);
	for (int i = 0; i < WORLD_ATTACKERS; i++)
		world->attackers[i] =
			text(world, "203.0.113.%u", 10 + (uint32_t)i * 17 + rnd_below(&r, 17));
	for (int i = 0; i < WORLD_FORWARDERS; i++)
		world->forwarders[i] = text(world, "192.0.2.%d", 10 + i);
	for (int i = 0; i < WORLD_NODES; i++)
		world->nodes[i] = uuid(world, &r);
	world->pick_user = choices(world, WORLD_USERS);
	world->pick_repo = choices(world, WORLD_REPOS);
	world->pick_page = choices(world, WORLD_PAGES);
}

void world_fini(struct world *world)
{
	arena_fini(&world->mem);
}
