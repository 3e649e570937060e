/* stage.h - the zoo's obedient driver (tests/zoo/puppet.c), loaded for real, and a
 * connection that a test fills key by key. */
#ifndef TEST_PLUGIN_STAGE_H
#define TEST_PLUGIN_STAGE_H

#include "scene.h"

struct stage {
	struct scene scene;
	struct connection connection;
	struct setting items[16];
	const struct driver *driver;
	struct database *database;
};

static inline void stage_open(struct stage *stage)
{
	*stage = (struct stage){0};
	scene_open(&stage->scene);
	scene_install(&stage->scene, "puppet");
	assert_int_equal(driver_load(stage->scene.observer, &stage->scene.project, "puppet",
				     &stage->driver, &stage->scene.error),
			 STATUS_OK);
	stage->connection = (struct connection){.name = "main", .driver = "puppet"};
	stage->connection.settings.items = stage->items;
}

static inline void stage_close(struct stage *stage)
{
	database_close(stage->database);
	scene_close(&stage->scene);
}

static inline void stage_set_from(struct stage *stage, const char *key, const char *value,
				  struct origin origin)
{
	assert_true(stage->connection.settings.count < COUNT_OF(stage->items));
	stage->items[stage->connection.settings.count++] =
		(struct setting){.key = key, .value = value, .origin = origin};
}

static inline void stage_set(struct stage *stage, const char *key, const char *value)
{
	stage_set_from(stage, key, value, (struct origin){LAYER_INI, "/p/eloquent.ini", 12});
}

static inline enum status stage_try(struct stage *stage)
{
	error_clear(&stage->scene.error);
	return database_open(stage->scene.observer, &stage->scene.project, &stage->connection,
			     stage->driver, true, &stage->database, &stage->scene.error);
}

/* Opens with nothing but what the driver requires, and a mode for it. */
static inline void stage_play(struct stage *stage, const char *mode)
{
	stage_open(stage);
	stage_set(stage, "database", "d");
	stage_set(stage, "mode", mode);
	assert_int_equal(stage_try(stage), STATUS_OK);
}

static inline enum status stage_run(struct stage *stage, const char *statement)
{
	error_clear(&stage->scene.error);
	return database_execute(stage->database, statement, strlen(statement), NULL,
				&stage->scene.error);
}

static inline enum status stage_next(struct stage *stage, const char *script, size_t offset,
				     struct elq_span *ret)
{
	error_clear(&stage->scene.error);
	return database_next_statement(stage->database, script, strlen(script), offset, ret,
				       &stage->scene.error);
}

/* What the driver received, in order: "database=d mode=m wait=5000000". */
static inline const char *stage_received(struct stage *stage)
{
	return database_info(stage->database)->location;
}

#endif
