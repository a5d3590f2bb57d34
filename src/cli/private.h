/* SPDX-License-Identifier: Apache-2.0 */
/* private.h (cli/): what commands share: the parsed command line, the table of commands, the store,
 * progress on a terminal, Ctrl-C. */
#ifndef CLI_PRIVATE_H
#define CLI_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/base.h"
#include "pipeline/pipeline.h"
#include "query/query.h"
#include "store/store.h"

enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_REJECTED = 3,
	EXIT_STOPPED = 130
};

/* Every option of every command; values[] of a command line is indexed by it. */
enum opt {
	OPT_DATA,
	OPT_JSON,
	OPT_MEMORY,
	OPT_THREADS,
	OPT_VERBOSE,
	OPT_HELP,
	OPT_VERSION,
	OPT_TABLE,
	OPT_SCHEMA,
	OPT_SOURCE,
	OPT_INSTANCE,
	OPT_NODE,
	OPT_TIMINGS,
	OPT_FORMAT,
	OPT_RAW,
	OPT_OUTPUT,
	OPT_SINCE,
	OPT_UNTIL,
	OPT_TIMEOUT,
	OPT_LIMIT,
	OPT_KEEP,
	OPT_LINK,
	OPT_LIST,
	OPT_EXTEND,
	OPT_SIMD,
	OPT_SECONDS,
	OPT_COLUMNS,
	OPT_SORT,
	OPT_COUNT,
	OPT_HISTOGRAM,
	OPT_FACET,
	OPT_FOLLOW,
	OPT_EXPLAIN,
	OPT_AFTER,
	OPT_SECONDARY,
	OPT_QUERY_FILE,
	OPT_SAVE,
	OPT_SAVED,
	OPT_LIST_SAVED,
	OPT_VALUES,
	OPT_DELETE_SAVED,
	OPT_NAME,
	OPT_FROM,
	OPT_DOMAIN,
	OPT_MAIL,
	OPT_API_TOKEN_FILE,
	OPT_GATEWAY,
	OPT_ORG_ID,
	OPT_REQUESTS_PER_MINUTE,
	OPT_BUCKET,
	OPT_PREFIX,
	OPT_REGION,
	OPT_ENDPOINT,
	OPT_PATH_STYLE,
	OPT_PROFILE,
	OPT_ROLE_ARN,
	OPT_EXTERNAL_ID,
	OPT_ACCESS_KEY_ID_FILE,
	OPT_SECRET_ACCESS_KEY_FILE,
	OPT_QUEUE,
	OPT_PATH,
	OPT_CA_FILE,
	OPT_PROXY,
	OPT_ALLOW_PRIVATE,
	OPT_ALLOW_EMPTY,
	OPT_INTERVAL,
	OPT_LOOK_BACK,
	OPT_HISTORY,
	OPT_TOKEN_EXPIRES,
	OPT_ALSO,
	OPT_KEY_FILE,
	OPT_NEW_KEY_FILE,
	OPT_ONCE,
	OPT_REFETCH,
	OPT_DRY_RUN,
	OPT_ALL,
	OPT_EVERY,
	OPT_STATE,
	OPT_MAX_FILES,
	OPT_GZIP,
	OPT_SESSION_TOKEN_FILE,
	OPT_LEVEL,
	OPT_RULE,
	OPT_REASON,
	OPT_COMMENT,
	OPT_BY,
	OPT_URL,
	OPT_URL_FILE,
	OPT_SECRET_FILE,
	OPT_TO,
	OPT_SERVER,
	OPT_SENDER,
	OPT_USER,
	OPT_PASSWORD_FILE,
	OPT_WITHOUT_TLS,
	OPT_NO_DETECT,
	OPT_NO_SEND,
	OPT_DIFF,
	OPT_SETTINGS,
	OPT_TIME_FIELD,
	OPT_EXPAND,
	OPT_FILE,
	OPT_LIST_FORMAT,
	OPT_COLUMN,
	OPT_KIND,
	OPT_EXACT,
	OPT_EVENTS,
	OPT_HITS,
	OPT_ALLOW_WIDE,
	OPT_AS,
	OPT_PERSON,
	OPT_REPLACE,
	OPT_TAGS,
	OPT_EXPIRE,
	OPT_CONFIDENCE,
	OPT_HEADER_FILE,
	OPT_FILE_FEED,
	OPT_TAXII,
	OPT_COLLECTION,
	OPT_MAX_SIZE,
	OPT_ACCEPT,
	OPT_LOOP,
	OPT_LISTEN,
	OPT_HOST,
	OPT_NO_HTTP,
	OPT_ROLE,
	OPT_EXPIRES,
	OPT_CHECKPOINT,
	OPT_KEY,
	OPT_WITNESS,
	OPT_GOVERNANCE,
	OPT_ALERT,
	OPT_PROGRESS,
	OPT_WAIT,
	OPT_TLS_CERT,
	OPT_TLS_KEY,
	OPT_INSECURE,
	OPT_PER_ADDRESS,
	OPT_CLUSTER,
	OPT_DATABASE,
	OPT_YES,
	OPT_CHECK,
	OPT_AGAIN,
	OPT_LAKE,
	OPTIONS
};

struct command_line {
	const struct command *command;
	const char *values[OPTIONS]; /* NULL = not given; flags have "" */
	char **args;                 /* what is no option */
	int nargs;
	uint64_t memory;  /* parsed --memory, or BUDGET_DEFAULT */
	unsigned threads; /* parsed --threads, or 0 */
};

