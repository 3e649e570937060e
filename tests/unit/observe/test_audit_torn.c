/* Rules of docs/audit-format.md for what a lost machine leaves: torn bytes are
 * closed and named, and the chain goes on. */
#include "trail.h"

static void add_bytes(const char *path, const char *data, size_t size)
{
	FILE *file = fopen(path, "ab");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

static void a_torn_tail_is_closed_and_named(void **state)
{
	/* Each is added behind two records: what a lost machine may leave. */
	static const struct {
		const char *data;
		size_t size;
	} torn[] = {
		{"{\"seq\":3,\"ti", 12},
		{"{", 1},
		{"\0\0\0\0", 4},
		{"{\"seq\":3\n", 9},
		{"{\"seq\":3\n{\"seq\":3,\"time\"", 25},
		{"\n", 1},
		{"\n\n{\"a\"", 6},
		{"a line by hand\n", 15},
	};
	struct scratch *scratch = *state;

	for (size_t i = 0; i < COUNT_OF(torn); i++) {
		const char *path = scratch_path(scratch, arena_printf(&scratch->arena, "trail%zu", i));
		struct reader reader;
		char head[HASH_TEXT];
		char closed[64];

		must_append(path, &intent, NULL);
		must_append(path, &intent, NULL);
		add_bytes(path, torn[i].data, torn[i].size);
		must_append(path, &intent, head);
		reader = read_trail(scratch, path);
		assert_int_equal(reader.sequence, 4);
		assert_int_equal(reader.recovered, 1);
		assert_string_equal(reader.head, head);
		snprintf(closed, sizeof(closed), "closed %zu torn bytes", torn[i].size);
		assert_non_null(memmem(reader.data, reader.size, closed, strlen(closed)));
		must_append(path, &intent, NULL);
		assert_int_equal(read_trail(scratch, path).recovered, 1);
	}
}

static void a_record_that_lacks_its_newline_only_is_kept(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "a");
	struct reader reader;

	must_append(path, &intent, NULL);
	must_append(path, &intent, NULL);
	reader = read_trail(scratch, path);
	scratch_write(path, reader.data, reader.size - 1);
	must_append(path, &intent, NULL);
	reader = read_trail(scratch, path);
	assert_int_equal(reader.sequence, 4);
	assert_int_equal(reader.recovered, 1);
	assert_non_null(strstr(reader.data, "closed 0 torn bytes"));
}

static void an_append_cut_anywhere_is_recovered(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "a");
	const char *whole;
	size_t first;
	size_t size;

	/* The second append repairs the first cut, so that its three lines are cut too. */
	must_append(path, &intent, NULL);
	whole = scratch_read(scratch, path, &first);
	add_bytes(path, "{\"seq\"", 6);
	must_append(path, &intent, NULL);
	whole = scratch_read(scratch, path, &size);
	for (size_t cut = 1; cut < size; cut++) {
		struct reader reader;

		scratch_write(path, whole, cut);
		must_append(path, &intent, NULL);
		reader = read_trail(scratch, path);
		if (cut < first - 1)
			assert_int_equal(reader.sequence, 2);
		else
			assert_true(reader.sequence >= 2 && reader.sequence <= 5);
	}
}

static void a_torn_first_record_begins_the_chain_anew(void **state)
{
	static const struct {
		const char *data;
		size_t size;
	} torn[] = {{"{\"seq\":1,\"time", 14}, {"{\"s", 3}, {"\0\0\0\0\0", 5}};
	struct scratch *scratch = *state;

	for (size_t i = 0; i < COUNT_OF(torn); i++) {
		const char *path = scratch_path(scratch, arena_printf(&scratch->arena, "trail%zu", i));
		struct reader reader;

		scratch_write(path, torn[i].data, torn[i].size);
		must_append(path, &intent, NULL);
		reader = read_trail(scratch, path);
		assert_int_equal(reader.sequence, 2);
		assert_int_equal(reader.recovered, 1);
	}
}

static void the_last_record_is_found_behind_much_that_is_torn(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "a");
	char *noise = mem_alloc(300000);
	struct audit_record record = intent;
	ERROR_CLEANUP struct error error = {0};
	struct reader reader;

	memset(noise, 1, 100000);
	noise[100000] = '\0';
	record.message = noise;
	must_append(path, &intent, NULL);
	for (int i = 0; i < 5; i++)
		must_append(path, &record, NULL);
	memset(noise, 'x', 190000);
	add_bytes(path, noise, 190000);
	must_append(path, &record, NULL);
	reader = read_trail(scratch, path);
	assert_int_equal(reader.sequence, 8);
	assert_int_equal(reader.recovered, 1);

	memset(noise, 'x', 300000);
	add_bytes(path, noise, 300000);
	assert_int_equal(append_to(path, &intent, false, NULL, &error), STATUS_AUDIT_UNWRITABLE);
	mem_free(noise);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_SCRATCH(a_torn_tail_is_closed_and_named),
		IN_SCRATCH(a_record_that_lacks_its_newline_only_is_kept),
		IN_SCRATCH(an_append_cut_anywhere_is_recovered),
		IN_SCRATCH(a_torn_first_record_begins_the_chain_anew),
		IN_SCRATCH(the_last_record_is_found_behind_much_that_is_torn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
