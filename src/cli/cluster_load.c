/* SPDX-License-Identifier: Apache-2.0 */
/* cluster_load.c (cli/): pugmark cluster load: all that the lake holds is sent, and held against what is there; and the line that import and
 * collect end with. */
#include <inttypes.h>

#include "cli/cluster.h"
#include "cli/ioc.h"
#include "pipeline/ship_check.h"
#include "store/observables.h"

/* More than this waits for a load, or for the service, rather than keep an import from ending. */
enum {
	SEND_MOST = 2000000,
	SEND_SECONDS = 30 /* for a block: who hangs is left alone, and sent to later */
};

static void draw(void *ctx, uint64_t rows, uint64_t total)
{
	(void)ctx;
	progress_draw("to the cluster", rows, total, "events", rows);
}

static struct ship_options options_of(const struct command_line *line)
{
	return (struct ship_options){.key_file = key_file(line),
		.since = INT64_MIN,
		.stop = &stop_requested,
		.progress = draw};
}

/* ---- after an import ------------------------------------------------------------------------- */

static void warn_waiting(const struct ship_result *result, const char *why, const char *advice)
{
	char count[32];
	fprintf(stderr, "pugmark: %s event%s wait%s to be sent to the cluster%s%s; %s\n",
		text_count(result->waits.rows, count), result->waits.rows == 1 ? "" : "s",
		result->waits.rows == 1 ? "s" : "", *why ? ": " : "", why, advice);
}

void cluster_send(const struct command_line *line, struct store *store, int64_t began)
{
	struct ship_options options = options_of(line);
	struct ship_result result = {0};
	struct shipments_lag lag;
	struct err err = {0};
	char count[32];
	options.seconds = SEND_SECONDS;
	if (shipments_lag(store, INT64_MIN, &lag, &err) == 0 && lag.rows > SEND_MOST)
		options.since = began;
	int rc = ship_cluster(store, &options, &result, &err);
	progress_clear();
	if (rc == 0 && result.unset)
		return;
	if (result.rows && !line->values[OPT_JSON])
		printf("sent %s event%s to the cluster\n", text_count(result.rows, count),
			result.rows == 1 ? "" : "s");
	if (rc < 0)
		warn_waiting(&result, err.text,
			"they are safe here, and go with the next import or collect, with "
			"pugmark serve, or by pugmark cluster load");
	else if (result.busy && result.waits.rows)
		warn_waiting(&result, "", "another pugmark is sending");
	else if (result.waits.rows)
		warn_waiting(&result, "", "pugmark cluster load sends them");
}

/* ---- load ------------------------------------------------------------------------------------ */

static int send_all(const struct command_line *line, struct store *store, struct err *err)
{
	struct ship_options options = options_of(line);
	struct ship_result result = {0};
	char count[32];
	int rc = ioc_index_all(line, store, err); /* segments of older programs have none to send */
	if (rc == 0)
		rc = ship_cluster(store, &options, &result, err);
	progress_clear();
	if (rc < 0 && result.rows)
		fprintf(stderr,
			"pugmark: %s events were sent; pugmark cluster load goes on there\n",
			text_count(result.rows, count));
	if (rc == 0 && result.busy)
		return err_set(err, ERR_BUSY,
			"another pugmark (serve, import or load) is sending to the cluster");
	if (rc == 0 && !line->values[OPT_JSON])
		printf("sent %s event%s to the cluster\n", text_count(result.rows, count),
			result.rows == 1 ? "" : "s");
	return rc;
}

/* ---- check ----------------------------------------------------------------------------------- */

struct checked {
	bool json;
	uint64_t days, differ, rows;
	char first[64]; /* the first day that differs */
};

static const char *day_text(int64_t day, char text[CLOCK_TEXT])
{
	if (day == SHIP_NO_DAY)
		return "no time";
	clock_text(day * INT64_C(86400000000), text);
	text[10] = '\0';
	return text;
}

