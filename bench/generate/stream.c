/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream.c: chooses events. Time follows a curve of hourly weights, in whole numbers only, so that
 * a seed gives the same stream on every machine.
 */
#include "stream.h"

#include <stdlib.h>

#include "base/arena.h"

#define HOUR_MS 3600000

/* How busy an hour is; day 0 is a Monday. */
static uint32_t hour_weight(uint32_t day, uint32_t hour)
{
	if (day >= 5)
		return hour >= 9 && hour < 20 ? 10 : 3;
	if (hour >= 8 && hour < 18)
		return hour == 12 ? 70 : 100;
	return hour == 7 || hour == 18 || hour == 19 ? 40 : 6;
}

void stream_init(struct stream *s, const struct world *world, const struct action_table *actions,
	uint64_t seed, uint64_t count, int64_t start_ms, uint32_t days)
{
	*s = (struct stream){.world = world,
		.actions = actions,
		.rnd = seed ^ 0x5851f42d4c957f2du,
		.count = count,
		.start_ms = start_ms,
		.last_ms = start_ms,
		.nhours = days * 24};
	s->hours = xmalloc((s->nhours + 1) * sizeof(*s->hours));
	s->hours[0] = 0;
	for (uint32_t h = 0; h < s->nhours; h++) {
		int64_t hour = start_ms / HOUR_MS + h;
		uint32_t day = (uint32_t)((hour / 24 + 3) % 7); /* 1970-01-01 was a Thursday */
		s->hours[h + 1] = s->hours[h] + hour_weight(day, (uint32_t)(hour % 24));
	}
	s->pick_action = xcalloc(CHOICES, sizeof(*s->pick_action));
	uint32_t at = 0;
	for (uint32_t a = 0; a < actions->n; a++) {
		const struct action *row = &actions->rows[a];
		for (uint32_t k = 0; a > 0 && k < row->weight && at < CHOICES; k++)
			s->pick_action[at++] = (uint16_t)a;
		if (row->role != ROLE_NONE && s->roles[row->role] == 0)
			s->roles[row->role] = a + 1;
	}
}

void stream_fini(struct stream *s)
{
	free(s->hours);
	free(s->pick_action);
}

/* Where event number `at` lies on the curve. */
static int64_t curve_time(struct stream *s)
{
	uint64_t total = s->hours[s->nhours];
	uint64_t x = s->at * total; /* in units of weight / count */
	while (s->hour + 1 < s->nhours && s->hours[s->hour + 1] * s->count <= x)
		s->hour++;
	uint64_t weight = s->hours[s->hour + 1] - s->hours[s->hour];
	unsigned __int128 within = (unsigned __int128)(x - s->hours[s->hour] * s->count) * HOUR_MS;
	return s->start_ms + (int64_t)s->hour * HOUR_MS + (int64_t)(within / (weight * s->count));
}

static void next_time(struct stream *s, struct event *e)
{
	int64_t ms = curve_time(s) + (int64_t)(e->rnd % 700);
	if (ms <= s->last_ms)
		ms = s->last_ms + (e->rnd % 5 == 0 ? 0 : 1 + (int64_t)(e->rnd >> 32) % 9);
	const struct action *action = &s->actions->rows[e->action];
	uint64_t print = ((uint64_t)(action->system ? 0 : e->user) << 40) ^
			 ((uint64_t)e->object << 8) ^ e->action;
	bool twice = s->nseen == sizeof(s->seen) / sizeof(s->seen[0]);
	for (uint32_t i = 0; i < s->nseen; i++)
		twice = twice || s->seen[i] == print;
	if (ms == s->last_ms && twice)
		ms++;
	if (ms != s->last_ms)
		s->nseen = 0;
	s->seen[s->nseen++] = print;
	s->last_ms = ms;
	e->ms = ms;
}

/* What a person works on: mostly one of sixteen own things, else (or always, where `anything`)
 * whatever there is. */
static uint32_t pick_object(
	const struct stream *s, enum object_kind kind, uint32_t user, uint64_t rnd, bool anything)
{
	uint32_t slot = (uint32_t)(rnd >> 8) & 0xffff;
	uint32_t own = (uint32_t)(rnd >> 24) & 15, other = (uint32_t)(rnd >> 28) & 15;
	if (!anything && (rnd & 0xff) < 180)
		slot = (user * 2654435761u + (own < other ? own : other) * 40503u) >> 16;
	switch (kind) {
	case OBJECT_REPO:
		return s->world->pick_repo[slot];
	case OBJECT_PROJECT:
		return s->world->repos[s->world->pick_repo[slot]].parent;
	case OBJECT_PAGE:
		return s->world->pick_page[slot];
	case OBJECT_SPACE:
		return s->world->pages[s->world->pick_page[slot]].parent;
	case OBJECT_USER:
		return slot % WORLD_USERS;
	case OBJECT_GROUP:
	case OBJECT_PERMISSIONS:
		return slot % WORLD_GROUPS;
	case OBJECT_MEMBER: /* world_member() and the group slot % WORLD_GROUPS */
		return slot;
	case OBJECT_SCHEME:
	case OBJECT_WORKFLOW:
		return slot % 512;
	case OBJECT_NONE:
		break;
	}
	return 0;
}

