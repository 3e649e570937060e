/* fuzz_manifest.c - a backup's manifest made of arbitrary bytes. Its hash would turn
 * nearly all of them away: here each input gets the one that fits. What is accepted comes
 * back from its own bytes, and names no file outside of the folder. */
#include "backup/private.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(condition)                                                                             \
	do {                                                                                           \
		if (!(condition))                                                                      \
			abort();                                                                       \
	} while (0)

static void keeps_its_promises(const struct backup *backup, struct arena *arena)
{
	TEXT_CLEANUP struct text bytes = {0};
	ERROR_CLEANUP struct error error = {0};
	struct backup again;
	PROMISE(backup_id_valid(backup->id));
	PROMISE(strncmp(backup->file, backup->id, strlen(backup->id)) == 0);
	PROMISE(!strchr(backup->file, '/'));
	PROMISE(backup->level > BACKUP_UNREADABLE && backup->level <= BACKUP_RESTORED);
	PROMISE(backup->size >= 0 && backup->stored_size >= 0);
	PROMISE(manifest_format(backup, &bytes, &error) == STATUS_OK);
	PROMISE(manifest_parse(bytes.data, bytes.size, arena, &again, &error) == STATUS_OK);
	PROMISE(strcmp(again.id, backup->id) == 0 && again.table_count == backup->table_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_free) struct arena arena = {0};
	TEXT_CLEANUP struct text bytes = {0};
	ERROR_CLEANUP struct error error = {0};
	struct backup backup;
	char hash[HASH_TEXT];
	if (size > (1 << 20))
		return 0;
	text_append(&bytes, (const char *)data, size);
	PROMISE(manifest_parse(text_string(&bytes), bytes.size, &arena, &backup, &error) != STATUS_OK ||
		size > 0);
	hash_bytes(text_string(&bytes), bytes.size, hash);
	text_printf(&bytes, ",\"hash\":\"%s\"}\n", hash);
	error_clear(&error);
	enum status status = manifest_parse(bytes.data, bytes.size, &arena, &backup, &error);
	PROMISE(status == STATUS_OK || (status == STATUS_CORRUPT && error.message));
	if (status == STATUS_OK)
		keeps_its_promises(&backup, &arena);
	return 0;
}
