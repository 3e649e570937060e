/* scene.h - what the tests of plugin/ stand on: a temporary plugin folder that
 * only its owner may write, filled from the zoo, and a project that uses it. */
#ifndef TEST_PLUGIN_SCENE_H
#define TEST_PLUGIN_SCENE_H

#include "plugin/plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
	struct arena arena;
	struct observer *observer;
	const char *folder; /* absolute; holds plugins/ and whatever a test adds */
	const char *plugins;
	struct project project;
	struct error error;
};

static inline void scene_open(struct scene *scene)
{
	char folder[] = "/tmp/elq-scene-XXXXXX";
	*scene = (struct scene){0};
	scene->observer = observer_new();
	assert_non_null(mkdtemp(folder));
	scene->folder = arena_text(&scene->arena, folder);
	scene->plugins = path_join(&scene->arena, folder, "plugins");
	assert_int_equal(mkdir(scene->plugins, 0755), 0);
	assert_int_equal(chmod(scene->plugins, 0755), 0);
	scene->project.plugin_dir = scene->plugins;
	scene->project.root = scene->folder;
	unsetenv("ZOO_MARKER");
}

static inline int scene_remove(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline void scene_close(struct scene *scene)
{
	unsetenv("ZOO_MARKER");
	nftw(scene->folder, scene_remove, 16, FTW_DEPTH | FTW_PHYS);
	error_clear(&scene->error);
	observer_free(scene->observer);
	arena_free(&scene->arena);
}

static inline void scene_write(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, data, size), STATUS_OK);
	close(fd);
	assert_int_equal(chmod(path, 0644), 0);
}

/* The bytes of one of the zoo's files. */
static inline void scene_zoo_bytes(const char *name, struct text *ret)
{
	ERROR_CLEANUP struct error error = {0};
	char path[4096];
	snprintf(path, sizeof(path), "%s/elq_driver_%s.so", ZOO_FOLDER, name);
	assert_int_equal(file_read(path, TEXT_CAP, ret, &error), STATUS_OK);
}

/* Copies one of the zoo's files to a path; returns the path. */
static inline const char *scene_copy(struct scene *scene, const char *name, const char *path)
{
	TEXT_CLEANUP struct text bytes = {0};
	const char *whole = path_join(&scene->arena, scene->folder, path);
	scene_zoo_bytes(name, &bytes);
	scene_write(whole, bytes.data, bytes.size);
	return whole;
}

static inline const char *scene_install(struct scene *scene, const char *name)
{
	return scene_copy(scene, name, arena_printf(&scene->arena, "plugins/elq_driver_%s.so", name));
}

static inline const char *scene_install_kind(struct scene *scene, const char *kind, const char *name)
{
	TEXT_CLEANUP struct text bytes = {0};
	const char *file = arena_printf(&scene->arena, "elq_%s_%s.so", kind, name);
	const char *whole = path_join(&scene->arena, scene->plugins, file);
	assert_int_equal(
		file_read(path_join(&scene->arena, ZOO_FOLDER, file), TEXT_CAP, &bytes, &scene->error),
		STATUS_OK);
	scene_write(whole, bytes.data, bytes.size);
	return whole;
}

/* From here on each plugin whose code runs writes its name into this file. */
static inline const char *scene_watch(struct scene *scene)
{
	const char *path = path_join(&scene->arena, scene->folder, "marker");
	assert_int_equal(setenv("ZOO_MARKER", path, 1), 0);
	return path;
}

static inline void scene_add_section(struct scene *scene, const char *name, const char *path,
				     const char *sha256)
{
	struct plugin_config *sections =
		arena_alloc(&scene->arena, (scene->project.plugin_count + 1) * sizeof(*sections));
	if (scene->project.plugin_count > 0)
		memcpy(sections, scene->project.plugins,
		       scene->project.plugin_count * sizeof(*sections));
	sections[scene->project.plugin_count++] = (struct plugin_config){
		.name = name,
		.kind = "driver",
		.path = path,
		.sha256 = sha256,
		.origin = {LAYER_INI, "/p/eloquent.ini", 7},
	};
	scene->project.plugins = sections;
}

/* The whole error, as a person gets it. */
static inline const char *scene_said(struct scene *scene)
{
	return arena_printf(&scene->arena, "%s | %s",
			    scene->error.message != NULL ? scene->error.message : "",
			    scene->error.hint != NULL ? scene->error.hint : "");
}

static inline void assert_says(struct scene *scene, const char *part)
{
	const char *said = scene_said(scene);
	if (strstr(said, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", said, part);
}

#endif
