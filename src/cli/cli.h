/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h: the command line: one file per command, found through one table. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/* Runs the program and returns its exit status: 0 done, 1 failed, 2 wrong usage, 3 done but
 * something was rejected, 130 stopped by Ctrl-C. */
int cli_main(int argc, char **argv);

#endif
