/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate.c: makes audit logs of Jira, Confluence and Bitbucket, organisation events and alerts: the
 * same bytes for the same seed, faster than a disk takes them, and with the truth beside them for
 * tests.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/text.h"
#include "generate/damage.h"

enum { OUT_BYTES = 4 << 20 };

static const char usage[] =
	"Usage: generate --table bitbucket|jira|confluence|org|alerts [OPTION…]\n"
	"Writes audit events as the product writes them.\n\n"
	"  --shape file|cloud|api  log/audit lines of Data Center, Cloud records, or API pages of "
	"1,000\n"
	"                          (default: file for bitbucket, cloud for the others; alerts have "
	"no "
	"other)\n"
	"  --events N              how many (default 1000)\n"
	"  --seed S                the same seed gives the same bytes (default 1)\n"
	"  --start YYYY-MM-DD      first day, UTC (default 2026-01-05)\n"
	"  --days D                how many days (default 28)\n"
	"  --past                  leave out what lies in the future\n"
	"  --node 0..3             the Bitbucket node that writes (default 0)\n"
	"  --quiet                 what rules find is rare: one account in one place, few "
	"deletions,\n"
	"                          grants, tokens and failed logins, no bursts; the attacks stay\n"
	"  --observables N         an attribute of each Data Center event holds one of N "
	"addresses, "
	"domains,\n"
	"                          mail addresses or hashes\n"
	"  --twins                 some events twice, byte for byte (with another id where they "
	"have "
	"one)\n"
	"  --bad                   some bad lines among them\n"
	"  --truth FILE            NDJSON: what each line is, and totals in the last one\n"
	"  -o FILE                 output (default: standard output)\n\n"
	"Example: generate --table bitbucket --events 1000000 -o audit.log\n";

struct options {
	const char *table, *shape, *truth, *output, *start;
	uint64_t events, seed;
	uint32_t days, node, observables;
	bool twins, bad, quiet;
	int64_t until_ms; /* events from here on are left out */
};

/* What is said of a line in the truth file. */
struct note {
	enum line_kind kind;
	int64_t ms;
	struct slice actor;
	uint32_t action;
};

struct run {
	const struct options *options;
	const struct format *format;
	struct world world;
	struct stream stream;
	struct writer writer;
	FILE *out, *truth;
	char *buf, *at;
	char held[LINE_ROOM]; /* a line that is written a few lines late */
	size_t held_len;
	uint32_t held_for, damages;
	struct note held_note;
	uint64_t lines, bytes, rnd, kinds[LINE_KINDS];
	uint64_t *actions;
};

static const char *const kind_names[LINE_KINDS] = {
	"event", "twin", "repaired", "no_time", "reject"};

