/* fuzz_cache_file.c - what check_metas and check_tree accept, LMDB can read from end to
 * end without a crash: any bytes as a cache's data.mdb. */
#include "base/base.h"
#include "cache_file/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every byte that a reader may be handed. */
static unsigned read_all(MDB_txn *txn, MDB_dbi tree)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	unsigned sum = 0;
	if (mdb_cursor_open(txn, tree, &cursor) != 0)
		return 0;
	while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
		for (size_t i = 0; i < key.mv_size; i++)
			sum += ((const unsigned char *)key.mv_data)[i];
		for (size_t i = 0; i < value.mv_size; i++)
			sum += ((const unsigned char *)value.mv_data)[i];
	}
	mdb_cursor_close(cursor);
	return sum;
}

static unsigned read_file(MDB_env *env, const char *path)
{
	struct shelf shelf = {.env = env};
	MDB_txn *txn;
	MDB_stat stat;
	unsigned sum = 0;
	if (mdb_env_open(env, path, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0) != 0 ||
	    mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0)
		return 0;
	if (mdb_dbi_open(txn, NULL, 0, &shelf.tree) == 0 && mdb_stat(txn, shelf.tree, &stat) == 0) {
		shelf.page_size = stat.ms_psize;
		if (check_tree(&shelf, txn) == 0)
			sum = read_all(txn, shelf.tree) + read_all(txn, 0);
	}
	mdb_txn_abort(txn);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(fd_close) int fd = memfd_create("fuzz-cache", MFD_CLOEXEC);
	char path[64];
	MDB_env *env;
	if (fd < 0 || fd_write_all(fd, (const char *)data, size) != STATUS_OK || check_metas(fd) != 0 ||
	    mdb_env_create(&env) != 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	/* Nothing is expected of the sum but that every byte was read for it. */
	__asm__ volatile("" ::"r"(read_file(env, path)));
	mdb_env_close(env);
	return 0;
}
