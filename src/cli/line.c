/* SPDX-License-Identifier: Apache-2.0 */
/* line.c: the command line parsed by the tables of options.c and commands.c, and help made from both. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>

#include "cli/line.h"
#include "ship/ship.h"

static const enum opt global_options[] = {
	OPT_DATA, OPT_JSON, OPT_MEMORY, OPT_THREADS, OPT_VERBOSE, OPT_PROGRESS, OPT_HELP, OPTIONS};

const char *nearest(const char *word, const char *const *known)
{
	const char *best = NULL;
	unsigned least = (unsigned)strlen(word) / 2 + 1;
	if (least > 3)
		least = 3;
	for (; *known; known++) {
		unsigned d = text_distance(slice_of(word), slice_of(*known), least);
		if (d < least) {
			least = d;
			best = *known;
		}
	}
	return best;
}

static const struct command *find_command(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *known[COMMANDS_MOST + 1] = {0};
	for (int i = 0; i < COMMANDS_MOST && commands[i].name; i++)
		known[i] = commands[i].name;
	const char *close = nearest(name, known);
	struct buf text;
	buf_init(&text, 1 << 16);
	text_escape(&text, slice_of(name));
	fprintf(stderr, "pugmark: there is no command \"%.*s\"%s%s%s: pugmark help lists them\n",
		SLICE_ARG(buf_view(&text)), close ? ", did you mean \"" : "", close ? close : "",
		close ? "\"?" : "");
	buf_fini(&text);
	return -1;
}

static bool takes(const struct command *command, enum opt option)
{
	for (const enum opt *o = global_options; *o != OPTIONS; o++)
		if (*o == option)
			return true;
	if (option == OPT_VERSION)
		return command == NULL;
	for (const enum opt *o = command ? command->options : NULL; o && *o != OPTIONS; o++)
		if (*o == option)
			return true;
	return false;
}

static int parse_numbers(struct command_line *line)
{
	line->memory = BUDGET_DEFAULT;
	if (line->values[OPT_MEMORY] &&
		text_parse_size(line->values[OPT_MEMORY], &line->memory) < 0) {
		usage_error(
			line, "--memory %s is no size: write 512M or 2G", line->values[OPT_MEMORY]);
		return -1;
	}
	if (line->memory < BUDGET_LEAST) {
		usage_error(line, "--memory must be at least 64M");
		return -1;
	}
	if (line->values[OPT_PROGRESS] && strcmp(line->values[OPT_PROGRESS], "json") != 0) {
		usage_error(line, "--progress %s: it must be json", line->values[OPT_PROGRESS]);
		return -1;
	}
	int64_t n;
	if (line->values[OPT_THREADS]) {
		if (text_parse_int(slice_of(line->values[OPT_THREADS]), &n) < 0 || n < 1 ||
			n > 256) {
			usage_error(line, "--threads %s: write a number from 1 to 256",
				line->values[OPT_THREADS]);
			return -1;
		}
		line->threads = (unsigned)n;
	}
	return 0;
}

static int check_args(const struct command_line *line)
{
	const struct command *c = line->command;
	if (line->nargs < c->least_args)
		usage_error(line, "%s is missing", c->args);
	else if (c->most_args >= 0 && line->nargs > c->most_args)
		usage_error(line, "\"%s\" is too much", line->args[c->most_args]);
	else
		return 0;
	return -1;
}

static int set_option(struct command_line *line, enum opt option, const char *value)
{
	if (!takes(line->command, option)) {
		usage_error(line, "%s has no option --%s",
			line->command ? line->command->name : "pugmark", option_rows[option].name);
		return -1;
	}
	static char *joined; /* lives as long as the program */
	const char *before = line->values[option];
	bool urls = option == OPT_URL && line->command && line->command->run == command_cluster;
	if ((option == OPT_FACET || option == OPT_WITNESS || urls) &&
		before) { /* adds to the list */
		size_t n = strlen(before) + strlen(value) + 2;
		char *list = xmalloc(n);
		snprintf(list, n, option == OPT_WITNESS ? "%s\n%s" : "%s,%s", before, value);
		free(joined);
		value = joined = list;
	}
	line->values[option] = value ? value : "";
	return 0;
}

/* The options as getopt gives them, before it is known whose they are. */
struct given {
	enum opt opts[64];
	const char *values[64];
	int n;
};

static enum opt option_of(int c)
{
	switch (c) {
	case 'h':
		return OPT_HELP;
	case 'v':
		return OPT_VERBOSE;
	case 'V':
		return OPT_VERSION;
	case 'o':
		return OPT_OUTPUT;
	default:
		return (enum opt)(c - 256);
	}
}

static int collect_options(int argc, char **argv, struct given *given)
{
	struct option longs[OPTIONS + 1] = {0};
	for (int i = 0; i < OPTIONS; i++)
		longs[i] = (struct option){option_rows[i].name,
			option_rows[i].arg ? required_argument : no_argument, NULL, 256 + i};
	opterr = 0;
	int c;
	while ((c = getopt_long(argc, argv, ":hvVo:", longs, NULL)) != -1) {
		if (c == ':' || c == '?' || given->n == 64) {
			struct buf word;
			buf_init(&word, 1 << 16);
			text_escape(&word, slice_of(argv[optind - 1]));
			fprintf(stderr,
				c == ':' ? "pugmark: %.*s needs a value: pugmark help lists "
					   "options\n"
					 : "pugmark: there is no option %.*s: pugmark help lists "
					   "them\n",
				SLICE_ARG(buf_view(&word)));
			buf_fini(&word);
			return -1;
		}
		given->opts[given->n] = option_of(c);
		given->values[given->n++] = optarg;
	}
	return 0;
}

