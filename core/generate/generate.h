/* generate.h - templates of migrations, projects and plugins: new files, never over old ones. */
#ifndef GENERATE_GENERATE_H
#define GENERATE_GENERATE_H

#include "base/base.h"

/* Writes <folder>/<UTC stamp>_<words>.<language> with empty up and down
 * sections; creates the folder. words: [A-Za-z0-9_-]+ after spaces became '_'.
 * The stamp is now, or one second after the newest file's when that is later, so that
 * the new file sorts last. *ret_path is in the arena. STATUS_USAGE for a bad
 * name, STATUS_UNSUPPORTED for a language that has no template. */
enum status generate_migration(struct arena *arena, const char *folder, const char *words,
			       const char *language, const char **ret_path,
			       struct error *error) MUST_CHECK;

/* eloquent.ini, the folders and .gitignore lines of a new project in `root`.
 * Existing files are left alone and named in *ret_report (one line each, in
 * the arena). */
enum status generate_project(struct arena *arena, const char *root, const char *plugin_dir,
			     const char **ret_report, struct error *error) MUST_CHECK;

struct generated {
	const char *folder;
	const char *files[16]; /* below it; static */
	size_t count;
};
/* The project of a new plugin of this kind ("driver", ...) in `folder`, which is made and
 * must not be there, or be empty. All of it or nothing. In the arena. STATUS_USAGE for a
 * bad kind, name or folder, STATUS_IO. */
enum status generate_plugin(struct arena *arena, const char *kind, const char *name, const char *folder,
			    struct generated *ret, struct error *error) MUST_CHECK;

#endif
