/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.c: the file that says what was uploaded: lines of words, the last one a hash of all before it. It
 * is replaced as a whole, so that a stop leaves the old one or the new one.
 *   pugmark-ship 1
 *   from FOLDER
 *   to ENDPOINT BUCKET PREFIX
 *   log DEVICE INODE NODE NAME GENERATION FP FP_BYTES OFFSET TAIL WHOLE
 *   end SHA256
 * Words from outside are percent-encoded; "" is written -.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

#include "net/sigv4.h"
#include "ship/private.h"

static const char first_line[] = "pugmark-ship 1";

char *state_default(void)
{
	const char *service = getenv("STATE_DIRECTORY"), *xdg = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	struct buf path;
	buf_init(&path, 1 << 16);
	if (service && *service) /* systemd; of several folders, parted by colons, the first */
		buf_printf(&path, "%.*s/pugmark-ship.state", (int)strcspn(service, ":"), service);
	else if (geteuid() == 0)
		buf_puts(&path, "/var/lib/pugmark-ship/state");
	else if (xdg && *xdg)
		buf_printf(&path, "%s/pugmark-ship/state", xdg);
	else
		buf_printf(&path, "%s/.local/state/pugmark-ship/state", home && *home ? home : ".");
	buf_push(&path, '\0');
	return path.ptr;
}

static int make_parent(const char *path, struct err *err)
{
	char *parent = xstrdup(path), *slash = strrchr(parent, '/');
	int status = 0;
	if (slash && slash != parent) {
		*slash = '\0';
		status = io_mkdirs(parent, err);
	}
	free(parent);
	return status;
}

/* What io_write_file leaves when the process ends in the middle: PATH.<pid>-<n>.tmp. */
struct sweep {
	const char *folder, *name;
};

static int sweep_name(void *ctx, const char *name, struct err *err)
{
	const struct sweep *sweep = ctx;
	size_t n = strlen(sweep->name);
	struct arena mem = {0};
	if (strncmp(name, sweep->name, n) != 0 || name[n] != '.')
		return 0;
	n += 1 + strspn(name + n + 1, "0123456789-");
	if (strcmp(name + n, ".tmp") == 0)
		(void)io_unlink(arena_printf(&mem, "%s/%s", sweep->folder, name), err);
	arena_fini(&mem);
	return 0;
}

static void sweep(const char *path)
{
	char *parent = xstrdup(path), *slash = strrchr(parent, '/');
	struct sweep what = {slash == parent ? "/" : slash ? parent : ".", path};
	if (slash) {
		*slash = '\0';
		what.name = slash + 1;
	}
	(void)io_list(what.folder, sweep_name, &what, NULL);
	free(parent);
}

int state_open(struct ship_state *state, const char *path, struct err *err)
{
	struct arena mem = {0};
	*state = (struct ship_state){.path = xstrdup(path), .lock_fd = -1};
	state->lock_path = xstrdup(arena_printf(&mem, "%s.lock", path));
	arena_fini(&mem);
	if (make_parent(path, err) < 0)
		return err_context(
			err, "the state cannot be kept (--state FILE names another place)");
	state->lock_fd = io_open(state->lock_path, O_RDWR | O_CREAT, 0600, err);
	if (state->lock_fd < 0)
		return err_context(
			err, "the state cannot be kept (--state FILE names another place)");
	if (io_lock(state->lock_fd, true, false, state->lock_path, err) == 0) {
		sweep(path);
		return 0;
	}
	if (err->kind == ERR_BUSY)
		err_set(err, ERR_BUSY,
			"the state %s is in use by another pugmark ship: end that one, or name "
			"another "
			"file with --state",
			path);
	return -1;
}

void state_close(struct ship_state *state)
{
	if (!state->path)
		return;
	io_close(state->lock_fd);
	free(state->path);
	free(state->lock_path);
	*state = (struct ship_state){.lock_fd = -1};
}

/* --- Reading ------------------------------------------------------------------------------------- */

/* The next word of a line; empty at its end. */
static struct slice next_word(struct slice *line)
{
	const char *blank = line->len ? memchr(line->ptr, ' ', line->len) : NULL;
	size_t n = blank ? (size_t)(blank - line->ptr) : line->len;
	struct slice word = {line->ptr, n};
	n += blank != NULL;
	*line = (struct slice){line->ptr + n, line->len - n};
	return word;
}

static bool number(struct slice *line, uint64_t *value)
{
	struct slice word = next_word(line);
	*value = 0;
	for (size_t i = 0; i < word.len; i++) {
		unsigned digit = (unsigned char)word.ptr[i] - '0';
		if (digit > 9 || __builtin_mul_overflow(*value, 10, value) ||
			__builtin_add_overflow(*value, digit, value))
			return false;
	}
	return word.len > 0;
}

