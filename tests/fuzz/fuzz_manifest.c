/* fuzz_manifest.c - any bytes as a backup's manifest. What parses is exactly what
 * manifest_format writes of what was read, so that not one byte of a manifest can be other
 * than written and still count; a refusal is STATUS_CORRUPT, says so, and gives nothing.
 *
 * The hash keeps arbitrary bytes from the JSON behind it: each input is parsed as it
 * is, with the hash of its tail put right, and with a tail appended (an input may so be
 * the JSON without its last brace). Third, a backup is made up of the input's bytes:
 * written and read it is the same, and with one byte of it changed it is refused. */
#include "check.h"

#include "backup/private.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER ",\"hash\":\""
#define END "\"}\n"
#define TAIL (sizeof(MEMBER) - 1 + HASH_TEXT - 1 + sizeof(END) - 1)
#define TABLES_MAX 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_tables(const struct backup *a, const struct backup *b)
{
	bool same = a->table_count == b->table_count;
	for (size_t i = 0; same && i < a->table_count; i++) {
		const struct table_facts *left = &a->tables[i];
		const struct table_facts *right = &b->tables[i];
		same = same_text(left->name, right->name) && same_text(left->digest, right->digest) &&
		       left->rows == right->rows && left->orphans == right->orphans &&
		       left->ours == right->ours;
	}
	return same;
}

static bool same_backup(const struct backup *a, const struct backup *b)
{
	return same_text(a->id, b->id) && same_text(a->connection, b->connection) &&
	       same_text(a->driver, b->driver) && same_text(a->product, b->product) &&
	       same_text(a->server, b->server) && same_text(a->tool, b->tool) &&
	       same_text(a->run, b->run) && same_text(a->actor, b->actor) &&
	       same_text(a->host, b->host) && same_text(a->reason, b->reason) &&
	       same_text(a->database, b->database) && same_text(a->identity, b->identity) &&
	       same_text(a->database_id, b->database_id) && same_text(a->stamp, b->stamp) &&
	       same_text(a->file, b->file) && same_text(a->format, b->format) &&
	       same_text(a->codec, b->codec) && same_text(a->sha256, b->sha256) &&
	       same_text(a->stored_sha256, b->stored_sha256) &&
	       same_text(a->schema_sha256, b->schema_sha256) && same_text(a->message, b->message) &&
	       same_text(a->head, b->head) && a->pinned == b->pinned && a->began_us == b->began_us &&
	       a->ended_us == b->ended_us && a->size == b->size && a->stored_size == b->stored_size &&
	       a->schema_records == b->schema_records && a->level == b->level &&
	       a->verified_us == b->verified_us && a->verify_duration_us == b->verify_duration_us &&
	       a->head_sequence == b->head_sequence && same_tables(a, b);
}

/* ---- bytes to a manifest ------------------------------------------------------------------ */

static bool parse(const char *data, size_t size, struct arena *arena, struct backup *ret)
{
	ERROR_CLEANUP struct error error = {0};
	struct backup untouched = {.id = "untouched"};
	*ret = untouched;
	enum status status = manifest_parse(data, size, arena, ret, &error);
	if (!status)
		return true;
	CHECK(status == STATUS_CORRUPT && error.message);
	CHECK(text_starts(error.message, "the manifest is damaged: "));
	CHECK(same_backup(ret, &untouched));
	return false;
}

static void format(const struct backup *backup, struct text *ret)
{
	ERROR_CLEANUP struct error error = {0};
	CHECK(manifest_format(backup, ret, &error) == STATUS_OK);
}

/* Its own bytes: in an exact block, so that reading one byte too many is seen. */
static void parse_and_judge(const char *data, size_t size)
{
	CLEANUP(arena_free) struct arena arena = {0};
	TEXT_CLEANUP struct text again = {0};
	struct backup backup;
	char *exact = malloc(size + (size == 0));
	CHECK(exact != NULL);
	memcpy(exact, data, size);
	if (parse(exact, size, &arena, &backup)) {
		CHECK(backup_id_valid(backup.id) && text_starts(backup.file, backup.id));
		CHECK(!strchr(backup.file, '/') && backup.size >= 0 && backup.stored_size >= 0);
		CHECK(backup.level >= BACKUP_FAILED && backup.level <= BACKUP_RESTORED);
		format(&backup, &again);
		CHECK(again.size == size && memcmp(again.data, exact, size) == 0);
	}
	free(exact);
}

static void append_tail(struct text *text)
{
	char hash[HASH_TEXT];
	hash_bytes(text_string(text), text->size, hash);
	text_printf(text, MEMBER "%s" END, hash);
}