static int print_day(void *ctx, const struct ship_day *day, struct err *err)
{
	struct checked *checked = ctx;
	char text[CLOCK_TEXT], here[32], there[32];
	const char *name = day_text(day->day, text);
	bool differs = ship_day_differs(day);
	(void)err;
	progress_clear();
	if (differs && !checked->differ)
		snprintf(checked->first, sizeof(checked->first), "%s", name);
	checked->differ += differs;
	checked->rows += day->here;
	if (checked->json)
		printf("%s{\"table\":\"%s\",\"day\":%s%s%s,\"here\":%" PRIu64 ",\"there\":%" PRIu64
		       ",\"here_sum\":\"%016" PRIx64 "\",\"there_sum\":\"%016" PRIx64
		       "\",\"state\":\"%s\"}",
			checked->days ? "," : "", day->table, day->day == SHIP_NO_DAY ? "" : "\"",
			day->day == SHIP_NO_DAY ? "null" : name,
			day->day == SHIP_NO_DAY ? "" : "\"", day->here, day->there, day->here_sum,
			day->there_sum,
			day->dropped ? "dropped"
			: differs    ? "differs"
				     : "equal");
	else
		printf("%-24s %-10s %14s %14s  %016" PRIx64 " %016" PRIx64 "  %s\n", day->table,
			name, text_count(day->here, here), text_count(day->there, there),
			day->here_sum, day->there_sum,
			day->dropped ? "not kept here any more"
			: differs    ? "DIFFERS"
				     : "equal");
	checked->days++;
	return 0;
}

static int check(const struct command_line *line, struct store *store, struct err *err)
{
	struct ship_options options = options_of(line);
	struct checked checked = {.json = line->values[OPT_JSON] != NULL};
	char count[32];
	if (checked.json)
		fputs("{\"days\":[", stdout);
	else
		printf("%-24s %-10s %14s %14s  %-16s %-16s\n", "table", "day", "events here",
			"there", "checksum here", "there");
	int rc = ship_check(store, &options, print_day, &checked, err);
	progress_clear();
	if (checked.json)
		printf("],\"differ\":%" PRIu64 ",\"whole\":%s}\n", checked.differ,
			rc == 0 ? "true" : "false");
	if (rc < 0)
		return rc;
	if (checked.differ)
		return err_set(err, ERR_DAMAGED,
			"%" PRIu64
			" days differ on the cluster from what this lake has sent: pugmark cluster "
			"load --again %s replaces one (--again all: everything)",
			checked.differ,
			strcmp(checked.first, "no time") == 0 ? "none" : checked.first);
	if (!checked.json)
		printf("all %s events that were sent are there, each as it is here\n",
			text_count(checked.rows, count));
	return 0;
}

/* ---- again ----------------------------------------------------------------------------------- */

/* "2026-01-31", "none" (without a time). 0 or -1. */
static int parse_day(const char *text, int64_t *day)
{
	int64_t us = 0;
	*day = SHIP_NO_DAY;
	if (strcmp(text, "none") == 0)
		return 0;
	if (strlen(text) != 10 || parse_when(text, &us) < 0 || us < 0)
		return -1;
	*day = us / INT64_C(86400000000);
	return 0;
}

static int again(const struct command_line *line, struct store *store, struct err *err)
{
	const char *which = line->values[OPT_AGAIN];
	struct ship_options options = options_of(line);
	uint64_t rows = 0;
	char count[32];
	int64_t day;
	if (strcmp(which, "all") == 0)
		return ship_again(store, &options, err);
	if (parse_day(which, &day) < 0)
		return err_set(err, ERR_USAGE,
			"--again %.40s: write a day as 2026-01-31, none (events without a time), "
			"or all",
			which);
	if (ship_again_day(store, &options, day, &rows, err) < 0)
		return err_context(err,
			"the day may be there in part now; run the command again to replace it");
	progress_clear();
	if (!line->values[OPT_JSON])
		printf("replaced %s event%s of that day\n", text_count(rows, count),
			rows == 1 ? "" : "s");
	return 0;
}

static int load(const struct command_line *line, struct store *store, struct err *err)
{
	if (line->values[OPT_AGAIN] && line->values[OPT_CHECK])
		return err_set(err, ERR_USAGE, "--check sends nothing, --again does: one of both");
	if (line->values[OPT_LOOP]) {
		struct ship_options options = options_of(line);
		options.progress = NULL;
		log_setup(line->values[OPT_VERBOSE] ? LOG_DEBUG : LOG_INFO, LOG_AUTO);
		return ship_cluster_loop(store, &options, err);
	}
	if (line->values[OPT_AGAIN] && again(line, store, err) < 0)
		return -1;
	if (!line->values[OPT_CHECK] && send_all(line, store, err) < 0)
		return -1;
	return check(line, store, err);
}

int cluster_load(const struct command_line *line, struct store *store, struct err *err)
{
	struct arena mem = {0};
	struct cluster_setting setting;
	int rc = cluster_needed(store, &mem, &setting, err);
	arena_fini(&mem);
	return rc < 0 ? rc : load(line, store, err);
}
