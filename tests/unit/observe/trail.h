/* trail.h - appends to an audit trail, and an independent reader of the format in
 * docs/audit-format.md. For the trail's unit tests. */
#ifndef TESTS_TRAIL_H
#define TESTS_TRAIL_H

#include "../base/scratch.h"

#include "observe/audit_private.h"
#include "observe/observe.h"

#include <jansson.h>

static const struct audit_record intent = {
	.run = "0f4c1d2e9a8b7c6d5e4f3a2b1c0d9e8f",
	.actor = "ada",
	.command = "migrate:run",
	.connection = "sqlite",
	.class_name = "writes",
	.verdict = "allowed",
	.phase = "intent",
	.duration_us = -1,
	.exit_code = -1,
};

static inline enum status append_to(const char *path, const struct audit_record *record, bool sync,
				    char *head, struct error *error)
{
	struct observer *observer = observer_new();
	struct audit audit = {.path = path, .enabled = true};
	enum status status = audit_append(observer, &audit, record, sync, head, error);

	observer_free(observer);
	return status;
}

static inline enum status append_as(const struct audit *audit, const struct audit_record *record,
				    struct error *error)
{
	struct observer *observer = observer_new();
	enum status status = audit_append(observer, audit, record, false, NULL, error);

	observer_free(observer);
	return status;
}

static inline void must_append(const char *path, const struct audit_record *record, char *head)
{
	ERROR_CLEANUP struct error error = {0};

	if (append_to(path, record, false, head, &error) != STATUS_OK)
		fail_msg("%s", error.message);
}

/* ---- an independent reader of the format ------------------------------------- */

static const char *const members[] = {"seq",      "time",    "run",         "pid",      "host",
				      "actor",    "command", "connection",  "database", "class",
				      "verdict",  "phase",   "duration_us", "exit",     "message",
				      "previous", "hmac"};

struct reader {
	const char *data; /* of the whole trail */
	size_t size;
	int64_t sequence;
	char head[HASH_TEXT];
	const char *torn; /* or NULL */
	int recovered;
};

static inline void read_recovered(struct reader *reader, const char *line, json_t *json)
{
	const char *torn = reader->torn ? reader->torn : line;
	size_t size = (size_t)(line - torn);
	char hash[HASH_TEXT];
	char expected[200];

	for (int newline = 0; newline < 2; newline++) {
		hash_bytes(torn, size, hash);
		snprintf(expected, sizeof(expected), "closed %zu torn bytes, sha256 %s", size, hash);
		if (strcmp(json_string_value(json_object_get(json, "message")), expected) == 0) {
			reader->torn = NULL;
			reader->recovered++;
			return;
		}
		size -= size > 0;
	}
	fail_msg("no recovered record names %.*s", (int)(line - torn), torn);
}

static inline void read_line(struct reader *reader, const char *line, size_t size)
{
	json_t *json = json_loadb(line, size - 1, JSON_REJECT_DUPLICATES, NULL);
	const char *name;
	json_t *value;
	size_t at = 0;

	if (!json) {
		reader->torn = reader->torn ? reader->torn : line;
		return;
	}
	json_object_foreach(json, name, value)
	{
		assert_true(at < COUNT_OF(members));
		assert_string_equal(name, members[at]);
		at++;
	}
	assert_in_range(at, COUNT_OF(members) - 1, COUNT_OF(members)); /* hmac: with a key only */
	assert_int_equal(json_integer_value(json_object_get(json, "seq")), reader->sequence + 1);
	assert_string_equal(json_string_value(json_object_get(json, "previous")), reader->head);
	if (strcmp(json_string_value(json_object_get(json, "phase")), "recovered") == 0)
		read_recovered(reader, line, json);
	assert_null(reader->torn);
	reader->sequence++;
	hash_bytes(line, size, reader->head);
	json_decref(json);
}

/* Goes on with one more file of the trail. Fails the test when it is not one
 * unbroken chain with what was read before. */
static inline void read_more(struct scratch *scratch, const char *path, struct reader *reader)
{
	const char *line;
	const char *end;

	reader->data = scratch_read(scratch, path, &reader->size);
	for (line = reader->data;
	     (end = memchr(line, '\n', reader->size - (size_t)(line - reader->data))); line = end + 1)
		read_line(reader, line, (size_t)(end + 1 - line));
	assert_int_equal(line - reader->data, reader->size);
	assert_null(reader->torn);
}

static inline struct reader read_trail(struct scratch *scratch, const char *path)
{
	struct reader reader = {0};

	memset(reader.head, '0', HASH_TEXT - 1);
	read_more(scratch, path, &reader);
	return reader;
}

/* Every rotated file by its number, then the file itself. */
static inline struct reader read_all_files(struct scratch *scratch, const char *path, size_t *ret_files)
{
	struct reader reader = {0};
	struct audit_files files;
	struct error error = {0};

	memset(reader.head, '0', HASH_TEXT - 1);
	assert_int_equal(audit_files_list(path, &files, &error), STATUS_OK);
	for (size_t i = 0; i < files.count; i++) {
		read_more(scratch, files.items[i].path, &reader);
		assert_int_equal(reader.sequence, files.items[i].last);
	}
	if (file_exists(path))
		read_more(scratch, path, &reader);
	*ret_files = files.count + file_exists(path);
	audit_files_free(&files);
	return reader;
}

#endif
