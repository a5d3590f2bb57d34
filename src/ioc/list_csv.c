/* SPDX-License-Identifier: Apache-2.0 */
/* list_csv.c: RFC 4180 with what feeds make of it: other separators, blanks after them, comments, and a header that is
 * a comment. */
#include <stdlib.h>

#include "ioc/list_private.h"

enum { SAMPLE_ROWS = 50, JOINED_LINES = 1000 };
static const char separators[] = ",;\t|";

struct csv {
	struct list *list;
	char separator;
	struct buf joined;  /* a record of more than one line */
	struct arena texts; /* unquoted fields of one record */
};

static struct slice part(struct slice s, size_t begin, size_t end)
{
	return (struct slice){s.ptr + begin, end - begin};
}

static bool is_blank_at(struct slice s, size_t at, char separator)
{
	return at < s.len && (s.ptr[at] == ' ' || (s.ptr[at] == '\t' && separator != '\t'));
}

/* The end of the quoted field that begins at `at`, behind its closing quote; s.len + 1 where it is not closed. */
static size_t quoted_end(struct slice s, size_t at)
{
	for (at++;;) {
		const char *quote = at < s.len ? memchr(s.ptr + at, '"', s.len - at) : NULL;
		if (!quote)
			return s.len + 1;
		at = (size_t)(quote - s.ptr) + 1;
		if (at >= s.len || s.ptr[at] != '"')
			return at;
		at++;
	}
}

/* Doubled quotes become one. */
static struct slice unquote(struct slice s, struct arena *mem)
{
	size_t n = 0;
	if (s.len == 0 || !memchr(s.ptr, '"', s.len))
		return s;
	char *out = arena_alloc(mem, s.len);
	for (size_t i = 0; i < s.len; i++) {
		out[n++] = s.ptr[i];
		if (s.ptr[i] == '"' && i + 1 < s.len && s.ptr[i + 1] == '"')
			i++;
	}
	return (struct slice){out, n};
}

/* Splits a record; false where a quote is not closed in it. Fields beyond ROW_FIELDS are passed over. */
static bool split(struct slice s, char separator, struct arena *mem, struct row *row)
{
	size_t at = 0;
	row->n = 0;
	for (;;) {
		while (is_blank_at(s, at, separator))
			at++;
		bool quoted = at < s.len && s.ptr[at] == '"';
		size_t begin = at, end = quoted ? quoted_end(s, at) : at;
		if (end > s.len)
			return false;
		const char *mark = end < s.len ? memchr(s.ptr + end, separator, s.len - end) : NULL;
		at = mark ? (size_t)(mark - s.ptr) : s.len;
		if (row->n < ROW_FIELDS)
			row->fields[row->n++] = quoted ? unquote(part(s, begin + 1, end - 1), mem)
						       : part(s, begin, at);
		if (!mark)
			return true;
		at++;
	}
}

static bool is_comment(struct slice line)
{
	return line.len > 0 && line.ptr[0] == '#';
}

/* Joins lines until the quote that is open in the first is closed. */
static int join(struct csv *csv, struct slice line, struct row *row)
{
	struct list *list = csv->list;
	uint64_t first = list->line;
	int status = 1;
	buf_clear(&csv->joined);
	buf_slice(&csv->joined, line);
	for (unsigned n = 0; n < JOINED_LINES && (status = list_line(list, &line)) > 0; n++) {
		buf_push(&csv->joined, '\n');
		buf_slice(&csv->joined, line);
		if (csv->joined.full)
			break;
		if (line.len && memchr(line.ptr, '"', line.len) &&
			split(buf_view(&csv->joined), csv->separator, &csv->texts, row))
			return 1;
	}
	if (status < 0)
		return -1;
	list->line = first;
	return list_error(list, "a quote (\") is opened and not closed; is it a CSV file?");
}

/* A record: 1, 0 = no more, -1; 2: a comment or an empty line was passed over. */
static int next_row(struct csv *csv, struct row *row)
{
	struct slice line;
	int status = list_line(csv->list, &line);
	if (status <= 0)
		return status;
	arena_reset(&csv->texts);
	if (is_comment(line) || list_trim(line).len == 0) {
		csv->list->counts->skipped++;
		return 2;
	}
	if (split(line, csv->separator, &csv->texts, row))
		return 1;
	return join(csv, line, row);
}

/* The rows at the beginning, to judge by. */
struct sample {
	struct arena mem;
	struct row *rows; /* SAMPLE_ROWS */
	size_t n;
	struct row comment; /* the last comment in front of the rows; n = 0: there is none */
};

/* False where a quote in the line is not closed in it. */
static bool sample_line(struct sample *sample, struct slice line, char separator)
{
	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (is_comment(line)) {
		if (sample->n == 0 && list_trim(line).len > 1)
			split(part(line, 1, line.len), separator, &sample->mem, &sample->comment);
		return true;
	}
	if (list_trim(line).len == 0)
		return true;
	bool good = split(line, separator, &sample->mem, &sample->rows[sample->n]);
	sample->n += good;
	return good;
}