/* ---- a manifest to bytes ------------------------------------------------------------------- */

struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t take_byte(struct input *input)
{
	if (!input->size)
		return 0;
	input->size--;
	return *input->data++;
}

static int64_t take_number(struct input *input, int64_t end)
{
	uint64_t number = 0;
	for (int i = 0; i < 8; i++)
		number = number << 8 | take_byte(input);
	return end ? (int64_t)(number % (uint64_t)end) : (int64_t)number;
}

/* What a manifest's strings may be: UTF-8 without a zero byte. Else the bytes' hex. */
static const char *take_text(struct input *input, struct arena *arena)
{
	size_t size = take_byte(input) % 32;
	if (size > input->size)
		size = input->size;
	char *text = arena_copy(arena, (const char *)input->data, size);
	if (memchr(text, '\0', size) || !utf8_valid(text, size, NULL)) {
		text = arena_alloc(arena, 2 * size + 1);
		hex_encode(input->data, size, text);
	}
	input->data += size;
	input->size -= size;
	return text;
}

static const char *take_text_or_null(struct input *input, struct arena *arena)
{
	return take_byte(input) & 1 ? take_text(input, arena) : NULL;
}

/* To the end of the year 9999; 0 is none. */
static int64_t take_moment(struct input *input)
{
	return take_number(input, INT64_C(253402300800000000));
}

static void make_tables(struct input *input, struct arena *arena, struct backup *ret)
{
	ret->table_count = take_byte(input) % (TABLES_MAX + 1);
	ret->tables = arena_alloc(arena, (ret->table_count + 1) * sizeof(*ret->tables));
	for (size_t i = 0; i < ret->table_count; i++)
		ret->tables[i] = (struct table_facts){
			.name = take_text(input, arena),
			.digest = take_text(input, arena),
			.rows = take_number(input, 0),
			.orphans = take_number(input, 0),
			.ours = take_byte(input) & 1,
		};
}

static void make_backup(struct input *input, struct arena *arena, struct backup *ret)
{
	const char **texts[] = {
		&ret->connection, &ret->driver, &ret->product, &ret->server, &ret->tool,
		&ret->run,        &ret->actor,  &ret->host,    &ret->reason, &ret->database,
		&ret->identity,   &ret->format, &ret->codec,   &ret->sha256, &ret->stored_sha256,
	};
	const char **nullable[] = {&ret->database_id, &ret->stamp, &ret->schema_sha256, &ret->message,
				   &ret->head};
	*ret = (struct backup){
		.id = "20260102T030405Z-1a2b3c",
		.file = "20260102T030405Z-1a2b3c.sqlite.zst",
		.pinned = take_byte(input) & 1,
		.level = BACKUP_FAILED + take_byte(input) % (BACKUP_RESTORED - BACKUP_FAILED + 1),
		.began_us = take_moment(input),
		.ended_us = take_moment(input),
		.verified_us = take_moment(input),
		.size = take_number(input, INT64_MAX),
		.stored_size = take_number(input, INT64_MAX),
		.schema_records = take_number(input, 0),
		.verify_duration_us = take_number(input, 0),
		.head_sequence = take_number(input, 0),
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		*texts[i] = take_text(input, arena);
	for (size_t i = 0; i < COUNT_OF(nullable); i++)
		*nullable[i] = take_text_or_null(input, arena);
	make_tables(input, arena, ret);
}

static void write_read_and_change(struct input input)
{
	CLEANUP(arena_free) struct arena arena = {0};
	TEXT_CLEANUP struct text bytes = {0};
	struct backup made, read;
	size_t place = (size_t)take_number(&input, INT64_MAX);
	uint8_t change = (uint8_t)(take_byte(&input) | 1);
	make_backup(&input, &arena, &made);
	format(&made, &bytes);
	CHECK(parse(bytes.data, bytes.size, &arena, &read) && same_backup(&made, &read));
	CHECK(!parse(bytes.data, place % bytes.size, &arena, &read));
	bytes.data[place % bytes.size] ^= (char)change;
	CHECK(!parse(bytes.data, bytes.size, &arena, &read));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TEXT_CLEANUP struct text text = {0};
	json_set_alloc_funcs(mem_alloc, mem_free); /* as main does */
	parse_and_judge((const char *)data, size);
	if (size > TAIL) {
		text_append(&text, (const char *)data, size - TAIL);
		append_tail(&text);
		parse_and_judge(text.data, text.size);
		text_clear(&text);
	}
	text_append(&text, (const char *)data, size);
	append_tail(&text);
	parse_and_judge(text.data, text.size);
	write_read_and_change((struct input){data, size});
	return 0;
}
