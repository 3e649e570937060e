/* fuzz_migration.c - the text of a migration file. The first byte chooses the
 * environment's word; what is accepted must lie within the file. */
#include "check.h"

#include "migrate/migrate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void section_check(const struct section *section, size_t size)
{
	if (!section->present)
		return;
	CHECK(section->start <= size && section->size <= size - section->start);
	CHECK(section->line >= 2 && section->timeout_us >= 0);
	for (size_t i = 0; i < section->options.count; i++)
		CHECK(section->options.items[i].key[0] && section->options.items[i].value[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const words[] = {"development", "staging", "production"};
	struct arena arena = {0};
	struct migration migration = {0};
	ERROR_CLEANUP struct error error = {0};
	/* A copy of exactly this size: reading beyond it is seen. */
	size_t rest = size ? size - 1 : 0;
	char *text = malloc(rest ? rest : 1);
	CHECK(text != NULL);
	for (size_t i = 0; i < rest; i++)
		text[i] = (char)data[i + 1];
	enum status status =
		migration_parse(&arena, "m/1_x.sql", "1_x.sql", text, rest,
				words[size ? data[0] % COUNT_OF(words) : 0], &migration, &error);
	if (status) {
		CHECK(status == STATUS_MALFORMED && error.message && error.hint && !migration.path);
	} else {
		CHECK(migration.up.present && migration.size == rest);
		section_check(&migration.up, rest);
		section_check(&migration.down, rest);
		if (migration.down.present)
			CHECK(migration.up.start + migration.up.size <= migration.down.start);
		for (size_t i = 0; i < migration.destroys.count; i++)
			CHECK(migration.destroys.items[i].object[0] != 0 &&
			      migration.destroys.items[i].line > 0);
	}
	free(text);
	arena_free(&arena);
	return 0;
}
