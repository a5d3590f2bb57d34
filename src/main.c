/* SPDX-License-Identifier: Apache-2.0 */
/* main.c: the program's entry. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
