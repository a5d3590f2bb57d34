/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.h (private to query/): the SQL child. It is this same program, started anew, so that
 * nothing of the parent's memory (secrets, keys) is within reach of a query, and so that threads of
 * the parent do not matter. A constructor in child.c recognises the name below in argv[0] and takes
 * over before main(): every program that links query/ can run SQL without a hook in its main().
 */
#ifndef QUERY_CHILD_H
#define QUERY_CHILD_H

extern const char child_name[];

#endif