static struct slice pick_address(const struct stream *s, uint32_t user, uint64_t rnd)
{
	static const uint8_t places[16] = {0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3};
	return s->world->users[user].address[places[(rnd >> 60) & 15]];
}

/* The steps of an attack: guesses, success, harvest, a token, more rights, the log turned down. */
static const struct {
	uint8_t role;
	uint8_t times;
} attack_steps[] = {{ROLE_LOGIN_FAILED, 40}, {ROLE_LOGIN, 1}, {ROLE_ACCESS, 60}, {ROLE_TOKEN, 1},
	{ROLE_GRANT, 2}, {ROLE_AUDIT, 1}};

static void begin_step(struct stream *s, uint32_t step)
{
	s->attack.step = step;
	s->attack.left = attack_steps[step - 1].times;
	uint32_t most = (uint32_t)(s->count / 40) + 1; /* short streams have short attacks */
	if (s->attack.left > most)
		s->attack.left = most;
	if (s->roles[attack_steps[step - 1].role] == 0)
		s->attack.left = 0;
}

static bool next_attack(struct stream *s, struct event *e)
{
	const uint32_t steps = sizeof(attack_steps) / sizeof(attack_steps[0]);
	uint64_t part = s->count / 4;
	if (s->attack.step == 0 && part >= 50 && s->at % part == part / 2) {
		s->attack.victim = (uint32_t)(e->rnd >> 20) % WORLD_USERS;
		s->attack.attacker = (uint32_t)(e->rnd >> 8) % WORLD_ATTACKERS;
		begin_step(s, 1);
	}
	while (s->attack.step != 0 && s->attack.left == 0) {
		if (s->attack.step == steps)
			s->attack.step = 0;
		else
			begin_step(s, s->attack.step + 1);
	}
	if (s->attack.step == 0)
		return false;
	s->attack.left--;
	e->action = s->roles[attack_steps[s->attack.step - 1].role] - 1;
	e->user = s->attack.victim;
	e->address = s->world->attackers[s->attack.attacker];
	return true;
}

static bool next_burst(struct stream *s, struct event *e)
{
	if (s->quiet)
		return false;
	if (s->burst.left == 0) {
		if ((e->rnd >> 40) % 600 != 0 || s->roles[ROLE_ACCESS] == 0)
			return false;
		s->burst.left = 10 + (uint32_t)(e->rnd >> 50) % 70;
		s->burst.user = e->user;
		s->burst.action = s->roles[ROLE_ACCESS] - 1;
		s->burst.address = pick_address(s, e->user, e->rnd);
	}
	s->burst.left--;
	e->user = s->burst.user;
	e->action = s->burst.action;
	e->address = s->burst.address;
	return true;
}

/* In a quiet stream most of what a rule may look at becomes an everyday event; everybody keeps to his own things, and to one place a
 * day. */
static void calm_down(const struct stream *s, struct event *e)
{
	const struct action *row = &s->actions->rows[e->action];
	bool everyday = row->role == ROLE_ACCESS || row->role == ROLE_LOGIN || row->weight >= 1000;
	if (!everyday && e->rnd >> 48 & 255)
		e->action = 0;
	uint64_t habit = (e->user * UINT64_C(2654435761) + s->hour / 24) * 0x9e3779b97f4a7c15u;
	e->address = s->world->users[e->user].address[habit >> 62];
}

void stream_next(struct stream *s, struct event *e)
{
	uint64_t r = rnd_next(&s->rnd);
	e->rnd = rnd_next(&s->rnd);
	e->user = s->world->pick_user[r & 0xffff];
	e->action = s->pick_action[(r >> 16) & 0xffff];
	bool odd = next_attack(s, e) || next_burst(s, e);
	if (!odd) {
		uint8_t role = s->actions->rows[e->action].role;
		if (role == ROLE_GRANT || role == ROLE_AUDIT)
			e->user = world_admin((uint32_t)(r >> 32) % WORLD_ADMINS);
		e->address = pick_address(s, e->user, r);
		if (s->quiet)
			calm_down(s, e);
	}
	uint64_t choice = rnd_next(&s->rnd);
	if (s->quiet && !odd)
		choice &= ~UINT64_C(0xff);
	e->object = pick_object(s, s->actions->rows[e->action].object, e->user, choice, odd);
	next_time(s, e);
	s->at++;
}
