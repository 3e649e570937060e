/* elq.digest, elq.backup and elq.scratch through the wrapper, against a driver that keeps
 * its promises and one that breaks each of them (tests/zoo/keeper.c). */
#include "scene.h"

#define KEPT "what the keeper keeps"

struct keep {
	struct scene scene;
	struct connection connection;
	struct setting mode;
	const struct driver *driver;
	struct database *database;
	struct database *scratch;
	/* what the host's side saw and says */
	struct text bytes;
	struct text names;
	struct table_facts table;
	size_t room; /* bytes that the sink takes before the disk is full */
	const char *from;
	size_t at;
	size_t bad_at; /* where the source turns out to be damaged */
};

static void keep_open(struct keep *keep, const char *mode)
{
	*keep = (struct keep){.room = SIZE_MAX, .bad_at = SIZE_MAX};
	scene_open(&keep->scene);
	scene_install(&keep->scene, "keeper");
	assert_int_equal(driver_load(keep->scene.observer, &keep->scene.project, "keeper",
				     &keep->driver, &keep->scene.error),
			 STATUS_OK);
	keep->mode = (struct setting){.key = "mode", .value = mode};
	keep->connection = (struct connection){.name = "main", .driver = "keeper"};
	keep->connection.settings.items = &keep->mode;
	keep->connection.settings.count = 1;
	assert_int_equal(database_open(keep->scene.observer, &keep->scene.project, &keep->connection,
				       keep->driver, ELQ_OPEN_WRITE, &keep->database,
				       &keep->scene.error),
			 STATUS_OK);
}

static void keep_close(struct keep *keep)
{
	text_free(&keep->bytes);
	text_free(&keep->names);
	database_close(keep->scratch);
	database_close(keep->database);
	scene_close(&keep->scene);
}

static enum status take_table(void *context, const struct table_facts *table, struct error *error)
{
	struct keep *keep = context;
	(void)error;
	text_printf(&keep->names, "%s %s", table->name, table->digest);
	keep->table = *table;
	return STATUS_OK;
}

static enum status take_texts(void *context, const char *const *texts, struct error *error)
{
	struct keep *keep = context;
	(void)error;
	text_printf(&keep->names, "%s: %s", texts[0], texts[1]);
	return STATUS_OK;
}

static enum status take_bytes(void *context, const void *data, size_t size, struct error *error)
{
	struct keep *keep = context;
	if (keep->bytes.size + size > keep->room)
		return error_set(error, STATUS_IO, "the disk is full");
	text_append(&keep->bytes, data, size);
	return STATUS_OK;
}

static enum status give_bytes(void *context, void *buffer, size_t capacity, size_t *ret_size,
			      struct error *error)
{
	struct keep *keep = context;
	size_t left = strlen(keep->from) - keep->at;
	size_t size = left < capacity ? left : capacity;
	if (keep->at >= keep->bad_at)
		return error_set(error, STATUS_CORRUPT, "the file is damaged");
	memcpy(buffer, keep->from + keep->at, size);
	keep->at += size;
	*ret_size = size;
	return STATUS_OK;
}

static enum status dump(struct keep *keep)
{
	const struct dump dump = {
		.workplace = {.folder = "/nowhere", .id = "id"},
		.sink = {.context = keep, .write = take_bytes},
		.context = keep,
		.table = take_table,
	};
	return database_dump(keep->database, &dump, &keep->scene.error);
}

static enum status restore(struct keep *keep, const char *from)
{
	const struct workplace place = {.folder = "/work/place", .id = "id1"};
	const struct byte_source source = {.context = keep, .read = give_bytes};
	keep->from = from;
	enum status status =
		database_scratch(keep->database, &place, &keep->scratch, &keep->scene.error);
	return status ? status : database_restore(keep->scratch, &source, &keep->scene.error);
}

static void a_dump_arrives_in_order_with_its_facts(void **state)
{
	struct keep keep;
	(void)state;
	keep_open(&keep, "");
	assert_int_equal(dump(&keep), STATUS_OK);
	assert_string_equal(text_string(&keep.bytes), KEPT);
	assert_int_equal(keep.table.rows, strlen(KEPT));
	assert_int_equal(keep.table.orphans, 3);
	assert_true(keep.table.ours);
	keep_close(&keep);
}

