/* test_commands.c - the command table against tests/guard/commands.csv: no
 * command without a class that somebody wrote down, and none other. */
#include "cli/cli.h"
#include "space.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct expected {
	char name[64];
	struct guard_command guard;
};

#define EXPECTED_CAP 256
static struct expected expected[EXPECTED_CAP];
static size_t expected_count;

static bool yes_or_no(const char *word)
{
	assert_true(strcmp(word, "yes") == 0 || strcmp(word, "no") == 0);
	return strcmp(word, "yes") == 0;
}

static enum guard_class class_of(const char *word)
{
	for (int i = 0; i < CLASS_COUNT; i++)
		if (strcmp(space_classes[i], word) == 0)
			return (enum guard_class)i;
	fail_msg("commands.csv: no such class: %s", word);
	return GUARD_SAFE;
}

static int read_expected(void **state)
{
	(void)state;
	char line[256], class_[32], schema[8], confirms[8];
	FILE *file = fopen(TEST_SOURCE_DIR "/tests/guard/commands.csv", "re");
	assert_non_null(file);
	bool header = true;
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (header) {
			assert_string_equal(line, "command,class,changes_schema,confirms\n");
			header = false;
			continue;
		}
		assert_true(expected_count < EXPECTED_CAP);
		struct expected *row = &expected[expected_count++];
		int read = sscanf(line, "%63[^,],%31[^,],%7[^,],%7[^,\n]", row->name, class_, schema,
				  confirms);
		assert_int_equal(read, 4);
		row->guard = (struct guard_command){class_of(class_), yes_or_no(schema),
						    yes_or_no(confirms)};
	}
	fclose(file);
	return 0;
}

static size_t rows_of(const char *name)
{
	size_t rows = 0;
	for (size_t i = 0; i < expected_count; i++)
		rows += strcmp(expected[i].name, name) == 0;
	return rows;
}

static void every_command_has_exactly_one_row(void **state)
{
	(void)state;
	assert_true(command_count > 0);
	for (size_t i = 0; i < command_count; i++)
		if (rows_of(command_table[i]->name) != 1)
			fail_msg("%s has %zu rows in commands.csv", command_table[i]->name,
				 rows_of(command_table[i]->name));
}

static void every_row_has_exactly_one_command(void **state)
{
	(void)state;
	for (size_t i = 0; i < expected_count; i++) {
		size_t commands = 0;
		for (size_t j = 0; j < command_count; j++)
			commands += strcmp(command_table[j]->name, expected[i].name) == 0;
		if (commands != 1)
			fail_msg("%s stands %zu times in the command table", expected[i].name,
				 commands);
	}
}

static void every_command_has_the_class_of_its_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < expected_count; i++) {
		const struct command *command = command_find(expected[i].name);
		assert_non_null(command);
		const struct guard_command *want = &expected[i].guard;
		if (command->guard.class_ != want->class_ ||
		    command->guard.changes_schema != want->changes_schema ||
		    command->guard.confirms != want->confirms)
			fail_msg("%s: commands.csv and the command table disagree", expected[i].name);
	}
}

/* The class decides before anything is opened; a row that works on databases
 * and a row that does not must not be mixed up. */
static void what_connects_is_no_generator_and_what_is_safe_works_on_backups_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_count; i++) {
		const struct command *command = command_table[i];
		if (command->check)
			assert_int_not_equal(command->guard.class_, GUARD_GENERATOR);
		/* What a safe command works on is a folder of backups. */
		if (command->guard.class_ == GUARD_SAFE && command->work) {
			assert_true(command->flags & COMMAND_LOCKLESS);
			assert_true(command->needs & ELQ_CAP_BACKUP);
		}
		if (command->work)
			assert_non_null(command->check);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_has_exactly_one_row),
		cmocka_unit_test(every_row_has_exactly_one_command),
		cmocka_unit_test(every_command_has_the_class_of_its_row),
		cmocka_unit_test(what_connects_is_no_generator_and_what_is_safe_works_on_backups_alone),
	};
	return cmocka_run_group_tests(tests, read_expected, NULL);
}
