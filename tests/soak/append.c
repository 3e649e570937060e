/* append.c - appends records to an audit trail, as one of many processes:
 * append PATH COUNT MAX_SIZE KEY TAG. Each record's message is "TAG NUMBER"; the
 * number of each record that is on the disk is written to standard output, so
 * that whoever kills this process knows which ones must be found. KEY "-": none. */
#include "observe/observe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int append_one(struct observer *observer, const struct audit *audit, const char *tag,
		      long number)
{
	ERROR_CLEANUP struct error error = {0};
	char message[64];
	char line[32];
	int size;
	struct audit_record record = {
		.run = "0f4c1d2e9a8b7c6d5e4f3a2b1c0d9e8f",
		.actor = "soak",
		.command = "migrate:run",
		.connection = "sqlite",
		.class_name = "writes",
		.verdict = "allowed",
		.phase = "outcome",
		.duration_us = number,
		.exit_code = 0,
		.message = message,
	};

	(void)snprintf(message, sizeof(message), "%s %ld", tag, number);
	if (audit_append(observer, audit, &record, false, NULL, &error)) {
		(void)fprintf(stderr, "%s\n", error.message);
		return 1;
	}
	size = snprintf(line, sizeof(line), "%ld\n", number);
	return write(STDOUT_FILENO, line, (size_t)size) == size ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct observer *observer = observer_new();
	struct audit audit = {.enabled = true};
	int failed = argc != 6;

	if (failed) {
		(void)fprintf(stderr, "usage: append PATH COUNT MAX_SIZE KEY TAG\n");
		return 2;
	}
	audit.path = argv[1];
	audit.max_size = strtol(argv[3], NULL, 10);
	audit.key = strcmp(argv[4], "-") == 0 ? NULL : argv[4];
	for (long number = 1; number <= strtol(argv[2], NULL, 10) && !failed; number++)
		failed = append_one(observer, &audit, argv[5], number);
	observer_free(observer);
	return failed;
}
