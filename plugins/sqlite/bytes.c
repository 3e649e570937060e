/* bytes.c - the bytes of the database file, in large pieces, through the descriptor that
 * SQLite has open: another open() and close() would drop the locks of this process. */
#include "sqlite/internal.h"

#define PIECE ((sqlite3_int64)256 << 10)

static int32_t read_pieces(struct elq_connection *connection, sqlite3_file *file, char *buffer,
			   bytes_taker *take, void *context)
{
	sqlite3_int64 size = 0;
	if (file->pMethods->xFileSize(file, &size) != SQLITE_OK)
		return sqlkit_fail(connection->call, ELQ_ERR_FAILED, NULL,
				   "the size of %s cannot be read", connection->location.path);
	for (sqlite3_int64 at = 0; at < size;) {
		int part = size - at < PIECE ? (int)(size - at) : (int)PIECE;
		if (waiting_is_over(connection))
			return sqlkit_fail(connection->call, connection->stopped, NULL,
					   "reading %s was stopped", connection->location.path);
		if (file->pMethods->xRead(file, buffer, part, at) != SQLITE_OK)
			return sqlkit_fail(connection->call, ELQ_ERR_FAILED, NULL,
					   "%s cannot be read at byte %lld", connection->location.path,
					   (long long)at);
		int32_t status = take(context, buffer, (uint64_t)part);
		if (status != ELQ_OK)
			return status;
		at += part;
	}
	return ELQ_OK;
}

int32_t bytes_read(struct elq_connection *connection, bytes_taker *take, void *context)
{
	sqlite3_file *file = NULL;
	int result = sqlite3_file_control(connection->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
	if (result != SQLITE_OK || !file || !file->pMethods)
		return sqlkit_fail(connection->call, ELQ_ERR_FAILED, NULL,
				   "the bytes of %s cannot be read", connection->location.path);
	char *buffer = sqlite3_malloc64((uint64_t)PIECE);
	if (!buffer)
		return failure_no_memory(connection->call);
	int32_t status = read_pieces(connection, file, buffer, take, context);
	sqlite3_free(buffer);
	return status;
}
