/* SPDX-License-Identifier: Apache-2.0 */
/* main.c (cli/): from the words to the command, and the few things that all commands need. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <yaml.h>

#include "cli/cli.h"
#include "cli/private.h"
#include "query/clustered.h"

#define SERVICE_CONFIG "/etc/pugmark/config.yml"

volatile int stop_requested;

static void on_stop(int signal_number)
{
	(void)signal_number;
	if (stop_requested)
		_exit(EXIT_STOPPED);
	stop_requested = 1;
}

void catch_stop(void)
{
	struct sigaction action = {.sa_handler = on_stop};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	io_stop_on(&stop_requested);
}

/* The value of a top-level key of the service's configuration, or NULL. */
static char *configured(const char *wanted)
{
	FILE *file = fopen(SERVICE_CONFIG, "re");
	if (!file)
		return NULL;
	yaml_parser_t parser;
	yaml_document_t document;
	char *found = NULL;
	yaml_parser_initialize(&parser);
	yaml_parser_set_input_file(&parser, file);
	if (yaml_parser_load(&parser, &document)) {
		yaml_node_t *root = yaml_document_get_root_node(&document);
		yaml_node_pair_t *pair = NULL, *end = NULL;
		if (root && root->type == YAML_MAPPING_NODE) {
			pair = root->data.mapping.pairs.start;
			end = root->data.mapping.pairs.top;
		}
		for (; pair < end; pair++) {
			yaml_node_t *key = yaml_document_get_node(&document, pair->key);
			yaml_node_t *value = yaml_document_get_node(&document, pair->value);
			if (key->type == YAML_SCALAR_NODE && value->type == YAML_SCALAR_NODE &&
				!found && strcmp((const char *)key->data.scalar.value, wanted) == 0)
				found = xstrdup((const char *)value->data.scalar.value);
		}
		yaml_document_delete(&document);
	}
	yaml_parser_delete(&parser);
	(void)fclose(file);
	return found;
}

/* Slashes at the end say nothing. */
static bool same_folder(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	while (n > 1 && a[n - 1] == '/')
		n--;
	while (m > 1 && b[m - 1] == '/')
		m--;
	return n == m && memcmp(a, b, n) == 0;
}

const char *key_file(const struct command_line *line)
{
	static char *path;
	if (line->values[OPT_KEY_FILE])
		return line->values[OPT_KEY_FILE];
	/* The service's key is for the service's data. */
	char *data = path ? NULL : configured("data");
	if (data && same_folder(data, data_folder(line)))
		path = configured("key_file");
	free(data);
	return path;
}

const char *data_folder(const struct command_line *line)
{
	static char *folder;
	if (folder)
		return folder;
	const char *env = getenv("PUGMARK_DATA"), *xdg = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");
	if (line->values[OPT_DATA])
		folder = xstrdup(line->values[OPT_DATA]);
	else if (env && *env)
		folder = xstrdup(env);
	else if (!(folder = configured("data"))) {
		struct buf path;
		buf_init(&path, 4096);
		if (xdg && *xdg)
			buf_printf(&path, "%s/pugmark", xdg);
		else
			buf_printf(&path, "%s/.local/share/pugmark", home && *home ? home : ".");
		folder = xstrdup(path.ptr);
		buf_fini(&path);
	}
	return folder;
}

int open_data(const struct command_line *line, enum store_mode mode, struct store **store,
	struct err *err)
{
	const char *folder = data_folder(line);
	lake_cluster_key(key_file(line));
	if (store_open(folder, mode, store, err) == 0)
		return 0;
	if (mode == STORE_READ && err->kind == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND,
			"there is nothing in the data folder %s yet: pugmark import FILE fills it, "
			"--data DIR "
			"names another one",
			folder);
	return err_context(err, "data folder %s", folder);
}

unsigned terminal_width(void)
{
	struct winsize size;
	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return 80;
	return size.ws_col;
}

int parse_format(const struct command_line *line, enum query_format *format)
{
	static const char *const names[] = {"table", "json", "ndjson", "csv", NULL};
	const char *word = line->values[OPT_FORMAT];
	*format = line->values[OPT_JSON] ? FORMAT_JSON : FORMAT_TABLE;
	for (int i = 0; word && names[i]; i++)
		if (strcmp(word, names[i]) == 0) {
			*format = (enum query_format)i;
			return 0;
		}
	if (!word)
		return 0;
	usage_error(line, "--format %s: it must be table, json, ndjson or csv", word);
	return -1;
}

int parse_when(const char *text, int64_t *us)
{
	int64_t end;
	return clock_parse(slice_of(text), clock_now_us(), us, &end);
}

int parse_time(const struct command_line *line, enum opt option, int64_t *us)
{
	const char *text = line->values[option];
	if (!text || parse_when(text, us) == 0)
		return 0;
	usage_error(line,
		"--%s %s is no time: write 2026-01-31, 2026-01-31T12:00:00Z, -7d or yesterday",
		option_name(option), text);
	return -1;
}

int parse_count(const struct command_line *line, enum opt option, int64_t *value)
{
	const char *text = line->values[option];
	if (text && (text_parse_int(slice_of(text), value) < 0 || *value < 0)) {
		usage_error(line, "--%s %s: write a number", option_name(option), text);
		return -1;
	}
	return 0;
}

int command_help(const struct command_line *line)
{
	if (line->values[OPT_LIST]) {
		for (const struct command *c = commands; c->name; c++)
			puts(c->name);
		return EXIT_DONE;
	}
	if (line->nargs == 0) {
		help_print(NULL, stdout);
		return EXIT_DONE;
	}
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, line->args[0]) == 0) {
			help_print(c, stdout);
			return EXIT_DONE;
		}
	return usage_error(line, "there is no command \"%s\"", line->args[0]);
}

int cli_main(int argc, char **argv)
{
	struct command_line line;
	signal(SIGPIPE, SIG_IGN);
	if (line_parse(argc, argv, &line) < 0)
		return EXIT_USAGE;
	log_setup(line.values[OPT_VERBOSE] ? LOG_DEBUG : LOG_WARN, LOG_AUTO);
	if (line.values[OPT_PROGRESS])
		progress_as_lines();
	if (line.values[OPT_VERSION])
		return command_version(&line);
	if (line.values[OPT_HELP]) {
		help_print(line.command, stdout);
		return EXIT_DONE;
	}
	catch_stop();
	int status = line.command ? line.command->run(&line) : command_home(&line);
	errno = 0;
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == EXIT_DONE) {
		if (errno != EPIPE && errno != 0)
			perror("pugmark: standard output");
		return EXIT_FAILED;
	}
	return status;
}