struct command {
	const char *name;
	const char *args;          /* "FILE…|-"; "" = none */
	const char *summary;       /* one line, for lists */
	const char *text;          /* what it does, a paragraph or more */
	const char *examples;      /* lines "command   # what for" */
	const enum opt *options;   /* beside the global ones; ends with OPTIONS; NULL = none */
	int least_args, most_args; /* -1 = any number */
	int (*run)(const struct command_line *line);
};

extern const struct command commands[]; /* ends with a NULL name */

/* Commands, one file each. */
int command_import(const struct command_line *line);
int command_connect(const struct command_line *line);
int command_sources(const struct command_line *line);
int command_collect(const struct command_line *line);
int command_serve(const struct command_line *line);
int command_alerts(const struct command_line *line);
int command_notify(const struct command_line *line);
int command_detect(const struct command_line *line);
int command_entity(const struct command_line *line);
int command_ioc(const struct command_line *line);
int command_http(const struct command_line *line);
int command_token(const struct command_line *line);
int command_hook(const struct command_line *line);
int command_user(const struct command_line *line);
int command_audit(const struct command_line *line);
int command_cluster(const struct command_line *line);
int command_search(const struct command_line *line);
int command_sql(const struct command_line *line);
int command_show(const struct command_line *line);
int command_status(const struct command_line *line);
int command_rejects(const struct command_line *line);
int command_schema(const struct command_line *line);
int command_export(const struct command_line *line);
int command_rebuild(const struct command_line *line);
int command_compact(const struct command_line *line);
int command_verify(const struct command_line *line);
int command_checkpoint(const struct command_line *line);
int command_prove(const struct command_line *line);
int command_evidence(const struct command_line *line);
int command_backup(const struct command_line *line);
int command_ship(const struct command_line *line);
int command_restore(const struct command_line *line);
int command_help(const struct command_line *line);
int command_version(const struct command_line *line);
/* `pugmark` alone: the state of the house and what to type next. */
int command_home(const struct command_line *line);

/* Parses argv into *line. 0; -1 where the words are wrong (a message has been printed). */
int line_parse(int argc, char **argv, struct command_line *line);
/* The option's row for help. */
const char *option_name(enum opt option);
/* Prints the help of one command, or of all where NULL, to `out`. */
void help_print(const struct command *command, FILE *out);
/* The nearest command's or word's name to a misspelt one, or NULL. */
const char *nearest(const char *word, const char *const *known);

/* Prints "pugmark: TEXT" to stderr (escaped) and returns the exit status that fits the error. */
int fail(const struct err *err);
/* The same for wrong words; returns EXIT_USAGE. */
int usage_error(const struct command_line *line, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The data folder: --data, PUGMARK_DATA, the service's configuration, or the user's data folder.
 * Borrowed until the program ends. */
const char *data_folder(const struct command_line *line);
/* The key that secrets are sealed under: --key-file, or `key_file` of the service's configuration where the data
 * folder is the service's; NULL = the usual places (store/secrets.h). */
const char *key_file(const struct command_line *line);
/* Opens it; messages say which folder it is and what to type instead. */
int open_data(const struct command_line *line, enum store_mode mode, struct store **store,
	struct err *err);

/* Non-zero after Ctrl-C or SIGTERM; a second one ends the program at once. */
extern volatile int stop_requested;
void catch_stop(void);

/* A progress line on stderr, drawn on a terminal only. */
void progress_draw(
	const char *what, uint64_t done, uint64_t total, const char *unit, uint64_t events);
void progress_clear(void);
/* With --progress json: what is drawn elsewhere leaves as lines of JSON on stderr, for whoever started this program (docs/api.md, jobs):
 * {"progress":{…}} a few times a second, {"step":…} as it is done, {"error":…} at the end. */
void progress_as_lines(void);
/* A step that was done, as a line; nothing without progress_as_lines. `advice` may be NULL. */
void progress_tell_step(const char *name, const char *state, const char *text, const char *advice);
/* The sentence that the program ends with. False (and nothing is written) without progress_as_lines. */
bool progress_tell_error(const char *text);
/* For the walks of store/ and pipeline/, by what they count. */
enum walk_unit { WALK_STEPS, WALK_BYTES, WALK_EVENTS };
struct progress progress_of_walk(enum walk_unit unit);

/* "3 days", "5 hours", "12 minutes", "7 seconds"; returns `out`. */
const char *span_text(int64_t us, char out[32]);
/* Who types: the user, also behind sudo; --by where it is given. Borrowed. */
const char *who_types(const struct command_line *line);
/* The beginning of what clock_parse reads. 0 or -1. */
int parse_when(const char *text, int64_t *us);
/* The time of an option, which stays as it is where that is not given. 0 or -1 (told). */
int parse_time(const struct command_line *line, enum opt option, int64_t *us);
/* The number of an option, which stays as it is where that is not given. 0 or -1 (told). */
int parse_count(const struct command_line *line, enum opt option, int64_t *value);
/* A line from the terminal, without its end; without echo where it is a secret. NULL at the end, or where we were asked to stop. Owned by
 * the caller. */
char *ask_line(const char *prompt, bool secret);
/* Terminal columns of stdout, or 0 where it is none. */
unsigned terminal_width(void);
/* The format named by --format or --json. 0 or -1. */
int parse_format(const struct command_line *line, enum query_format *format);

/* A file that is written anew, or standard output where NULL. */
int output_open(const char *path, FILE **file, struct err *err);
/* Closes it so that it lasts; where `status` is -1 it is removed. Returns `status`, or -1. */
int output_close(const char *path, FILE *file, int status, struct err *err);

#endif
