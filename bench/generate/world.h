/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h: the made-up organisation that the generated events speak of: people, addresses,
 * projects, repositories, spaces, groups. All texts are kept as ready-made JSON fragments, so that
 * an event is a handful of copies.
 */
#ifndef GENERATE_WORLD_H
#define GENERATE_WORLD_H

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/slice.h"

enum {
	WORLD_USERS = 3000,
	WORLD_PROJECTS = 120,
	WORLD_REPOS = 2400,
	WORLD_SPACES = 160,
	WORLD_PAGES = 4000,
	WORLD_GROUPS = 48,
	WORLD_PLACES = 4,     /* addresses that one person works from */
	WORLD_ATTACKERS = 12, /* addresses that nobody works from */
	WORLD_FORWARDERS = 4, /* load balancers */
	WORLD_NODES = 4,      /* of the Bitbucket cluster */
	WORLD_ADMINS = 12,    /* the first users are administrators */
	CHOICES = 65536,      /* slots of a weighted choice */
};

struct user {
	struct slice login;   /* within quotes: escaped, without them */
	struct slice display; /* the same */
	struct slice mail;
	struct slice bitbucket; /* author objects of the Data Center products */
	struct slice bitbucket_api;
	struct slice jira;
	struct slice confluence;
	struct slice jira_cloud;       /* "authorKey":…,"authorAccountId":…, */
	struct slice confluence_cloud; /* the author object */
	struct slice account;          /* account id in the cloud */
	struct slice object;           /* {"id":…,"name":…,"type":"USER"} of Data Center */
	struct slice item;             /* the same as Jira Cloud has it */
	struct slice address[WORLD_PLACES];
};

struct thing { /* a project, repository, space, page or group */
	struct slice name, key;
	struct slice object; /* affectedObjects of a Data Center line, without brackets */
	struct slice object_api;
	struct slice target; /* bitbucket.audit.attribute.legacy.target */
	struct slice item;   /* objectItem of Jira Cloud */
	struct slice cloud;  /* affectedObject of Confluence Cloud */
	uint32_t parent;
};

struct world {
	struct arena mem;
	struct user *users;
	struct thing *projects, *repos, *spaces, *pages, *groups;
	struct slice attackers[WORLD_ATTACKERS], forwarders[WORLD_FORWARDERS], nodes[WORLD_NODES];
	uint16_t *pick_user, *pick_repo, *pick_page; /* CHOICES slots, few get much */
};

/* splitmix64: small, fast, and the same everywhere. */
static inline uint64_t rnd_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* A number below n. */
static inline uint32_t rnd_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)(((rnd_next(state) >> 32) * n) >> 32);
}

/* Appends at p and returns the end; the caller has made room. */
static inline char *put(char *p, struct slice s)
{
	memcpy(p, s.ptr, s.len);
	return p + s.len;
}
#define PUT(p, lit) ((char *)memcpy((p), "" lit, sizeof(lit) - 1) + (sizeof(lit) - 1))

/* A decimal number. */
static inline char *put_number(char *p, uint64_t n)
{
	char digits[20];
	int i = 20;
	do
		digits[--i] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	memcpy(p, digits + i, (size_t)(20 - i));
	return p + 20 - i;
}

/* `width` hexadecimal digits (at most 16) of a number. */
static inline char *put_hex(char *p, uint64_t n, int width)
{
	for (int i = width - 1; i >= 0; i--)
		*p++ = "0123456789abcdef"[(n >> (4 * i)) & 15];
	return p;
}

/* The organisation that belongs to a seed. */
void world_init(struct world *world, uint64_t seed);
void world_fini(struct world *world);

#endif
