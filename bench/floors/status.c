/* status.c - the floor of migrate:status: opens the same database file, reads
 * every row of the tracker, and opens, reads and hashes every migration file.
 * It compares and prints nothing: what the program does beyond this is what is
 * measured.
 *
 *     bench_status DATABASE FOLDER */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int read_tracker(const char *path)
{
	sqlite3 *database = NULL;
	sqlite3_stmt *rows = NULL;
	int count = 0;
	int code;

	if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) ||
	    sqlite3_prepare_v2(database, "SELECT * FROM main.eloquent_history ORDER BY sequence", -1,
			       &rows, NULL))
		floor_fail("%s: %s", path, sqlite3_errmsg(database));
	while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(rows); i++)
			(void)sqlite3_column_text(rows, i);
		count++;
	}
	if (code != SQLITE_DONE)
		floor_fail("%s: %s", path, sqlite3_errmsg(database));
	sqlite3_finalize(rows);
	sqlite3_close(database);
	return count;
}

static void hash_files(const char *path)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct floor_buffer buffer = {0};
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct floor_names names;

	if (folder < 0)
		floor_fail("%s: %s", path, strerror(errno));
	names = floor_list(folder);
	for (size_t i = 0; i < names.count; i++) {
		struct sha256_ctx context;

		floor_read(folder, names.items[i], &buffer);
		sha256_init(&context);
		sha256_update(&context, buffer.size, (const uint8_t *)buffer.data);
		sha256_digest(&context, sizeof(digest), digest);
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		floor_fail("usage: bench_status DATABASE FOLDER");
	if (read_tracker(argv[1]) == 0)
		floor_fail("%s: the tracker is empty", argv[1]);
	hash_files(argv[2]);
	return 0;
}
