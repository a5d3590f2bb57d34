/* SPDX-License-Identifier: Apache-2.0 */
/* user.c: pugmark user: people who may sign in to the API. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer/answer.h"
#include "cli/listing.h"
#include "cli/private.h"
#include "cli/secret_option.h"
#include "cli/verbs.h"
#include "store/users.h"

/* ---- passwords ------------------------------------------------------------------------------- */

struct password {
	struct secrets_given given;
	char made[PASSWORD_MADE]; /* "" = it was given */
	char hashed[PASSWORD_HASHED];
};

static void password_wipe(struct password *password)
{
	secrets_given_wipe(&password->given);
	explicit_bzero(password, sizeof(*password));
}

/* Asks twice. Owned by the caller, who wipes it. */
static char *ask_password(struct err *err)
{
	char *first = ask_line("Password (not shown)", true);
	char *again = first ? ask_line("Once more", true) : NULL;
	bool same = again && strcmp(first, again) == 0;
	if (again)
		explicit_bzero(again, strlen(again));
	free(again);
	if (same)
		return first;
	if (first)
		explicit_bzero(first, strlen(first));
	free(first);
	err_set(err, ERR_USAGE, "the two are not the same: nothing was changed");
	return NULL;
}

static int hash_given(
	const char *name, const char *text, struct password *password, struct err *err)
{
	return password_check(name, text, err) < 0 ? -1
						   : password_hash(text, password->hashed, err);
}

/* Out of a file, standard input or the answer to a question; else one that is made up. */
static int take_password(const struct command_line *line, const char *name,
	struct password *password, struct err *err)
{
	const char *path = line->values[OPT_PASSWORD_FILE], *text = NULL;
	if (!path)
		return password_make(password->made, err) < 0
			       ? -1
			       : password_hash(password->made, password->hashed, err);
	if (strcmp(path, "-") == 0 && isatty(STDIN_FILENO)) {
		char *asked = ask_password(err);
		int rc = asked ? hash_given(name, asked, password, err) : -1;
		if (asked)
			explicit_bzero(asked, strlen(asked));
		free(asked);
		return rc;
	}
	if (secret_option(line, OPT_PASSWORD_FILE, false, &password->given, &text, err) < 0)
		return -1;
	return hash_given(name, text, password, err);
}

/* What there is to say of a password: on stdout where it was made up, once. */
static void tell(const struct command_line *line, const char *name, const struct password *password)
{
	if (line->values[OPT_JSON] && *password->made)
		printf("{\"name\":\"%s\",\"password\":\"%s\",\"must_change\":true}\n", name,
			password->made);
	else if (line->values[OPT_JSON])
		printf("{\"name\":\"%s\",\"must_change\":false}\n", name);
	else if (*password->made) {
		puts(password->made);
		fputs("this password is shown now and never again, and is to be changed at the "
		      "first sign-in\n",
			stderr);
	} else
		printf("%s may sign in with the password given\n", name);
}

/* ---- verbs ----------------------------------------------------------------------------------- */

static int take_role(const struct command_line *line, enum access_role *role, struct err *err)
{
	const char *word = line->values[OPT_ROLE];
	*role = word ? access_role_named(word) : ROLE_NONE;
	return *role != ROLE_NONE
		       ? 0
		       : err_set(err, ERR_USAGE, "%s needs --role viewer, analyst or admin",
				 line->args[0]);
}

static int add(const struct command_line *line, struct store *store, struct err *err)
{
	const struct audit_act by = {who_types(line), "command line", "", ""};
	struct password password = {.made = ""};
	enum access_role role;
	if (take_role(line, &role, err) < 0)
		return -1;
	int rc = take_password(line, line->args[1], &password, err);
	if (rc == 0)
		rc = user_add(store, line->args[1], role, password.hashed, *password.made != '\0',
			&by, err);
	if (rc == 0)
		tell(line, line->args[1], &password);
	password_wipe(&password);
	return rc;
}

static int change(const struct command_line *line, struct store *store,
	const struct user_change *wanted, struct err *err)
{
	const struct audit_act by = {who_types(line), "command line", "", ""};
	int rc = user_change(store, line->args[1], wanted, &by, err);
	return rc > 0   ? 0
	       : rc < 0 ? -1
			: err_set(err, ERR_NOT_FOUND,
				  "there is no user %.80s: pugmark user lists them", line->args[1]);
}

static int set_password(const struct command_line *line, struct store *store, struct err *err)
{
	struct password password = {.made = ""};
	int rc = take_password(line, line->args[1], &password, err);
	const struct user_change wanted = {
		.hashed = password.hashed, .must_change = *password.made != '\0', .disabled = -1};
	if (rc == 0)
		rc = change(line, store, &wanted, err);
	if (rc == 0)
		tell(line, line->args[1], &password);
	password_wipe(&password);
	return rc;
}

static int set_role(const struct command_line *line, struct store *store, struct err *err)
{
	struct user_change wanted = {.disabled = -1};
	return take_role(line, &wanted.role, err) < 0 ? -1 : change(line, store, &wanted, err);
}

static int disable(const struct command_line *line, struct store *store, struct err *err)
{
	return change(line, store, &(struct user_change){.disabled = 1}, err);
}

static int enable(const struct command_line *line, struct store *store, struct err *err)
{
	return change(line, store, &(struct user_change){.disabled = 0}, err);
}

static int remove_one(const struct command_line *line, struct store *store, struct err *err)
{
	const struct audit_act by = {who_types(line), "command line", "", ""};
	int rc = user_remove(store, line->args[1], &by, err);
	return rc > 0   ? 0
	       : rc < 0 ? -1
			: err_set(err, ERR_NOT_FOUND,
				  "there is no user %.80s: pugmark user lists them", line->args[1]);
}

static int list_one(void *ctx, const struct user *user, struct err *err)
{
	char created[CLOCK_TEXT], login[CLOCK_TEXT];
	const char *const texts[] = {user->name, access_role_name(user->role),
		clock_text(user->created_at, created),
		user->last_login ? clock_text(user->last_login, login) : NULL,
		user->disabled      ? "disabled"
		: user->must_change ? "must change the password"
				    : "good"};
	return listing_row(ctx, texts, err);
}

static int list(const struct command_line *line, struct store *store, struct err *err)
{
	static const char *const names[] = {"name", "role", "created", "last_login", "state"};
	struct listing l = {.columns = 5, .names = names};
	if (line->values[OPT_JSON])
		return listing_answer(store, answer_users, err);
	if (listing_begin(&l, "users", err) < 0)
		return -1;
	return listing_end(&l, user_list(store, list_one, &l, err),
		"there is no user: pugmark user add NAME --role admin makes one", err);
}

int command_user(const struct command_line *line)
{
	static const struct verb verbs[] = {{"list", 0, STORE_READ, list, NULL},
		{"add", 1, STORE_WRITE, add, NULL}, {"passwd", 1, STORE_WRITE, set_password, NULL},
		{"role", 1, STORE_WRITE, set_role, NULL},
		{"disable", 1, STORE_WRITE, disable, NULL},
		{"enable", 1, STORE_WRITE, enable, NULL},
		{"remove", 1, STORE_WRITE, remove_one, NULL}, {0}};
	return verbs_run(line, verbs);
}
