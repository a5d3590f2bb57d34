/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base.h: the room's public header: memory, text, errors, files and time, on libc alone.
 * Each part's contract is in its own header; a file includes those that it uses, or this one.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/budget.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/level.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/map.h"
#include "base/slice.h"
#include "base/text.h"
#include "base/varint.h"

#endif
