/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.h: the service: a process for each source that is connected, one that tells of alerts (pugmark notify run) where
 * somebody is to be told, one that fetches feeds (pugmark ioc update --loop) where there are any, one that sends to a cluster (pugmark cluster load --loop) where one is set, and one that answers the API
 * (pugmark http); started, watched, started again where it
 * fails, and ended with the service. A source's process reads at its own interval (pugmark collect
 * NAME); what it crashes on harms no other, and tokens never enter this process.
 */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include <signal.h>

#include "base/base.h"

struct serve_options {
	const char *data; /* the data folder */
	const char *const
		*only; /* names of sources, NULL-ended: these alone; NULL = all, alerts and feeds */
	const char *const *
		http; /* words of the process that answers the API, all of them, NULL-ended; NULL = none */
	const char *const *args; /* for each process, after its words; NULL-ended */
	const volatile sig_atomic_t *stop;
};

/* Runs until *stop; sources that are connected, paused, resumed or removed meanwhile are followed. 0, or -1:
 * ERR_BUSY where another service has the folder, or what the data folder says. A folder that is not
 * there yet is waited for. */
int serve_run(const struct serve_options *options, struct err *err);

/* Beside a process that collects a source by itself: a thread that does no more than keep one process sending to the cluster, from when
 * one is set until none is. So nothing of the cluster's stands in the way of collecting. Texts of `data` and `args` are borrowed until
 * the end. NULL where no thread could be started, which is logged. */
struct serve_beside;
struct serve_beside *serve_beside_start(const char *data, const char *const *args);
/* Ends that process, and waits for it; what it has not sent waits in the lake. Accepts NULL. */
void serve_beside_end(struct serve_beside *beside);

#endif
