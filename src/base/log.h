/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h: words for people, on stderr: plain text on a terminal, one JSON object per line
 * otherwise. Log or return an error, never both.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_form { LOG_AUTO, LOG_TEXT, LOG_JSON };

/* Sets the lowest level that is written and the form; LOG_AUTO asks whether stderr is a terminal.
 * Without a call: LOG_WARN, LOG_AUTO. */
void log_setup(enum log_level lowest, enum log_form form);

/* Writes one line. Control characters in the text are escaped; a text of any length is cut at
 * 4,000 bytes. Safe from several threads. */
void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)

#endif
