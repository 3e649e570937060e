/* facts.c - what a database holds, as far as a backup is compared by it: the schema's
 * records as one hash; rows, content and orphans of each table. */
#include "backup/private.h"

#include <string.h>

void facts_begin(struct facts *facts, struct arena *arena)
{
	*facts = (struct facts){.arena = arena};
	sha256_init(&facts->schema);
}

enum status facts_take_table(void *context, const struct table_facts *table, struct error *error)
{
	struct facts *facts = context;
	(void)error;
	if (facts->count == facts->capacity) {
		size_t capacity = facts->capacity ? 2 * facts->capacity : 64;
		struct table_facts *tables = arena_alloc(facts->arena, capacity * sizeof(*tables));
		if (facts->count)
			memcpy(tables, facts->tables, facts->count * sizeof(*tables));
		facts->tables = tables;
		facts->capacity = capacity;
	}
	struct table_facts *own = &facts->tables[facts->count++];
	*own = *table;
	own->name = arena_text(facts->arena, table->name);
	own->digest = arena_text(facts->arena, table->digest);
	progress_step(facts->progress, (int64_t)facts->count);
	return STATUS_OK;
}

/* Each text with its zero, so that no two records run into one another. */
enum status facts_take_record(void *context, const char *const *texts, struct error *error)
{
	struct facts *facts = context;
	(void)error;
	for (size_t i = 0; i < 4; i++)
		sha256_update(&facts->schema, strlen(texts[i]) + 1, (const uint8_t *)texts[i]);
	facts->records++;
	return STATUS_OK;
}

void facts_end(struct facts *facts, struct backup *ret)
{
	uint8_t raw[HASH_SIZE];
	char text[HASH_TEXT];
	sha256_digest(&facts->schema, sizeof(raw), raw);
	hex_encode(raw, sizeof(raw), text);
	ret->schema_sha256 = arena_text(facts->arena, text);
	ret->schema_records = facts->records;
	ret->tables = facts->tables;
	ret->table_count = facts->count;
}

enum status facts_read(struct database *database, struct progress *progress, struct arena *arena,
		       struct backup *ret, struct error *error)
{
	struct facts facts;
	facts_begin(&facts, arena);
	facts.progress = progress;
	enum status status = database_schema(database, facts_take_record, &facts, error);
	if (!status)
		status = database_tables(database, facts_take_table, &facts, error);
	if (!status)
		facts_end(&facts, ret);
	return status;
}

/* ---- comparing ------------------------------------------------------------------------- */

static enum status differs(struct error *error, const char *format, ...) PRINTF(2, 3);
static enum status differs(struct error *error, const char *format, ...)
{
	TEXT_CLEANUP struct text what = {0};
	va_list args;
	va_start(args, format);
	text_vprintf(&what, format, args);
	va_end(args);
	return error_set(error, STATUS_CORRUPT, "what was restored is not what was backed up: %s",
			 text_string(&what));
}

static enum status compare_table(const struct table_facts *expected, const struct table_facts *found,
				 struct error *error)
{
	if (strcmp(expected->name, found->name) != 0)
		return differs(error, "the table %s instead of %s", found->name, expected->name);
	if (expected->rows != found->rows)
		return differs(error, "the table %s holds %lld rows instead of %lld", found->name,
			       (long long)found->rows, (long long)expected->rows);
	if (strcmp(expected->digest, found->digest) != 0)
		return differs(error, "the rows of the table %s have another content", found->name);
	if (expected->orphans != found->orphans)
		return differs(error, "%lld rows of the table %s break a foreign key instead of %lld",
			       (long long)found->orphans, found->name, (long long)expected->orphans);
	return STATUS_OK;
}

enum status facts_compare(const struct backup *expected, const struct backup *found,
			  struct error *error)
{
	if (expected->schema_records != found->schema_records ||
	    !text_equal(expected->schema_sha256, found->schema_sha256))
		return differs(error, "the schema is another one");
	if (expected->table_count != found->table_count)
		return differs(error, "%zu tables instead of %zu", found->table_count,
			       expected->table_count);
	for (size_t i = 0; i < expected->table_count; i++) {
		enum status status = compare_table(&expected->tables[i], &found->tables[i], error);
		if (status)
			return status;
	}
	return STATUS_OK;
}
