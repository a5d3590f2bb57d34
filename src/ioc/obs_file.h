/* SPDX-License-Identifier: Apache-2.0 */
/*
 * obs_file.h: sightings in a file (sorted_file.h): its kinds are enum ioc_kind, its extra bytes the names of actors (varint length and
 * bytes each), its tag the earliest time. A value is
 *   events   varint: events << 1 | has a time
 *   first    where it has one: varint, microseconds after the tag
 *   length   likewise: varint, last - first
 *   actors   varint: number << 1 | there are more; then that many varints, each less the one before
 */
#ifndef IOC_OBS_FILE_H
#define IOC_OBS_FILE_H

#include "ioc/sighting.h"
#include "ioc/sorted_file.h"

/* Writes what the sources have as the file `path`, durable but for its folder. `base`: no sighting is earlier. */
int obs_write(const char *path, const struct sighting_source *sources, uint32_t n, int64_t base,
	struct sorted_facts *facts, struct err *err);

struct obs_reader;
/* Opens a file of sightings. */
int obs_open(const char *path, struct obs_reader **reader, struct err *err);
/* Accepts NULL. */
void obs_close(struct obs_reader *reader);
uint64_t obs_entries(const struct obs_reader *reader);
/* Bit 1 << enum ioc_kind for the kinds that it holds. */
uint32_t obs_kinds(const struct obs_reader *reader);
/* No sighting is earlier. */
int64_t obs_base(const struct obs_reader *reader);
/* The names of actors; read at the first call. 0 or -1. */
int obs_names(struct obs_reader *reader, const struct slice **names, uint32_t *n, struct err *err);

/* As sorted_seek and sorted_next. */
int obs_seek(struct obs_reader *reader, enum ioc_kind kind, struct slice key,
	const struct sighting **sighting, struct err *err);
int obs_next(struct obs_reader *reader, const struct sighting **sighting, struct err *err);
/* All of it as a source of sightings_merge, from the beginning; its names are read. 0 or -1. */
int obs_source(struct obs_reader *reader, struct sighting_source *source, struct err *err);

#endif
