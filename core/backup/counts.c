/* counts.c - does a backup count as the fresh one that a change of the schema asks for? */
#include "backup/private.h"

#include <string.h>

static bool str_is(struct elq_str str, const char *text)
{
	return str.size == strlen(text) && memcmp(str.data, text, str.size) == 0;
}

static int32_t take_event(void *context, const struct elq_event *event)
{
	struct history_head *head = context;
	if (str_is(event->event, "failed") || str_is(event->event, "taken_over"))
		return 0;
	size_t size = event->hash.size < HASH_TEXT ? (size_t)event->hash.size : HASH_TEXT - 1;
	head->sequence = event->sequence;
	memcpy(head->hash, event->hash.data, size);
	head->hash[size] = '\0';
	return 0;
}

enum status history_head_read(struct database *database, struct history_head *ret, struct error *error)
{
	struct history_head head = {0};
	enum status status = database_history_read(database, 0, take_event, &head, error);
	if (!status)
		*ret = head;
	return status;
}

/* A copy carries the stamp of what it was copied from, and a place may hold another
 * database tomorrow: both must agree. */
bool backup_is_of(const struct backup *backup, const struct backup_wanted *wanted)
{
	return text_equal(backup->database_id, wanted->database_id) &&
	       text_equal(backup->identity, wanted->identity);
}

static bool same_head(const struct backup *backup, const struct history_head *head)
{
	return backup->head_sequence == head->sequence &&
	       strcmp(backup->head ? backup->head : "", head->hash) == 0;
}

bool backup_counts(const struct backup *backup, const struct backup_wanted *wanted)
{
	int64_t age = wanted->now_us - backup->began_us;
	return backup->level == BACKUP_RESTORED && backup_is_of(backup, wanted) &&
	       same_head(backup, wanted->head) && age <= wanted->max_age_us && age >= -CLOCKS_DIFFER_US;
}
