/* SPDX-License-Identifier: Apache-2.0 */
/* ship_main.c: pugmark-ship, the server's side as a program of its own: `pugmark ship` and nothing else,
 * small enough to be put on any machine. */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef PUGMARK_STATIC
#include <nss.h>
#include <openssl/crypto.h>
#endif

#include "base/base.h"
#include "ship/ship.h"

enum { OPTION = 256, OPTIONS_MOST = 64 };

static volatile sig_atomic_t stop;

static void on_stop(int signal_number)
{
	(void)signal_number;
	if (stop)
		_exit(SHIP_STOPPED);
	stop = 1;
}

static void print_help(void)
{
	puts("pugmark-ship uploads the audit logs of a Bitbucket, Jira or Confluence Data Center "
	     "node to "
	     "a\nbucket of S3, and goes on with what comes.\n\n"
	     "Usage: pugmark-ship [options] [DIR] s3://BUCKET[/PREFIX]\n\n"
	     "DIR is the folder log/audit; the usual homes are tried where it is not "
	     "given.\n\nOptions:");
	for (const struct ship_option *row = ship_option_rows; row->name; row++) {
		char left[64];
		snprintf(left, sizeof(left), "--%s%s%s", row->name, row->arg ? " " : "",
			row->arg ? row->arg : "");
		printf("  %-29s %s\n", left, row->help);
	}
	puts("  --help                        show help\n"
	     "  --version                     show the version\n\n"
	     "Keys come from files, profiles, environment or the machine's role, never from "
	     "arguments.\n"
	     "Exit status: 0 done, 1 failed, 2 wrong usage, 3 done, but a log was lost before it "
	     "was\n"
	     "uploaded or could not be read, 130 stopped.");
}

static void say(const struct err *err, bool usage)
{
	struct buf text;
	buf_init(&text, 1 << 16);
	text_escape(&text, slice_of(err->text));
	fprintf(stderr, "pugmark-ship: %.*s%s\n", SLICE_ARG(buf_view(&text)),
		usage ? ": pugmark-ship --help says more" : "");
	buf_fini(&text);
}

/* 0; 1 where help or version was all that was wanted; -1 with `err`. */
static int read_line(int argc, char **argv, struct ship_options *options, struct err *err)
{
	struct option longs[OPTIONS_MOST] = {
		{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}};
	int c;
	for (int i = 0; ship_option_rows[i].name; i++)
		longs[i + 2] = (struct option){ship_option_rows[i].name,
			ship_option_rows[i].arg ? required_argument : no_argument, NULL,
			OPTION + i};
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":hvV", longs, NULL)) != -1) {
		const char *name = c >= OPTION ? ship_option_rows[c - OPTION].name : "verbose";
		if (c == 'h') {
			print_help();
			return 1;
		}
		if (c == 'V') {
			puts("pugmark-ship " PUGMARK_VERSION);
			return 1;
		}
		if (c == ':' || c == '?')
			return err_set(err, ERR_USAGE,
				c == ':' ? "%.200s needs a value" : "there is no option %.200s",
				argv[optind - 1]);
		if (ship_option_set(options, name, optarg, err) < 0)
			return -1;
	}
	return ship_arguments(options, argv + optind, argc - optind, err);
}

static void draw(void *ctx, uint64_t done, uint64_t total)
{
	static int64_t last;
	char a[32], b[32];
	int64_t now = clock_mono_us();
	(void)ctx;
	if (!isatty(STDERR_FILENO) || (total && now - last < 100000) || (!total && !last))
		return;
	last = total ? now : 0;
	fputs("\r\033[K", stderr);
	if (total)
		fprintf(stderr, "uploading %s of %s", text_bytes(done, a), text_bytes(total, b));
	(void)fflush(stderr);
}

#ifdef PUGMARK_STATIC
/* A static program must not load what lies on a machine for another libc or another libcrypto: names come
 * from /etc/hosts and DNS, for which it has the code, whatever nsswitch.conf says, and openssl.cnf is not
 * read. */
static void stand_alone(void)
{
	__nss_configure_lookup("hosts", "files dns");
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}
#else
static void stand_alone(void)
{
}
#endif

int main(int argc, char **argv)
{
	struct err err = {0};
	struct ship_options options;
	struct ship_hooks hooks = {.stop = &stop, .progress = draw};
	struct sigaction action = {.sa_handler = on_stop};
	stand_alone();
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	io_stop_on(&stop);
	ship_options_init(&options);
	int read = read_line(argc, argv, &options, &err);
	int status = read < 0 ? SHIP_USAGE : SHIP_DONE;
	if (read == 0)
		status = (int)ship_run(&options, &hooks, &err);
	if (status != SHIP_DONE && status != SHIP_INCOMPLETE)
		say(&err, read < 0);
	ship_options_fini(&options);
	return fflush(stdout) != 0 && status == SHIP_DONE ? SHIP_FAILED : status;
}
