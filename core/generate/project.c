/* project.c - the files of a new project: eloquent.ini, the folders that it
 * names, and what version control must not see. Nothing that exists is changed,
 * but for lines that .gitignore lacks. */
#include "config/config.h"
#include "generate/generate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define GITIGNORE_CAP ((size_t)1 << 20)
#define MIGRATIONS "database/migrations"

struct making {
	struct arena *arena;
	const char *root;
	const struct convention *convention; /* of the first connection */
	struct text report;
	struct error *error;
};

static void report_line(struct making *making, const char *verb, const char *what)
{
	text_printf(&making->report, "%s%s %s", making->report.size ? "\n" : "", verb, what);
}

static void ini_write(const struct making *making, const char *plugin_dir, struct text *ini)
{
	const struct convention *convention = making->convention;
	text_printf(ini,
		    "; eloquent.ini - the databases of this project and where their migrations lie.\n"
		    "; The environment and .env count more than this file. Secrets belong there.\n"
		    "\n"
		    "[project]\n"
		    "; the connection that commands work on when none is named\n"
		    "default = %s\n"
		    "; below it, one folder per connection\n"
		    "migrations = " MIGRATIONS "\n\n",
		    convention->connection);
	if (plugin_dir)
		text_printf(ini, "[plugins]\ndir = %s\n\n", plugin_dir);
	text_printf(ini,
		    "[connection:%s]\n"
		    "driver = %s\n"
		    "path = database/app.%s\n"
		    "; production = yes makes this connection production whatever APP_ENV says\n"
		    "\n"
		    "[guard]\n"
		    "; in production: contract (the three parts), or forbid (no destructive command at "
		    "all)\n"
		    "production = contract\n"
		    "; in production, schema changes need a verified backup that is younger than this\n"
		    "require_backup = yes\n"
		    "backup_max_age = 1h\n"
		    "\n"
		    "[backup]\n"
		    "; in production this must be set: an absolute path, best on another disk\n"
		    "; dir = /var/backups/NAME\n",
		    convention->connection, convention->driver, convention->connection);
}

static enum status ini_create(struct making *making, const char *plugin_dir)
{
	TEXT_CLEANUP struct text ini = {0};
	const char *path = path_join(making->arena, making->root, "eloquent.ini");
	if (file_exists(path)) {
		report_line(making, "kept", "eloquent.ini (it exists)");
		return STATUS_OK;
	}
	ini_write(making, plugin_dir, &ini);
	enum status status = file_create(path, 0644, ini.data, ini.size, making->error);
	if (!status)
		report_line(making, "created", "eloquent.ini");
	return status;
}

static enum status migrations_create(struct making *making)
{
	const char *name =
		arena_printf(making->arena, MIGRATIONS "/%s", making->convention->connection);
	const char *path = path_join(making->arena, making->root, name);
	bool existed = file_exists(path);
	enum status status = folder_create(path, 0777, making->error);
	if (!status)
		report_line(making, existed ? "kept" : "created",
			    arena_printf(making->arena, "%s/", name));
	return status;
}

static bool has_line(const struct text *text, const char *line)
{
	const char *at = text_string(text);
	while (*at) {
		size_t size = strcspn(at, "\r\n");
		if (size == strlen(line) && memcmp(at, line, size) == 0)
			return true;
		at += size;
		at += strspn(at, "\r\n");
	}
	return false;
}

static enum status file_append(const char *path, const struct text *text, struct error *error)
{
	CLEANUP(fd_close)
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
	if (fd < 0 || fd_write_all(fd, text->data, text->size))
		return error_set(error, STATUS_IO, "cannot write %s: %s", path, strerror(errno));
	return STATUS_OK;
}

static enum status gitignore_add(struct making *making)
{
	const char *database =
		arena_printf(making->arena, "/database/app.%s*", making->convention->connection);
	const char *const lines[] = {".env", ".eloquent/", "*.eloquent-lock", database};
	const char *path = path_join(making->arena, making->root, ".gitignore");
	TEXT_CLEANUP struct text present = {0};
	TEXT_CLEANUP struct text missing = {0};
	enum status status = STATUS_OK;
	if (file_exists(path))
		status = file_read(path, GITIGNORE_CAP, &present, making->error);
	if (status)
		return status;
	if (present.size && present.data[present.size - 1] != '\n')
		text_add_char(&missing, '\n');
	size_t added = 0;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		if (has_line(&present, lines[i]))
			continue;
		text_printf(&missing, "%s\n", lines[i]);
		added++;
	}
	if (!added) {
		report_line(making, "kept", ".gitignore (nothing to add)");
		return STATUS_OK;
	}
	status = file_append(path, &missing, making->error);
	if (!status)
		report_line(making, present.size ? "added to" : "created", ".gitignore");
	return status;
}

enum status generate_project(struct arena *arena, const char *root, const char *plugin_dir,
			     const char **ret_report, struct error *error)
{
	/* The table's first connection is the one that needs no server. */
	struct making making = {
		.arena = arena, .root = root, .convention = &conventions[0], .error = error};
	enum status status = ini_create(&making, plugin_dir);
	if (!status)
		status = migrations_create(&making);
	if (!status)
		status = gitignore_add(&making);
	if (!status)
		*ret_report = arena_text(arena, text_string(&making.report));
	text_free(&making.report);
	return status;
}
