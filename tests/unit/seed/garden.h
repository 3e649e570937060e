/* garden.h - what the tests of seed/ stand on: a folder with seeds, a real database behind
 * the real loader, and the zoo's seeder that does what a seed's name says. */
#ifndef TEST_SEED_GARDEN_H
#define TEST_SEED_GARDEN_H

#include "../build.h"
#include "seed/private.h"

#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct garden {
	struct arena arena;
	const char *root;
	struct observer *observer;
	struct project project;
	struct connection connection;
	struct setting path;
	const struct driver *driver;
	struct database *database;
	const struct seeder_plugin *seeder;
	struct seeds seeds;
	const struct seed *chosen[8];
	struct sowing sowing;
	atomic_int stop;
	struct text told; /* what the callbacks said */
	struct error error;
};

static inline void garden_must(struct garden *garden, enum status status)
{
	if (status != STATUS_OK)
		fail_msg("%s", garden->error.message);
}

static inline void garden_write(struct garden *garden, const char *path, const char *text)
{
	FILE *file = fopen(path_join(&garden->arena, garden->project.seeds, path), "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static inline void garden_statement(void *context, const struct seed *seed, const char *text,
				    size_t size)
{
	struct garden *garden = context;
	text_printf(&garden->told, "[%s: %.*s]", seed->name, (int)size, text);
}

static inline void garden_load(void *context, const struct seed *seed, const char *table, int64_t rows)
{
	struct garden *garden = context;
	text_printf(&garden->told, "[%s: %lld into %s]", seed->name, (long long)rows, table);
}

static inline void garden_done(void *context, const struct sown *sown)
{
	struct garden *garden = context;
	text_printf(&garden->told, "(%s %lld %lld)", sown->seed->name, (long long)sown->statements,
		    (long long)sown->rows);
}

static inline void garden_execute(struct garden *garden, const char *text)
{
	garden_must(garden, database_begin(garden->database, 0, NULL, 0, -1, &garden->error));
	garden_must(garden,
		    database_execute(garden->database, text, strlen(text), NULL, &garden->error));
	garden_must(garden, database_commit(garden->database, &garden->error));
}

static inline void garden_open(struct garden *garden)
{
	*garden = (struct garden){0};
	struct arena *arena = &garden->arena;
	char root[] = "/tmp/elq-garden-XXXXXX";
	assert_non_null(mkdtemp(root));
	garden->root = arena_text(arena, root);
	garden->observer = observer_new();
	garden->project.root = garden->root;
	garden->project.seeds = path_join(arena, root, "seeds");
	assert_int_equal(mkdir(garden->project.seeds, 0755), 0);
	garden->project.plugin_dir = build_path(arena, "tests/zoo");
	garden_must(garden, seeder_load(garden->observer, &garden->project, "puppet", &garden->seeder,
					&garden->error));
	garden->project.plugin_dir = build_path(arena, "plugins/sqlite");
	garden_must(garden, driver_load(garden->observer, &garden->project, "sqlite", &garden->driver,
					&garden->error));
	garden->path = (struct setting){.key = "path",
					.value = path_join(arena, root, "app.db"),
					.origin = {LAYER_INI, "/p/eloquent.ini", 12}};
	garden->connection = (struct connection){
		.name = "main", .driver = "sqlite", .settings = {.items = &garden->path, .count = 1}};
	garden_must(garden, database_open(garden->observer, &garden->project, &garden->connection,
					  garden->driver, true, &garden->database, &garden->error));
	garden_execute(garden, "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
	garden->seeds.folder = garden->project.seeds;
	garden->sowing = (struct sowing){
		.observer = garden->observer,
		.database = garden->database,
		.seeds = &garden->seeds,
		.chosen = garden->chosen,
		.family = "sql",
		.word = "staging",
		.stop = &garden->stop,
		.context = garden,
		.statement = garden_statement,
		.load = garden_load,
		.done = garden_done,
	};
}

static inline int garden_remove(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info, (void)type, (void)walk;
	return remove(path);
}

static inline void garden_close(struct garden *garden)
{
	database_close(garden->database);
	seeds_free(&garden->seeds);
	nftw(garden->root, garden_remove, 16, FTW_DEPTH | FTW_PHYS);
	text_free(&garden->told);
	error_clear(&garden->error);
	observer_free(garden->observer);
	arena_free(&garden->arena);
}

/* The puppet does what the name says. */
static inline void garden_plant(struct garden *garden, const char *name)
{
	struct seed *seed = arena_alloc(&garden->arena, sizeof(*seed));
	*seed = (struct seed){.name = name, .listed = name, .seeder = garden->seeder};
	garden->chosen[garden->sowing.chosen_count++] = seed;
}

static inline enum status garden_sow(struct garden *garden, enum sow_mode mode)
{
	error_clear(&garden->error);
	return sow(&garden->sowing, mode, &garden->error);
}

/* Succeeds only when the table holds this many rows. */
static inline void garden_expect_rows(struct garden *garden, int count)
{
	const char *text = arena_printf(&garden->arena,
					"INSERT INTO t VALUES (-1, iif((SELECT count(*) FROM t) = %d, "
					"'right', abs(-9223372036854775807 - 1)))",
					count);
	error_clear(&garden->error);
	garden_must(garden, database_begin(garden->database, 0, NULL, 0, -1, &garden->error));
	garden_must(garden,
		    database_execute(garden->database, text, strlen(text), NULL, &garden->error));
	garden_must(garden, database_rollback(garden->database, &garden->error));
}

static inline void garden_says(struct garden *garden, const char *part)
{
	const char *said = arena_printf(&garden->arena, "%s | %s",
					garden->error.message ? garden->error.message : "",
					garden->error.hint ? garden->error.hint : "");
	if (!strstr(said, part))
		fail_msg("\"%s\" does not say \"%s\"", said, part);
}

#endif