/* The host's own words, whatever the driver makes of its refusal. */
static void a_full_disk_is_told_as_one(void **state)
{
	static const char *const modes[] = {"", "deaf"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		struct keep keep;
		keep_open(&keep, modes[i]);
		keep.room = 5;
		assert_int_equal(dump(&keep), STATUS_IO);
		assert_string_equal(keep.scene.error.message, "the disk is full");
		keep_close(&keep);
	}
}

static void a_driver_that_stops_by_itself_is_a_failure(void **state)
{
	struct keep keep;
	(void)state;
	keep_open(&keep, "stops");
	assert_int_not_equal(dump(&keep), STATUS_OK);
	assert_says(&keep.scene, "the keeper was stopped, it says");
	keep_close(&keep);
}

static void what_is_read_arrives_in_the_scratch_database(void **state)
{
	struct keep keep;
	(void)state;
	keep_open(&keep, "");
	assert_int_equal(restore(&keep, "from before"), STATUS_OK);
	assert_string_equal(database_info(keep.scratch)->name, "from before");
	assert_string_equal(database_info(keep.scratch)->location, "/work/place|id1");
	assert_string_equal(database_info(keep.database)->name, KEPT);
	keep_close(&keep);
}

static void a_damaged_file_is_told_as_one(void **state)
{
	struct keep keep;
	(void)state;
	keep_open(&keep, "");
	keep.bad_at = 8;
	assert_int_equal(restore(&keep, "from before"), STATUS_CORRUPT);
	assert_string_equal(keep.scene.error.message, "the file is damaged");
	keep_close(&keep);
}

static void a_promoted_scratch_is_what_the_live_one_is_called(void **state)
{
	struct keep keep;
	(void)state;
	keep_open(&keep, "");
	assert_int_equal(restore(&keep, "from before"), STATUS_OK);
	assert_int_equal(database_promote(keep.scratch, keep.database, &keep.scene.error), STATUS_OK);
	assert_string_equal(database_info(keep.database)->name, "from before");
	assert_false(database_promote_is_atomic(keep.database));
	keep_close(&keep);
}

static void a_promote_that_fails_says_why(void **state)
{
	struct keep keep;
	(void)state;
	keep_open(&keep, "promote_fails");
	assert_int_equal(restore(&keep, "x"), STATUS_OK);
	assert_int_equal(database_promote(keep.scratch, keep.database, &keep.scene.error),
			 STATUS_LOCKED);
	assert_says(&keep.scene, "somebody reads it");
	keep_close(&keep);
}

static void facts_of_a_wrong_shape_are_a_broken_contract(void **state)
{
	static const char *const modes[] = {"digest_short", "rows_negative"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		struct keep keep;
		keep_open(&keep, modes[i]);
		assert_int_equal(database_tables(keep.database, take_table, &keep, &keep.scene.error),
				 STATUS_INTERNAL);
		assert_says(&keep.scene, "words");
		assert_int_equal(keep.names.size, 0);
		keep_close(&keep);
	}
}

static void a_finding_with_too_few_values_is_a_broken_contract(void **state)
{
	struct keep keep;
	(void)state;
	keep_open(&keep, "narrow_row");
	assert_int_equal(database_integrity(keep.database, take_texts, &keep, &keep.scene.error),
			 STATUS_INTERNAL);
	assert_says(&keep.scene, "has 1 values instead of 2");
	keep_close(&keep);
}

static void a_finding_comes_with_its_object(void **state)
{
	struct keep keep;
	(void)state;
	keep_open(&keep, "finding");
	assert_int_equal(database_integrity(keep.database, take_texts, &keep, &keep.scene.error),
			 STATUS_OK);
	assert_string_equal(text_string(&keep.names), "words: torn");
	keep_close(&keep);
}

static void a_name_that_is_no_utf8_is_made_one(void **state)
{
	struct keep keep;
	(void)state;
	keep_open(&keep, "name_bytes");
	assert_int_equal(database_tables(keep.database, take_table, &keep, &keep.scene.error),
			 STATUS_OK);
	assert_true(text_starts(text_string(&keep.names), "w? 0011"));
	keep_close(&keep);
}

