/* leftover.c - a log or journal whose database is gone. SQLite deletes one that it finds
 * beside an absent or empty file, with the committed rows that a log may hold; so such
 * a file is not opened, nor made. Only looked at here: nothing is opened but the journal. */
#include "sqlite/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A rollback journal's header: the database's size in pages before the transaction. */
#define PAGES_AT 16
#define PAGES_SIZE 4

/* The bytes of the file NAME-wal or NAME-journal; 0: none, or it is no file. */
static int64_t size_of(const char *path)
{
	struct stat found;
	return lstat(path, &found) == 0 && S_ISREG(found.st_mode) ? (int64_t)found.st_size : 0;
}

/* A journal of a database that held nothing before leads back to nothing: it is what a kill in
 * the first transaction leaves. One that cannot be read may lead back to something. */
static bool leads_back_to_pages(const char *path)
{
	unsigned char pages[PAGES_SIZE] = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno != ENOENT;
	ssize_t size = pread(fd, pages, sizeof(pages), PAGES_AT);
	close(fd);
	return size < 0 || pages[0] || pages[1] || pages[2] || pages[3];
}

/* Somebody may have made the database since the caller looked. */
static bool database_is_there(const struct elq_connection *connection)
{
	struct stat found;
	return lstat(connection->location.path, &found) == 0 && found.st_size > 0;
}

static int32_t refuse(struct elq_connection *connection, const char *path, int64_t size, bool log)
{
	return sqlkit_fail(
		connection->call, ELQ_ERR_CONNECT,
		"put the database's file back beside it, or move this one aside; then run again",
		"%s lies there with %lld bytes and its database %s does not (or is empty): "
		"SQLite would delete it%s",
		path, (long long)size, connection->location.path,
		log ? ", and the committed rows in it" : "");
}

int32_t leftover_check(struct elq_connection *connection)
{
	static const char *const endings[] = {"-wal", "-journal"};
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		char *path = sqlite3_mprintf("%s%s", connection->location.path, endings[i]);
		if (!path)
			return failure_no_memory(connection->call);
		bool log = i == 0;
		int64_t size = size_of(path);
		int32_t status = ELQ_OK;
		if (size > 0 && (log || leads_back_to_pages(path)) && !database_is_there(connection))
			status = refuse(connection, path, size, log);
		sqlite3_free(path);
		if (status != ELQ_OK)
			return status;
	}
	return ELQ_OK;
}
