/* SPDX-License-Identifier: Apache-2.0 */
/* homes.c: where products of Atlassian keep their audit logs when nobody moved them. */
#include <stdlib.h>

#include "ship/private.h"

#define APPLICATION_DATA "/var/atlassian/application-data"

struct homes {
	const char *root;
	struct arena mem;
	struct buf tried;
	const char *found[8]; /* in arena; different folders */
	struct io_info infos[8];
	size_t count;
};

static void try_folder(struct homes *homes, const char *home)
{
	struct io_info info;
	const char *path = arena_printf(&homes->mem, "%s%s/log/audit", homes->root, home);
	buf_printf(&homes->tried, "%s%s", homes->tried.len ? ", " : "", path);
	if (io_stat(path, &info, NULL) != 1 || !info.is_dir)
		return;
	for (size_t i = 0; i < homes->count; i++)
		if (homes->infos[i].device == info.device && homes->infos[i].inode == info.inode)
			return; /* the same by another name */
	if (homes->count == sizeof(homes->found) / sizeof(homes->found[0]))
		return;
	homes->infos[homes->count] = info;
	homes->found[homes->count++] = path;
}

static int try_product(void *ctx, const char *name, struct err *err)
{
	struct homes *homes = ctx;
	(void)err;
	try_folder(homes, arena_printf(&homes->mem, APPLICATION_DATA "/%s", name));
	return 0;
}

static void try_environment(struct homes *homes)
{
	static const char *const names[] = {"BITBUCKET_HOME", "JIRA_HOME", "CONFLUENCE_HOME"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *home = getenv(names[i]);
		if (home && *home)
			try_folder(homes, home);
	}
}

static int explain(const struct homes *homes, struct err *err)
{
	struct buf all;
	if (homes->count == 0)
		return err_set(err, ERR_USAGE,
			"no folder of audit logs was found (%.*s): write it before the target, as "
			"in "
			"pugmark ship /path/to/home/log/audit s3://BUCKET/PREFIX",
			(int)(homes->tried.len < 500 ? homes->tried.len : 500), homes->tried.ptr);
	buf_init(&all, 600);
	for (size_t i = 0; i < homes->count; i++)
		buf_printf(&all, "%s%s", i ? ", " : "", homes->found[i]);
	err_set(err, ERR_USAGE,
		"there are several folders of audit logs (%.*s): write the one before the target, "
		"as in "
		"pugmark ship %s s3://BUCKET/PREFIX",
		SLICE_ARG(buf_view(&all)), homes->found[0]);
	buf_fini(&all);
	return -1;
}

char *homes_find(const char *root, struct err *err)
{
	struct homes homes = {.root = root};
	char *found = NULL;
	buf_init(&homes.tried, 4096);
	try_environment(&homes);
	try_folder(&homes, "/data/bitbucket");
	char *products = arena_printf(&homes.mem, "%s" APPLICATION_DATA, root);
	if (io_list(products, try_product, &homes, NULL) < 0)
		try_folder(&homes, APPLICATION_DATA "/*");
	if (homes.count == 1)
		found = xstrdup(homes.found[0]);
	else
		explain(&homes, err);
	buf_fini(&homes.tried);
	arena_fini(&homes.mem);
	return found;
}
