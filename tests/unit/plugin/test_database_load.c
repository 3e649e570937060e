/* test_database_load.c - elq.load of an open database: through a real driver, and
 * with the zoo's puppet where the driver breaks its word. */
#include "../build.h"
#include "stage.h"

/* ---- a real database -------------------------------------------------------------- */

struct real {
	struct scene scene;
	struct connection connection;
	struct setting items[1];
	const struct driver *driver;
	struct database *database;
};

static void must(struct real *real, enum status status)
{
	if (status != STATUS_OK)
		fail_msg("%s", real->scene.error.message);
}

static void execute(struct real *real, const char *text)
{
	must(real, database_execute(real->database, text, strlen(text), NULL, &real->scene.error));
}

static void begin(struct real *real)
{
	must(real, database_begin(real->database, 0, NULL, 0, -1, &real->scene.error));
}

static void real_open(struct real *real)
{
	*real = (struct real){0};
	scene_open(&real->scene);
	struct arena *arena = &real->scene.arena;
	real->scene.project.plugin_dir = build_path(arena, "plugins/sqlite");
	must(real, driver_load(real->scene.observer, &real->scene.project, "sqlite", &real->driver,
			       &real->scene.error));
	real->items[0] = (struct setting){.key = "path",
					  .value = path_join(arena, real->scene.folder, "app.db"),
					  .origin = {LAYER_INI, "/p/eloquent.ini", 12}};
	real->connection = (struct connection){
		.name = "main", .driver = "sqlite", .settings = {.items = real->items, .count = 1}};
	must(real, database_open(real->scene.observer, &real->scene.project, &real->connection,
				 real->driver, true, &real->database, &real->scene.error));
	begin(real);
	execute(real, "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
	must(real, database_commit(real->database, &real->scene.error));
}

static void real_close(struct real *real)
{
	database_close(real->database);
	scene_close(&real->scene);
}

static struct elq_str str(const char *text)
{
	return (struct elq_str){text, strlen(text)};
}

static enum status load_begin(struct database *database, const char *table, const char *column,
			      struct error *error)
{
	const struct elq_column columns[] = {
		{.struct_size = sizeof(columns[0]), .name = str("id")},
		{.struct_size = sizeof(columns[0]), .name = str(column)},
	};
	const struct elq_load_plan plan = {.table = str(table), .columns = columns, .column_count = 2};
	return database_load_begin(database, &plan, error);
}

static enum status load_row(struct real *real, int64_t id, const char *name)
{
	const struct elq_value row[] = {
		{.type = ELQ_TYPE_I64, .as.i64 = id},
		{.type = ELQ_TYPE_TEXT, .as.data = name, .size = strlen(name)},
	};
	return database_load_write(real->database, row, 1, &real->scene.error);
}

/* A statement that succeeds only when the table holds this many rows. */
static void expect_rows(struct real *real, int count)
{
	const char *text = arena_printf(&real->scene.arena,
					"INSERT INTO t VALUES(-1, iif((SELECT count(*) FROM t) = %d, "
					"'right', abs(-9223372036854775807 - 1)))",
					count);
	begin(real);
	execute(real, text);
	must(real, database_rollback(real->database, &real->scene.error));
}

static void rows_that_were_loaded_stand_after_the_commit(void **state)
{
	struct real real;
	struct elq_load_result result = {0};
	int64_t first = 0;
	(void)state;
	real_open(&real);
	struct error *error = &real.scene.error;
	const struct elq_str table = str("t");
	begin(&real);
	must(&real, database_reserve_ids(real.database, &table, 2, &first, error));
	assert_int_equal(first, 1);
	must(&real, load_begin(real.database, "t", "name", error));
	must(&real, load_row(&real, first, "a"));
	must(&real, load_row(&real, first + 1, "b"));
	must(&real, database_load_finish(real.database, &result, error));
	assert_int_equal(result.inserted, 2);
	must(&real, database_commit(real.database, error));
	expect_rows(&real, 2);
	real_close(&real);
}

static void a_row_that_fails_is_told_by_its_number(void **state)
{
	struct real real;
	(void)state;
	real_open(&real);
	struct error *error = &real.scene.error;
	begin(&real);
	must(&real, load_begin(real.database, "t", "name", error));
	must(&real, load_row(&real, 1, "same"));
	assert_int_equal(load_row(&real, 2, "same"), STATUS_STATEMENT_FAILED);
	assert_string_equal(error->message, "UNIQUE constraint failed: t.name");
	assert_int_equal(error->statement, 2);
	error_clear(error);
	assert_int_equal(database_commit(real.database, error), STATUS_STATEMENT_FAILED);
	must(&real, database_rollback(real.database, error));
	expect_rows(&real, 0);
	real_close(&real);
}

static void what_is_not_there_is_an_unknown_name(void **state)
{
	struct real real;
	(void)state;
	real_open(&real);
	struct error *error = &real.scene.error;
	begin(&real);
	assert_int_equal(load_begin(real.database, "nobody", "name", error), STATUS_UNKNOWN_NAME);
	assert_int_equal(load_begin(real.database, "t", "nme", error), STATUS_UNKNOWN_NAME);
	assert_says(&real.scene, "the table \"t\" has no column \"nme\" | it has id, name");
	real_close(&real);
}

static void rolling_back_abandons_the_open_load(void **state)
{
	struct real real;
	struct elq_load_result result;
	(void)state;
	real_open(&real);
	struct error *error = &real.scene.error;
	begin(&real);
	must(&real, load_begin(real.database, "t", "name", error));
	assert_int_equal(load_begin(real.database, "t", "name", error), STATUS_INTERNAL);
	error_clear(error);
	must(&real, load_row(&real, 1, "a"));
	must(&real, database_rollback(real.database, error));
	assert_int_equal(load_row(&real, 1, "a"), STATUS_INTERNAL);
	assert_says(&real.scene, "no load is open on the connection \"main\"");
	assert_int_equal(database_load_finish(real.database, &result, error), STATUS_INTERNAL);
	database_load_abandon(real.database);
	error_clear(error);
	expect_rows(&real, 0);
	begin(&real);
	must(&real, load_begin(real.database, "t", "name", error));
	real_close(&real); /* with a load open */
}

static void a_cancelled_database_loads_no_more(void **state)
{
	struct real real;
	(void)state;
	real_open(&real);
	struct error *error = &real.scene.error;
	begin(&real);
	must(&real, load_begin(real.database, "t", "name", error));
	must(&real, load_row(&real, 1, "a"));
	database_cancel(real.database);
	assert_int_equal(load_row(&real, 2, "b"), STATUS_INTERRUPTED);
	error_clear(error);
	must(&real, database_rollback(real.database, error));
	real_close(&real);
}

/* ---- drivers that break their word --------------------------------------------------------- */

static void a_driver_without_loads_is_named(void **state)
{
	struct stage stage;
	const struct elq_str table = str("t");
	int64_t first;
	(void)state;
	stage_play(&stage, "no_caps");
	struct error *error = &stage.scene.error;
	assert_int_equal(load_begin(stage.database, "t", "name", error), STATUS_UNSUPPORTED);
	assert_says(&stage.scene, "elq.load/draft-2");
	assert_int_equal(database_reserve_ids(stage.database, &table, 1, &first, error),
			 STATUS_UNSUPPORTED);
	stage_close(&stage);
}

static void a_load_that_is_none_is_a_broken_contract(void **state)
{
	struct stage stage;
	(void)state;
	stage_play(&stage, "load_null");
	assert_int_equal(load_begin(stage.database, "t", "name", &stage.scene.error), STATUS_INTERNAL);
	assert_says(&stage.scene, "broke its contract in the slot load.begin");
	stage_close(&stage);
}

static void counts_and_ids_that_cannot_be_are_a_broken_contract(void **state)
{
	struct stage stage;
	struct elq_load_result result = {0};
	const struct elq_str table = str("t");
	int64_t first = 0;
	(void)state;
	stage_play(&stage, "load_wrong");
	struct error *error = &stage.scene.error;
	assert_int_equal(load_begin(stage.database, "t", "name", error), STATUS_OK);
	assert_int_equal(database_load_finish(stage.database, &result, error), STATUS_INTERNAL);
	assert_says(&stage.scene, "it counts less than no rows");
	assert_int_equal(database_reserve_ids(stage.database, &table, 2, &first, error),
			 STATUS_INTERNAL);
	assert_says(&stage.scene, "the ids do not exist");
	stage_close(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_that_were_loaded_stand_after_the_commit),
		cmocka_unit_test(a_row_that_fails_is_told_by_its_number),
		cmocka_unit_test(what_is_not_there_is_an_unknown_name),
		cmocka_unit_test(rolling_back_abandons_the_open_load),
		cmocka_unit_test(a_cancelled_database_loads_no_more),
		cmocka_unit_test(a_driver_without_loads_is_named),
		cmocka_unit_test(a_load_that_is_none_is_a_broken_contract),
		cmocka_unit_test(counts_and_ids_that_cannot_be_are_a_broken_contract),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
