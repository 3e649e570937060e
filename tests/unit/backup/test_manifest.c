/* A manifest comes back as it was written, or not at all. */
#include "forged.h"

static struct table_facts tables[] = {
	{.name = "a \"b\" \\ \xc3\xa4", .digest = "00", .rows = 0, .orphans = -1},
	{.name = "eloquent_meta", .digest = "ff", .rows = INT64_MAX, .orphans = 7, .ours = true},
};

static struct backup full(struct yard *yard)
{
	struct backup backup = forged(yard, INT64_C(1767323045678901), BACKUP_RESTORED);
	backup.pinned = true;
	backup.tables = tables;
	backup.table_count = COUNT_OF(tables);
	backup.schema_records = 12;
	backup.verify_duration_us = 345;
	backup.head_sequence = 6;
	backup.head = "dd";
	return backup;
}

static void written(struct yard *yard, const struct backup *backup, struct text *ret)
{
	yard_must(yard, manifest_format(backup, ret, &yard->error));
}

static enum status parse(struct yard *yard, const char *data, size_t size, struct backup *ret)
{
	error_clear(&yard->error);
	return manifest_parse(data, size, &yard->arena, ret, &yard->error);
}

static void a_manifest_comes_back_as_it_was_written(void **state)
{
	struct yard *yard = *state;
	TEXT_CLEANUP struct text bytes = {0};
	TEXT_CLEANUP struct text again = {0};
	struct backup backup = full(yard);
	struct backup read;
	written(yard, &backup, &bytes);
	yard_must(yard, parse(yard, bytes.data, bytes.size, &read));
	written(yard, &read, &again);
	assert_string_equal(text_string(&again), text_string(&bytes));
	assert_int_equal(read.began_us, backup.began_us);
	assert_int_equal(read.ended_us, backup.ended_us);
	assert_int_equal(read.verified_us, backup.verified_us);
	assert_int_equal(read.level, BACKUP_RESTORED);
	assert_int_equal(read.table_count, 2);
	assert_string_equal(read.tables[0].name, tables[0].name);
	assert_int_equal(read.tables[0].orphans, -1);
	assert_int_equal(read.tables[1].rows, INT64_MAX);
	assert_true(read.tables[1].ours && read.pinned);
	assert_string_equal(read.head, "dd");
}

static void what_has_no_value_comes_back_without_one(void **state)
{
	struct yard *yard = *state;
	TEXT_CLEANUP struct text bytes = {0};
	struct backup backup = forged(yard, SECOND_US, BACKUP_RAW);
	struct backup read;
	backup.database_id = backup.stamp = backup.schema_sha256 = NULL;
	written(yard, &backup, &bytes);
	yard_must(yard, parse(yard, bytes.data, bytes.size, &read));
	assert_null(read.database_id);
	assert_null(read.stamp);
	assert_null(read.schema_sha256);
	assert_null(read.message);
	assert_null(read.head);
	assert_int_equal(read.verified_us, 0);
	assert_int_equal(read.level, BACKUP_RAW);
}

/* Every single byte, in each of its bits. */
static void a_manifest_with_any_bit_flipped_is_damaged(void **state)
{
	struct yard *yard = *state;
	TEXT_CLEANUP struct text bytes = {0};
	struct backup backup = full(yard);
	struct backup read;
	written(yard, &backup, &bytes);
	for (size_t i = 0; i < bytes.size; i++)
		for (int bit = 0; bit < 8; bit++) {
			bytes.data[i] = (char)(bytes.data[i] ^ (1 << bit));
			if (parse(yard, bytes.data, bytes.size, &read) != STATUS_CORRUPT)
				fail_msg("bit %d of byte %zu went unseen", bit, i);
			bytes.data[i] = (char)(bytes.data[i] ^ (1 << bit));
		}
	yard_must(yard, parse(yard, bytes.data, bytes.size, &read));
}

static void a_manifest_cut_off_or_grown_is_damaged(void **state)
{
	struct yard *yard = *state;
	TEXT_CLEANUP struct text bytes = {0};
	struct backup backup = full(yard);
	struct backup read;
	written(yard, &backup, &bytes);
	for (size_t size = 0; size < bytes.size; size++)
		if (parse(yard, bytes.data, size, &read) != STATUS_CORRUPT)
			fail_msg("the first %zu bytes were taken for a manifest", size);
	text_add_char(&bytes, '\n');
	assert_int_equal(parse(yard, bytes.data, bytes.size, &read), STATUS_CORRUPT);
}