int line_parse(int argc, char **argv, struct command_line *line)
{
	struct given given = {.n = 0};
	*line = (struct command_line){0};
	if (collect_options(argc, argv, &given) < 0)
		return -1;
	line->args = argv + optind;
	line->nargs = argc - optind;
	if (line->nargs > 0) {
		line->command = find_command(line->args[0]);
		if (!line->command)
			return unknown_command(line->args[0]);
		line->args++;
		line->nargs--;
	}
	for (int i = 0; i < given.n; i++)
		if (set_option(line, given.opts[i], given.values[i]) < 0)
			return -1;
	if (parse_numbers(line) < 0)
		return -1;
	if (line->command && !line->values[OPT_HELP])
		return check_args(line);
	return 0;
}

/* The option's row for a command. ship has words of its own, which its other program shows too. */
static struct option_row row_of(enum opt option, const struct command *command)
{
	struct option_row row = option_rows[option];
	const struct ship_option *of_ship = ship_option_rows;
	if (!command || command->run != command_ship)
		return row;
	while (of_ship->name && strcmp(of_ship->name, row.name) != 0)
		of_ship++;
	return of_ship->name ? (struct option_row){of_ship->name, of_ship->arg, of_ship->help}
			     : row;
}

static int left_side(const struct option_row *row, char left[64])
{
	return snprintf(
		left, 64, "--%s%s%s", row->name, row->arg ? " " : "", row->arg ? row->arg : "");
}

static void print_options(const enum opt *options, const struct command *command, FILE *out)
{
	char left[64];
	int width = 19;
	for (const enum opt *o = options; o && *o != OPTIONS; o++) {
		struct option_row row = row_of(*o, command);
		if (left_side(&row, left) > width)
			width = left_side(&row, left);
	}
	for (; options && *options != OPTIONS; options++) {
		struct option_row row = row_of(*options, command);
		left_side(&row, left);
		fprintf(out, "  %-*s %s\n", width, left, row.help);
	}
}

static void print_command(const struct command *c, FILE *out)
{
	fprintf(out, "pugmark %s %s%s\n\n%s\n\nExamples:\n", c->name,
		c->options ? "[options] " : "", c->args, c->text);
	for (const char *p = c->examples; *p;) {
		const char *end = strchr(p, '\n');
		fprintf(out, "  %.*s\n", (int)(end - p), p);
		p = end + 1;
	}
	if (c->options) {
		fputs("\nOptions:\n", out);
		print_options(c->options, c, out);
	}
	fputs("\nGlobal options:\n", out);
	print_options(global_options, NULL, out);
}

void help_print(const struct command *command, FILE *out)
{
	if (command) {
		print_command(command, out);
		return;
	}
	fputs("pugmark keeps the footprints of an organisation's Atlassian products: audit logs of "
	      "Jira,\n"
	      "Confluence and Bitbucket, every raw byte kept, each event stored once and found "
	      "again.\n\n"
	      "Usage: pugmark COMMAND [options] [arguments]\n\nCommands:\n",
		out);
	for (const struct command *c = commands; c->name; c++)
		fprintf(out, "  %-9s %s\n", c->name, c->summary);
	fputs("\nGlobal options:\n", out);
	print_options(global_options, NULL, out);
	fputs("\nExit status: 0 done, 1 failed, 2 wrong usage, 3 done but something was rejected.\n"
	      "pugmark help COMMAND says more.\n",
		out);
}

/* Escapes all but the line ends that an engine's message has of its own. */
static void escape_lines(struct buf *out, const char *text)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		text_escape(out, (struct slice){text, (size_t)(end - text)});
		buf_push(out, '\n');
	}
	text_escape(out, slice_of(text));
}

int fail(const struct err *err)
{
	if (err->code == EPIPE) /* the reader of our output has what it wanted */
		return EXIT_FAILED;
	struct buf text;
	progress_clear();
	buf_init(&text, 1 << 16);
	escape_lines(&text, err->text);
	if (!progress_tell_error(err->text))
		fprintf(stderr, "pugmark: %.*s\n", SLICE_ARG(buf_view(&text)));
	buf_fini(&text);
	if (err->kind == ERR_INTERRUPTED)
		return EXIT_STOPPED;
	return err_exit_status(err);
}

int usage_error(const struct command_line *line, const char *fmt, ...)
{
	char words[1000];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	struct buf text;
	if (progress_tell_error(words))
		return EXIT_USAGE;
	buf_init(&text, 1 << 16);
	text_escape(&text, slice_of(words));
	const char *name = line->command ? line->command->name : "";
	fprintf(stderr, "pugmark: %s%s%.*s: pugmark help %s\n", name, *name ? ": " : "",
		SLICE_ARG(buf_view(&text)), name);
	buf_fini(&text);
	return EXIT_USAGE;
}