static void die(const char *what)
{
	fprintf(stderr, "generate: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void flush(struct run *run)
{
	size_t n = (size_t)(run->at - run->buf);
	run->bytes += n;
	if (fwrite(run->buf, 1, n, run->out) != n)
		die("cannot write");
	run->at = run->buf;
}

static void take_note(struct run *run, const struct note *note)
{
	run->lines++;
	run->kinds[note->kind]++;
	if (note->kind != LINE_REJECT)
		run->actions[note->action]++;
	if (run->truth == NULL)
		return;
	fprintf(run->truth, "{\"line\":%" PRIu64 ",\"kind\":\"%s\"", run->lines,
		kind_names[note->kind]);
	if (note->kind != LINE_REJECT) {
		if (note->kind != LINE_NO_TIME)
			fprintf(run->truth, ",\"time_us\":%" PRId64, note->ms * 1000);
		if (note->actor.ptr != NULL)
			fprintf(run->truth, ",\"actor\":\"%.*s\"", SLICE_ARG(note->actor));
		fprintf(run->truth, ",\"action\":\"%s\"",
			run->stream.actions->rows[note->action].text);
	}
	fputs("}\n", run->truth);
}

/* Ends the line that was written at `begin`: a newline, and the held line when its time has come. */
static void end_line(struct run *run, const char *begin, const struct note *note)
{
	if (run->held_len == 0 && note->kind == LINE_EVENT && run->rnd % 1999 == 7) {
		run->held_len = (size_t)(run->at - begin);
		memcpy(run->held, begin, run->held_len);
		run->at -= run->held_len;
		run->held_note = *note;
		run->held_for = 1 + (uint32_t)(run->rnd >> 40) % 3;
		return;
	}
	*run->at++ = '\n';
	take_note(run, note);
	if (run->held_len != 0 && --run->held_for == 0) {
		run->at = put(run->at, (struct slice){run->held, run->held_len});
		*run->at++ = '\n';
		run->held_len = 0;
		take_note(run, &run->held_note);
	}
}

static void write_line(struct run *run, const struct event *event)
{
	struct note note = {LINE_EVENT, event->ms, writer_actor(&run->writer, run->format, event),
		event->action};
	run->rnd = event->rnd * 0xd1342543de82ef95u;
	char *begin = run->at;
	run->at = run->format->event(&run->writer, begin, event);
	end_line(run, begin, &note);
	if (run->options->twins && (run->rnd >> 20) % 499 == 0) {
		begin = run->at;
		run->at = run->format->event(&run->writer, begin, event);
		note.kind = LINE_TWIN;
		end_line(run, begin, &note);
	}
	if (run->options->bad && ((run->rnd >> 30) % 151 == 0 || run->stream.at % 97 == 13)) {
		char line[LINE_ROOM];
		const char *end = run->format->event(&run->writer, line, event);
		begin = run->at;
		run->at = damage_line(begin, (struct slice){line, (size_t)(end - line)},
			run->format, run->damages++, &note.kind);
		end_line(run, begin, &note);
	}
}

/* One page of the API: records within an envelope, on one line. */
static void write_page(struct run *run, uint64_t first)
{
	uint64_t total = run->options->events;
	uint64_t n = total - first < PAGE_RECORDS ? total - first : PAGE_RECORDS;
	run->at = run->format->page_begin(run->at, first, n, total);
	for (uint64_t i = 0; i < n; i++) {
		struct event event;
		stream_next(&run->stream, &event);
		if (i > 0)
			*run->at++ = ',';
		run->at = run->format->event(&run->writer, run->at, &event);
		struct note note = {LINE_EVENT, event.ms,
			writer_actor(&run->writer, run->format, &event), event.action};
		take_note(run, &note);
		if (run->at - run->buf > OUT_BYTES)
			flush(run);
	}
	run->at = run->format->page_end(run->at, first, n, total);
	*run->at++ = '\n';
}

static void write_all(struct run *run)
{
	if (run->format->page_begin != NULL) {
		for (uint64_t first = 0; first < run->options->events; first += PAGE_RECORDS)
			write_page(run, first);
	} else {
		for (uint64_t i = 0; i < run->options->events; i++) {
			struct event event;
			stream_next(&run->stream, &event);
			if (event.ms >= run->options->until_ms)
				continue;
			write_line(run, &event);
			if (run->at - run->buf > OUT_BYTES)
				flush(run);
		}
		if (run->held_len != 0) {
			run->at = put(run->at, (struct slice){run->held, run->held_len});
			*run->at++ = '\n';
			take_note(run, &run->held_note);
		}
	}
	flush(run);
}

static void write_totals(struct run *run)
{
	fprintf(run->truth, "{\"total\":{\"table\":\"%s\",\"shape\":\"%s\",\"lines\":%" PRIu64,
		run->format->full, run->format->shape, run->lines);
	for (int k = 0; k < LINE_KINDS; k++)
		fprintf(run->truth, ",\"%s\":%" PRIu64, kind_names[k], run->kinds[k]);
	fprintf(run->truth, ",\"stored\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"actions\":{",
		run->lines - run->kinds[LINE_REJECT], run->bytes);
	const char *comma = "";
	for (uint32_t i = 0; i < run->stream.actions->n; i++) {
		if (run->actions[i] == 0)
			continue;
		fprintf(run->truth, "%s\"%s\":%" PRIu64, comma, run->stream.actions->rows[i].text,
			run->actions[i]);
		comma = ",";
	}
	fputs("}}}\n", run->truth);
}

static FILE *open_file(const char *path)
{
	FILE *file = fopen(path, "we");
	if (file == NULL)
		die(path);
	return file;
}

static int generate(const struct options *options, const struct format *format, int64_t start_ms)
{
	static struct run run; /* large, and zero */
	struct timespec begin, end;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	run.options = options;
	run.format = format;
	run.out = options->output ? open_file(options->output) : stdout;
	run.truth = options->truth ? open_file(options->truth) : NULL;
	(void)setvbuf(run.out, NULL, _IONBF, 0);
	run.buf = run.at = xmalloc(OUT_BYTES + 8 * LINE_ROOM);
	run.actions = xcalloc(format->actions->n, sizeof(*run.actions));
	world_init(&run.world, options->seed);
	stream_init(&run.stream, &run.world, format->actions,
		options->seed * 16 + format->product * 4 + options->node, options->events, start_ms,
		options->days);
	run.stream.quiet = options->quiet;
	writer_init(&run.writer, format, &run.world, options->node);
	run.writer.observables = options->observables;
	write_all(&run);
	if (run.truth != NULL) {
		write_totals(&run);
		if (fclose(run.truth) != 0)
			die(options->truth);
	}
	if (fclose(run.out) != 0)
		die("cannot write");
	clock_gettime(CLOCK_MONOTONIC, &end);
	double seconds =
		(double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	if (options->output != NULL)
		fprintf(stderr, "%" PRIu64 " lines, %" PRIu64 " bytes, %.2f s, %.0f MB/s\n",
			run.lines, run.bytes, seconds, (double)run.bytes / 1e6 / seconds);
	writer_fini(&run.writer);
	stream_fini(&run.stream);
	world_fini(&run.world);
	free(run.actions);
	free(run.buf);
	return 0;
}

static int wrong_usage(const char *what)
{
	fprintf(stderr, "generate: %s\n%s", what, usage);
	return 2;
}

/* A whole number from min to max; exits where the text is none. */
static uint64_t number(const char *option, const char *text, uint64_t min, uint64_t max)
{
	int64_t value;
	if (text_parse_int(slice_of(text), &value) != 0 || value < (int64_t)min ||
		value > (int64_t)max) {
		fprintf(stderr, "generate: --%s %s: not a number from %" PRIu64 " to %" PRIu64 "\n",
			option, text, min, max);
		exit(2);
	}
	return (uint64_t)value;
}

int main(int argc, char **argv)
{
	static const struct option known[] = {{"table", 1, NULL, 't'}, {"shape", 1, NULL, 's'},
		{"events", 1, NULL, 'n'}, {"seed", 1, NULL, 'S'}, {"start", 1, NULL, 'b'},
		{"days", 1, NULL, 'd'}, {"node", 1, NULL, 'N'}, {"twins", 0, NULL, 'w'},
		{"bad", 0, NULL, 'x'}, {"past", 0, NULL, 'p'}, {"quiet", 0, NULL, 'q'},
		{"observables", 1, NULL, 'O'}, {"truth", 1, NULL, 'T'}, {"help", 0, NULL, 'h'},
		{0}};
	struct options o = {.events = 1000,
		.seed = 1,
		.days = 28,
		.start = "2026-01-05",
		.until_ms = INT64_MAX};
	for (int c; (c = getopt_long(argc, argv, "o:h", known, NULL)) != -1;) {
		switch (c) {
		case 't':
			o.table = optarg;
			break;
		case 's':
			o.shape = optarg;
			break;
		case 'n':
			o.events = number("events", optarg, 0, 1000000000);
			break;
		case 'S':
			o.seed = number("seed", optarg, 0, INT64_MAX);
			break;
		case 'b':
			o.start = optarg;
			break;
		case 'd':
			o.days = (uint32_t)number("days", optarg, 1, 3660);
			break;
		case 'N':
			o.node = (uint32_t)number("node", optarg, 0, WORLD_NODES - 1);
			break;
		case 'w':
			o.twins = true;
			break;
		case 'x':
			o.bad = true;
			break;
		case 'p':
			o.until_ms = (int64_t)time(NULL) * 1000;
			break;
		case 'q':
			o.quiet = true;
			break;
		case 'O':
			o.observables = (uint32_t)number("observables", optarg, 0, UINT32_MAX);
			break;
		case 'T':
			o.truth = optarg;
			break;
		case 'o':
			o.output = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < argc || o.table == NULL)
		return wrong_usage("say which --table");
	const struct format *format = format_find(o.table, o.shape);
	if (format == NULL)
		return wrong_usage("no such table, or the table has no such shape");
	if (format->page_begin != NULL && (o.bad || o.twins || o.until_ms != INT64_MAX))
		return wrong_usage("--bad, --twins and --past are for lines, not for API pages");
	struct tm day = {0};
	const char *end = strptime(o.start, "%Y-%m-%d", &day);
	if (end == NULL || *end != 0)
		return wrong_usage("--start: a date is written 2026-01-31");
	return generate(&o, format, (int64_t)timegm(&day) * 1000);
}