/* `from` becomes `to`, and the hash is made to fit. */
static enum status parse_changed(struct yard *yard, const char *from, const char *to)
{
	TEXT_CLEANUP struct text bytes = {0};
	TEXT_CLEANUP struct text changed = {0};
	char hash[HASH_TEXT];
	struct backup backup = full(yard);
	struct backup read;
	error_clear(&yard->error);
	written(yard, &backup, &bytes);
	const char *end = strstr(bytes.data, ",\"hash\":\"");
	const char *place = strstr(bytes.data, from);
	while ((end = strstr(end + 1, ",\"hash\":\"")) && strstr(end + 1, ",\"hash\":\""))
		;
	assert_non_null(end);
	assert_true(place && place < end);
	text_append(&changed, bytes.data, (size_t)(place - bytes.data));
	text_add(&changed, to);
	text_append(&changed, place + strlen(from), (size_t)(end - place) - strlen(from));
	hash_bytes(changed.data, changed.size, hash);
	text_printf(&changed, ",\"hash\":\"%s\"}\n", hash);
	return parse(yard, changed.data, changed.size, &read);
}

static void a_manifest_of_another_making_is_refused_although_its_hash_fits(void **state)
{
	struct yard *yard = *state;
	static const char *const changes[][2] = {
		{"eloquent-backup/1", "eloquent-backup/2"},
		{"\"file\":\"2026", "\"file\":\"../2026"},
		{"\"file\":\"20260102T030405Z-", "\"file\":\"20260102T030405Z-x/"},
		{"\"level\":\"restored\"", "\"level\":\"unreadable\""},
		{"\"level\":\"restored\"", "\"level\":\"sure\""},
		{"\"size\":4096", "\"size\":-1"},
		{"\"size\":4096", "\"size\":\"4096\""},
		{"\"pinned\":true", "\"pinned\":1"},
		{"\"pinned\":true", "\"pinned\":true,\"more\":1"},
		{"\"pinned\":true,", ""},
		{"\"actor\":\"ada\"", "\"actor\":null"},
		{"\"actor\":\"ada\"", "\"actor\":\"ada\",\"actor\":\"eve\""},
		{"05.678901Z\",\"ended", "05Z\",\"ended"},
		{"\"id\":\"20260102T", "\"id\":\"2026-102T"},
		{"\"rows\":0", "\"rows\":0.5"},
		{"\"tables\":[", "\"tables\":[1,"},
	};
	yard_must(yard, parse_changed(yard, "\"actor\":\"ada\"", "\"actor\":\"eve\""));
	for (size_t i = 0; i < COUNT_OF(changes); i++)
		if (parse_changed(yard, changes[i][0], changes[i][1]) != STATUS_CORRUPT)
			fail_msg("%s was taken", changes[i][1]);
}

static void a_manifest_over_its_cap_is_not_written(void **state)
{
	struct yard *yard = *state;
	TEXT_CLEANUP struct text bytes = {0};
	struct backup backup = full(yard);
	struct table_facts *many = mem_alloc(400000 * sizeof(*many));
	for (size_t i = 0; i < 400000; i++)
		many[i] = (struct table_facts){.name = "table", .digest = yard->store.run};
	backup.tables = many;
	backup.table_count = 400000;
	yard_fails(yard, manifest_format(&backup, &bytes, &yard->error), STATUS_FAILED,
		   "400000 tables are too many");
	mem_free(many);
}

static void an_id_is_a_moment_and_six_digits(void **state)
{
	char id[32];
	static const char *const wrong[] = {"",
					    "latest",
					    "20260102T030405Z-1a2b3",
					    "20260102T030405Z-1a2b3c4",
					    "20260102T030405Z-1a2b3G",
					    "20260102T030405Z-1A2B3C",
					    "20260102t030405Z-1a2b3c",
					    "2026010/T030405Z-1a2b3c",
					    "../60102T030405Z-1a2b3c"};
	(void)state;
	backup_id_make(INT64_C(1767323045678901), id);
	assert_memory_equal(id, "20260102T030405Z-", 17);
	assert_true(backup_id_valid(id));
	assert_int_equal(backup_id_moment_us(id), INT64_C(1767323045000000));
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		assert_false(backup_id_valid(wrong[i]));
}

static void text_from_outside_is_made_fit_for_a_manifest(void **state)
{
	struct yard *yard = *state;
	redact_add(yard->observer, "hunter22", 8);
	assert_null(manifest_text(&yard->store, &yard->arena, NULL));
	assert_string_equal(manifest_text(&yard->store, &yard->arena, "x\xffy \x1b[1m hunter22"),
			    "x\xef\xbf\xbdy \xef\xbf\xbd[1m [REDACTED]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_manifest_comes_back_as_it_was_written),
		CASE(what_has_no_value_comes_back_without_one),
		CASE(a_manifest_with_any_bit_flipped_is_damaged),
		CASE(a_manifest_cut_off_or_grown_is_damaged),
		CASE(a_manifest_of_another_making_is_refused_although_its_hash_fits),
		CASE(a_manifest_over_its_cap_is_not_written),
		CASE(an_id_is_a_moment_and_six_digits),
		CASE(text_from_outside_is_made_fit_for_a_manifest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