static void an_older_drivers_table_lacks_its_last_member(void **state)
{
	struct keep keep;
	(void)state;
	keep_open(&keep, "older_table");
	assert_int_equal(database_tables(keep.database, take_table, &keep, &keep.scene.error),
			 STATUS_OK);
	assert_int_equal(keep.table.orphans, 0);
	keep_close(&keep);
}

static void a_scratch_database_that_is_none_is_a_broken_contract(void **state)
{
	struct keep keep;
	(void)state;
	keep_open(&keep, "scratch_null");
	assert_int_equal(restore(&keep, "x"), STATUS_INTERNAL);
	assert_says(&keep.scene, "scratch.create");
	keep_close(&keep);
}

static void a_suffix_that_is_no_name_is_not_used(void **state)
{
	struct keep keep;
	(void)state;
	keep_open(&keep, "");
	assert_string_equal(database_dump_suffix(keep.database, &keep.scene.arena), "dump");
	assert_string_equal(database_dump_format(keep.database, &keep.scene.arena), "keeper?");
	keep_close(&keep);
}

static void a_scratch_is_opened_again_for_a_second_question(void **state)
{
	struct keep keep;
	struct database *again = NULL;
	(void)state;
	keep_open(&keep, "");
	assert_int_equal(restore(&keep, "from before"), STATUS_OK);
	assert_int_equal(database_scratch_again(keep.scratch, &again, &keep.scene.error), STATUS_OK);
	assert_string_equal(database_info(again)->name, database_info(keep.scratch)->name);
	database_cancel(keep.database);
	assert_int_equal(database_tables(again, take_table, &keep, &keep.scene.error),
			 STATUS_INTERRUPTED);
	database_close(again);
	keep_close(&keep);
}

static void a_second_connection_that_is_none_is_a_broken_contract(void **state)
{
	struct keep keep;
	struct database *again = NULL;
	(void)state;
	keep_open(&keep, "again_null");
	assert_int_equal(restore(&keep, "from before"), STATUS_OK);
	assert_int_equal(database_scratch_again(keep.scratch, &again, &keep.scene.error),
			 STATUS_INTERNAL);
	assert_says(&keep.scene, "scratch.open_again");
	assert_null(again);
	keep_close(&keep);
}

static void cancelling_a_database_cancels_its_scratch(void **state)
{
	struct keep keep;
	(void)state;
	keep_open(&keep, "");
	assert_int_equal(restore(&keep, "x"), STATUS_OK);
	database_cancel(keep.database);
	assert_int_not_equal(database_tables(keep.scratch, take_table, &keep, &keep.scene.error),
			     STATUS_OK);
	assert_says(&keep.scene, "was cancelled");
	keep_close(&keep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dump_arrives_in_order_with_its_facts),
		cmocka_unit_test(a_full_disk_is_told_as_one),
		cmocka_unit_test(a_driver_that_stops_by_itself_is_a_failure),
		cmocka_unit_test(what_is_read_arrives_in_the_scratch_database),
		cmocka_unit_test(a_damaged_file_is_told_as_one),
		cmocka_unit_test(a_promoted_scratch_is_what_the_live_one_is_called),
		cmocka_unit_test(a_promote_that_fails_says_why),
		cmocka_unit_test(facts_of_a_wrong_shape_are_a_broken_contract),
		cmocka_unit_test(a_finding_with_too_few_values_is_a_broken_contract),
		cmocka_unit_test(a_finding_comes_with_its_object),
		cmocka_unit_test(a_name_that_is_no_utf8_is_made_one),
		cmocka_unit_test(an_older_drivers_table_lacks_its_last_member),
		cmocka_unit_test(a_scratch_database_that_is_none_is_a_broken_contract),
		cmocka_unit_test(a_suffix_that_is_no_name_is_not_used),
		cmocka_unit_test(a_scratch_is_opened_again_for_a_second_question),
		cmocka_unit_test(a_second_connection_that_is_none_is_a_broken_contract),
		cmocka_unit_test(cancelling_a_database_cancels_its_scratch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
