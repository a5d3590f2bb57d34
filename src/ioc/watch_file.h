/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_file.h: a watchlist as a file (sorted_file.h): what is watched for in the same form in which observables are stored, so
 * that both are walked together.
 *
 * An indicator is kept under every key that it is compared with: its own, and as the name of a user or machine where it may be one
 * (ioc_also). Ranges of addresses are kept under kind 14 (family and first address), domains of which only what is below is meant under
 * kind 15. A value is
 *   flags       byte: 1 = the indicator's own record, 2 = what is below the domain is meant as well, 4 = what expires
 *   expires     with flag 4: varint, microseconds since 1970
 *   own record: confidence + 1 (varint), then as varint length and bytes: last (ranges; of words the text as it is), the text as it stood
 *     in the list, its id, tags, description, reference
 *   others: kind (byte) and key (the rest) of the own record
 */
#ifndef IOC_WATCH_FILE_H
#define IOC_WATCH_FILE_H

#include "ioc/list.h"
#include "ioc/obs_file.h"

/* What an indicator is also compared with beside its own kind: names of users and machines look like domains, addresses and mail
 * addresses. Bits 1 << kind. */
uint32_t ioc_also(const struct indicator *indicator);
/* Calls `each` with those keys, of the kinds in `kinds` alone; `key` is borrowed for the call. */
void ioc_also_keys(const struct indicator *indicator, uint32_t kinds,
	void (*each)(void *ctx, enum ioc_kind kind, struct slice key), void *ctx);

/* One that is watched for. Texts borrowed. */
struct watched {
	struct indicator indicator;
	bool below;      /* a domain: what is below it is meant as well */
	int64_t expires; /* microseconds: later events do not match; INT64_MAX = never */
	int confidence;  /* 0–100, -1 = not said */
	struct slice text, id, tags, description, reference;
};

/* ---- making ---------------------------------------------------------------------------------- */

struct watch_facts {
	struct sorted_facts file;
	uint64_t indicators, duplicates;
	uint64_t
		contradictory; /* duplicates that said something else: the most confident one, the latest end is taken */
};
struct watch_builder;
/* Begins the file `path`; what does not fit into `memory` bytes waits in files PATH.N.tmp. */
struct watch_builder *watch_build(const char *path, size_t memory);
int watch_add(struct watch_builder *builder, const struct watched *watched, struct err *err);
/* Writes it, durable but for its folder. */
int watch_finish(struct watch_builder *builder, struct watch_facts *facts, struct err *err);
/* Frees it and removes what is not finished. Accepts NULL. */
void watch_builder_free(struct watch_builder *builder);

/* ---- reading --------------------------------------------------------------------------------- */

struct watch_file;
/* Opens a list. */
int watch_file_open(const char *path, struct watch_file **watch, struct err *err);
/* Accepts NULL. */
void watch_file_close(struct watch_file *watch);
/* The next indicator, from the beginning on; borrowed until the next call. 1, 0, -1. */
int watch_next(struct watch_file *watch, const struct watched **watched, struct err *err);
/* Whether the same indicator is in it, with the same reach (`below`) and an end that is not earlier. 1, 0, -1. Best asked in the order of
 * watch_next. */
int watch_has(struct watch_file *watch, const struct watched *watched, struct err *err);
/* Calls `each` for the indicators that a run of sightings holds, each once; `each` returns 0, or what ends the walk and is returned. 0 or
 * -1. */
int watch_match(struct watch_file *watch, struct obs_reader *run,
	int (*each)(void *ctx, const struct watched *watched, struct err *err), void *ctx,
	struct err *err);

#endif
