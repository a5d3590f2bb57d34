/* SPDX-License-Identifier: Apache-2.0 */
/* private.h: what the files of base/ share and nobody else needs: the tear of a write, and which
 * code points a terminal must not see. */
#ifndef BASE_PRIVATE_H
#define BASE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/io.h"

/* io_point for a write of our own: where the fault is "torn", *torn is set and the caller writes
 * half and calls io_end_process. Else as io_point. */
int io_point_write(bool *torn);
/* Ends the process as a power cut would: no handlers, no buffers. */
_Noreturn void io_end_process(void);

/* True for a code point that changes how the text around it is shown, or shows nothing: C0, DEL,
 * C1, bidi controls, line separators, zero-width and tag characters. */
bool text_is_unsafe(uint32_t code);
/* The columns of a code point on a terminal: 0, 1 or 2. */
unsigned text_columns(uint32_t code);
/* Bytes of the well-formed sequence at `p`, or of the maximal ill-formed part (then *ok is false,
 * *code is U+FFFD). n must not be 0. */
size_t text_utf8_part(const char *p, size_t n, bool *ok, uint32_t *code);
/* How many bytes at `p` are printable ASCII (0x20–0x7e). */
size_t text_printable_run(const char *p, size_t n);

/* io_tree.c: whether the folder that a file or folder is in io_shares(). */
bool io_parent_shares(const char *path);

#endif
