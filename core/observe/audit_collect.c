/* audit_collect.c - the newest records of a trail, or those of one run, kept in
 * memory for showing. It verifies nothing. */
#include "observe/audit_private.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct collecting {
	struct audit_records *records;
	size_t last;     /* how many are kept */
	size_t next;     /* the oldest once `last` are kept */
	const char *run; /* the beginning of an id, or NULL */
	char found[RANDOM_ID_TEXT];
	size_t gaps; /* behind the last record */
};

/* The strings of an entry, by their places in it. */
static const size_t strings[] = {
	offsetof(struct audit_entry, path),       offsetof(struct audit_entry, time),
	offsetof(struct audit_entry, run),        offsetof(struct audit_entry, host),
	offsetof(struct audit_entry, actor),      offsetof(struct audit_entry, command),
	offsetof(struct audit_entry, connection), offsetof(struct audit_entry, database),
	offsetof(struct audit_entry, class_name), offsetof(struct audit_entry, verdict),
	offsetof(struct audit_entry, phase),      offsetof(struct audit_entry, message),
	offsetof(struct audit_entry, previous),   offsetof(struct audit_entry, hmac),
};

static const char **string_at(struct audit_entry *entry, size_t i)
{
	return (const char **)(void *)((char *)entry + strings[i]);
}

/* One block of memory, which begins with the path. */
static void entry_copy(struct audit_entry *entry)
{
	size_t size = 0;
	char *memory;

	for (size_t i = 0; i < COUNT_OF(strings); i++)
		size += *string_at(entry, i) ? strlen(*string_at(entry, i)) + 1 : 0;
	memory = mem_alloc(size);
	for (size_t i = 0; i < COUNT_OF(strings); i++) {
		const char **string = string_at(entry, i);

		if (!*string)
			continue;
		size = strlen(*string) + 1;
		memcpy(memory, *string, size);
		*string = memory;
		memory += size;
	}
}

static void entry_free(struct audit_entry *entry)
{
	mem_free((void *)(uintptr_t)entry->path);
}

static void keep(struct collecting *collecting, const struct audit_entry *entry)
{
	struct audit_records *records = collecting->records;
	struct audit_entry kept = *entry;

	entry_copy(&kept);
	if (records->count < collecting->last) {
		VEC_PUSH(records, kept);
		return;
	}
	entry_free(&records->items[collecting->next]);
	records->items[collecting->next] = kept;
	collecting->next = (collecting->next + 1) % collecting->last;
}

static enum status collect_record(void *context, const struct audit_entry *entry, struct error *error)
{
	struct collecting *collecting = context;

	if (strcmp(entry->phase, "recovered") != 0) /* which closes them */
		collecting->records->left_out += collecting->gaps;
	collecting->gaps = 0;
	if (!collecting->run) {
		keep(collecting, entry);
		return STATUS_OK;
	}
	if (!text_starts(entry->run, collecting->run))
		return STATUS_OK;
	if (!collecting->found[0])
		(void)snprintf(collecting->found, sizeof(collecting->found), "%s", entry->run);
	if (strncmp(collecting->found, entry->run, sizeof(collecting->found) - 1) != 0) {
		error_set(error, STATUS_USAGE, "several runs begin with %s: %s and %.32s",
			  collecting->run, collecting->found, entry->run);
		error_hint(error, "give more digits of the id");
		return STATUS_USAGE;
	}
	keep(collecting, entry);
	return STATUS_OK;
}

static enum status collect_gap(void *context, const struct audit_gap *gap, struct error *error)
{
	struct collecting *collecting = context;

	(void)gap;
	(void)error;
	collecting->gaps++;
	return STATUS_OK;
}

static enum status collect(const struct audit *audit, bool newest, struct collecting *collecting,
			   struct error *error)
{
	struct audit_reader reader = {collecting, collect_record, collect_gap};
	enum status status = audit_read(audit, newest, &reader, NULL, error);

	collecting->records->left_out += collecting->gaps;
	return status;
}

/* The ring's oldest record comes first. */
static void straighten(struct audit_records *records, size_t first)
{
	struct audit_entry *items;

	if (first == 0)
		return;
	items = mem_alloc(records->count * sizeof(*items));
	for (size_t i = 0; i < records->count; i++)
		items[i] = records->items[(first + i) % records->count];
	mem_free(records->items);
	records->items = items;
	records->capacity = records->count;
}

enum status audit_collect(const struct audit *audit, const char *run, size_t last,
			  struct audit_records *ret, struct error *error)
{
	struct audit_records records = {0};
	struct collecting collecting = {.records = &records, .last = last, .run = run};
	enum status status = STATUS_OK;

	/* Mostly the newest file has enough. */
	if (!run)
		status = collect(audit, true, &collecting, error);
	if (!status && (run || records.count < last)) {
		audit_records_free(&records);
		collecting = (struct collecting){.records = &records, .last = last, .run = run};
		status = collect(audit, false, &collecting, error);
	}
	if (!status && run && !records.count) {
		status = error_set(error, STATUS_UNKNOWN_NAME,
				   "the audit trail %s has no record of run %s", audit->path, run);
		error_hint(error, "eloquent audit:show lists the newest runs");
	}
	straighten(&records, collecting.next);
	if (status)
		audit_records_free(&records);
	else
		*ret = records;
	return status;
}

void audit_records_free(struct audit_records *records)
{
	for (size_t i = 0; i < records->count; i++)
		entry_free(&records->items[i]);
	mem_free(records->items);
	*records = (struct audit_records){0};
}
