/* SPDX-License-Identifier: Apache-2.0 */
/* warn.c: the server deletes its oldest log when there are too many: says so while there is time. */
#include <inttypes.h>

#include "ship/private.h"

#define AGAIN_US (600 * SHIP_SECOND)
enum { NAMED = 5 };

/* How many more logs may come until the log at `place` (0 = the oldest file) is deleted. */
static int64_t headroom(const struct follow *f, size_t place)
{
	return (int64_t)f->max_files - (int64_t)f->files + (int64_t)place;
}

void follow_warn(struct follow *f, const struct ship_time *now)
{
	struct buf names;
	size_t place = 0, many = 0;
	int64_t least = 0;
	buf_init(&names, 2000);
	for (size_t i = 0; i < f->count; i++) {
		const struct ship_log *log = f->logs[i];
		bool unfinished = log->size > log->is.offset && i + 1 < f->count;
		if (!log->there)
			continue;
		if (unfinished && headroom(f, place) <= (int64_t)f->max_files / 5) {
			if (many == 0)
				least = headroom(f, place);
			if (many++ < NAMED)
				buf_printf(&names, "%s%s", names.len ? ", " : "", log->shown);
		}
		place++;
	}
	bool news = !slice_eq(buf_view(&names), buf_view(&f->risk_said));
	if (many > 0 && (news || now->mono_us - f->risk_us >= AGAIN_US)) {
		log_warn("%zu log%s at risk: the server keeps %u files, %zu are there, and %s%s %s "
			 "not "
			 "uploaded yet: deleted after %" PRId64 " more",
			many, many == 1 ? " is" : "s are", f->max_files, f->files, names.ptr,
			many > NAMED ? " …" : "", many == 1 ? "is" : "are", least < 0 ? 0 : least);
		f->risk_us = now->mono_us;
	}
	buf_clear(&f->risk_said);
	buf_slice(&f->risk_said, buf_view(&names));
	buf_fini(&names);
}