static bool hex_word(struct slice *line, char *out, size_t digits)
{
	struct slice word = next_word(line);
	for (size_t i = 0; i < word.len; i++)
		if (!strchr("0123456789abcdef", word.ptr[i]))
			return false;
	if (word.len != digits)
		return false;
	memcpy(out, word.ptr, digits);
	out[digits] = 0;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Owned by the caller; NULL where it is not well encoded. */
static char *decoded(struct slice word)
{
	char *text = xmalloc(word.len + 1);
	size_t n = 0;
	for (size_t i = 0; i < word.len; i++) {
		text[n] = word.ptr[i];
		if (word.ptr[i] == '%') {
			int high = i + 2 < word.len ? hex_digit(word.ptr[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(word.ptr[i + 2]) : -1;
			if (low < 0 || high * 16 + low == 0) {
				free(text);
				return NULL;
			}
			text[n] = (char)(high * 16 + low);
			i += 2;
		}
		n++;
	}
	text[n] = 0;
	return text;
}

static bool read_log(struct slice line, struct ship_record *record)
{
	uint64_t generation = 0, whole = 2;
	*record = (struct ship_record){0};
	if (!number(&line, &record->device) || !number(&line, &record->inode))
		return false;
	record->node = decoded(next_word(&line));
	record->name = decoded(next_word(&line));
	bool good = record->node && record->name && *record->node && *record->name &&
		    number(&line, &generation) && generation >= 1 && generation <= UINT32_MAX &&
		    hex_word(&line, record->fp, SHIP_FP) && number(&line, &record->fp_bytes) &&
		    number(&line, &record->offset) && hex_word(&line, record->tail, SHIP_TAIL) &&
		    number(&line, &whole) && whole <= 1 && line.len == 0;
	record->generation = (unsigned)generation;
	record->whole = whole == 1;
	if (!good) {
		free(record->node);
		free(record->name);
	}
	return good;
}

/* All but the last line, if that is the hash of them; else ptr is NULL. */
static struct slice proven(struct slice text)
{
	char hex[SIGV4_HEX];
	struct slice none = {NULL, 0};
	size_t end = 4 + 64 + 1; /* "end " … "\n" */
	if (text.len <= end || text.ptr[text.len - 1] != '\n')
		return none;
	struct slice body = {text.ptr, text.len - end};
	sigv4_hash(body, hex);
	if (memcmp(body.ptr + body.len, "end ", 4) != 0 ||
		memcmp(body.ptr + body.len + 4, hex, 64) != 0)
		return none;
	return body;
}

static struct slice next_line(struct slice *text)
{
	const char *end = memchr(text->ptr, '\n', text->len);
	struct slice line = {text->ptr, end ? (size_t)(end - text->ptr) : text->len};
	size_t n = line.len + (end != NULL);
	*text = (struct slice){text->ptr + n, text->len - n};
	return line;
}

static bool read_lines(struct slice body, struct ship_scope *scope,
	void (*take)(void *ctx, const struct ship_record *record), void *ctx)
{
	struct ship_record record;
	if (!slice_eq(next_line(&body), slice_of(first_line)))
		return false;
	while (body.len > 0) {
		struct slice line = next_line(&body), word = next_word(&line);
		if (slice_eq(word, SLICE("from")))
			buf_slice(&scope->folder, line);
		else if (slice_eq(word, SLICE("to")))
			buf_slice(&scope->to, line);
		else if (slice_eq(word, SLICE("log")) && read_log(line, &record))
			take(ctx, &record);
		else
			return false;
	}
	return true;
}

int state_read(const char *path, struct ship_scope *scope,
	void (*take)(void *ctx, const struct ship_record *record), void *ctx, struct err *err)
{
	char *text;
	size_t n;
	buf_clear(&scope->folder);
	buf_clear(&scope->to);
	if (io_read_file(path, LIMIT_SHIP_STATE, &text, &n, err) < 0) {
		if (err->kind == ERR_NOT_FOUND)
			return STATE_NONE;
		return err->kind == ERR_LIMIT ? STATE_DAMAGED : -1;
	}
	struct slice body = proven((struct slice){text, n});
	int found = STATE_READ;
	if (!body.ptr || !read_lines(body, scope, take, ctx)) {
		err_set(err, ERR_DAMAGED, "%s: it does not hold what was written", path);
		found = STATE_DAMAGED;
	}
	free(text);
	return found;
}

/* --- Writing ------------------------------------------------------------------------------------- */

static void write_log(struct buf *out, const struct ship_record *log)
{
	buf_printf(out, "log %" PRIu64 " %" PRIu64 " ", log->device, log->inode);
	names_encode(out, slice_of(log->node));
	buf_push(out, ' ');
	names_encode(out, slice_of(log->name));
	buf_printf(out, " %u %s %" PRIu64 " %" PRIu64 " %s %d\n", log->generation, log->fp,
		log->fp_bytes, log->offset, log->tail, log->whole);
}

int state_write(const char *path, const struct ship_scope *scope, struct ship_log *const *logs,
	size_t count, struct err *err)
{
	char hex[SIGV4_HEX];
	struct buf out;
	buf_init(&out, LIMIT_SHIP_STATE);
	buf_printf(&out, "%s\nfrom %.*s\nto %.*s\n", first_line,
		SLICE_ARG(buf_view(&scope->folder)), SLICE_ARG(buf_view(&scope->to)));
	for (size_t i = 0; i < count; i++)
		if (logs[i]->is.fp[0])
			write_log(&out, &logs[i]->is);
	sigv4_hash(buf_view(&out), hex);
	buf_printf(&out, "end %s\n", hex);
	int status = out.full ? err_set(err, ERR_LIMIT, "%s: the state is too large", path)
			      : io_write_file(path, out.ptr, out.len, 0600, err);
	buf_fini(&out);
	return status;
}

int state_set_aside(const char *path, struct buf *aside, struct err *err)
{
	buf_clear(aside);
	buf_printf(aside, "%s.damaged-%" PRId64, path, clock_now_us() / SHIP_SECOND);
	buf_push(aside, '\0');
	return io_rename(path, aside->ptr, err);
}