/* A quote that is not closed in JOINED_LINES ends the sample. */
static void sample_take(struct sample *sample, struct slice head, char separator, bool whole)
{
	size_t begin = 0, at = 0;
	unsigned joined = 0;
	*sample = (struct sample){.rows = xcalloc(SAMPLE_ROWS, sizeof(struct row))};
	while (at < head.len && sample->n < SAMPLE_ROWS && joined < JOINED_LINES) {
		const char *end = memchr(head.ptr + at, '\n', head.len - at);
		if (!end && !whole && sample->n > 0)
			return; /* a part of a line */
		at = end ? (size_t)(end - head.ptr) : head.len;
		if (sample_line(sample, part(head, begin, at), separator)) {
			begin = at + 1;
			joined = 0;
		} else {
			joined++;
		}
		at++;
	}
}

static void sample_free(struct sample *sample)
{
	arena_fini(&sample->mem);
	free(sample->rows);
}

/* How many fields nearly all rows have; 1 where they do not agree. */
static size_t agreed_fields(const struct sample *sample)
{
	size_t same = 0, fields = sample->n ? sample->rows[sample->n / 2].n : sample->comment.n;
	for (size_t i = 0; i < sample->n; i++)
		same += sample->rows[i].n == fields;
	return same * 10 >= sample->n * 9 ? fields : 1;
}

static char guess_separator(struct slice head, bool whole)
{
	char best = 0;
	size_t most = 1;
	for (const char *separator = separators; *separator; separator++) {
		struct sample sample;
		sample_take(&sample, head, *separator, whole);
		size_t fields = agreed_fields(&sample);
		if (fields > most) {
			most = fields;
			best = *separator;
		}
		sample_free(&sample);
	}
	return best;
}

static bool has_forms(struct list *list, const struct row *row)
{
	bool any = false;
	for (size_t i = 0; i < row->n; i++)
		any = any || list_has_form(list, row->fields[i]);
	arena_reset(&list->mem);
	return any;
}

/* Whether the first row is one of names: of known ones, or of words above values that are more than words. */
static bool first_is_header(struct list *list, const struct sample *sample)
{
	if (sample->n == 0)
		return false;
	bool known = row_is_header(&sample->rows[0]) ||
		     row_has_name(&sample->rows[0], list->options->column);
	if (list->options->kind != IOC_NONE)
		return known;
	return !has_forms(list, &sample->rows[0]) &&
	       (known || (sample->n > 1 && has_forms(list, &sample->rows[1])));
}

/* The row of names: the first one, or the comment in front of it; NULL where there is none. *first: rows of values. */
static const struct row *header_of(struct list *list, const struct sample *sample, size_t *first)
{
	*first = first_is_header(list, sample);
	if (*first)
		return &sample->rows[0];
	bool fits =
		sample->comment.n > 1 && (sample->n == 0 || sample->comment.n == sample->rows[0].n);
	return fits && row_is_header(&sample->comment) ? &sample->comment : NULL;
}

static struct slice head_of(const struct list *list)
{
	return (struct slice){list->data + list->at, list->len - list->at};
}

/* Columns that agree, and a header, or two rows with indicators in one column. A hosts file is none. */
bool csv_looks_like(struct list *list, struct slice head)
{
	struct sample sample;
	size_t first, good = 0;
	char separator = guess_separator(head, list->ended && head.len == list->len - list->at);
	if (!separator)
		return false;
	sample_take(&sample, head, separator, list->ended);
	bool header = header_of(list, &sample, &first) != NULL;
	for (size_t i = first; i < sample.n; i++)
		good += has_forms(list, &sample.rows[i]);
	struct slice start = sample.rows && sample.n ? sample.rows[0].fields[0] : (struct slice){0};
	bool hosts = slice_eq(start, SLICE("0.0.0.0")) || slice_eq(start, SLICE("127.0.0.1"));
	size_t rows = sample.n - first;
	sample_free(&sample);
	return header || (!hosts && rows > 1 && good * 2 >= rows);
}

static int prepare(struct csv *csv, struct row_shape *shape, bool *skip_first)
{
	struct sample sample;
	size_t first;
	struct slice head = head_of(csv->list);
	char separator = guess_separator(head, csv->list->ended);
	csv->separator = separator ? separator : ',';
	sample_take(&sample, head, csv->separator, csv->list->ended);
	const struct row *header = header_of(csv->list, &sample, &first);
	*skip_first = first > 0;
	int status = row_shape(csv->list, header, sample.rows + first, sample.n - first, shape);
	sample_free(&sample);
	return status;
}

static int read_rows(struct csv *csv, const struct row_shape *shape, bool skip_first)
{
	struct row row;
	int status;
	while ((status = next_row(csv, &row)) > 0) {
		if (status == 2)
			continue;
		if (skip_first) {
			skip_first = false;
			csv->list->counts->skipped++;
			continue;
		}
		arena_reset(&csv->list->mem);
		status = row_emit(csv->list, &row, shape);
		if (status != 0)
			return status;
	}
	return status;
}

int csv_read(struct list *list)
{
	struct csv csv = {.list = list};
	struct row_shape shape;
	bool skip_first;
	buf_init(&csv.joined, LIMIT_LIST_LINE);
	int status = prepare(&csv, &shape, &skip_first);
	if (status == 0)
		status = read_rows(&csv, &shape, skip_first);
	buf_fini(&csv.joined);
	arena_fini(&csv.texts);
	return status;
}
