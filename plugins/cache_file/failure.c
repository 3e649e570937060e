/* failure.c - LMDB's and the system's errors as the host's: which code, whose words,
 * and what a person can do about it. */
#include "cache_file/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int32_t fail(const struct elq_call *call, int32_t code, const char *hint, const char *format, ...)
{
	char message[1024];
	va_list args;
	va_start(args, format);
	int size = vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (size < 0)
		size = 0;
	if ((size_t)size >= sizeof(message))
		size = sizeof(message) - 1;
	const struct elq_error error = {
		.struct_size = sizeof(error),
		.code = code,
		.statement = -1,
		.offset = -1,
		.message = {message, (uint64_t)size},
		.hint = {hint, hint != NULL ? strlen(hint) : 0},
	};
	call->host->set_error(call, &error);
	return code;
}

int32_t fail_memory(const struct elq_call *call)
{
	return fail(call, ELQ_ERR_NOMEM, NULL, "the file cache ran out of memory");
}

static bool damaged(int rc)
{
	switch (rc) {
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_PANIC:
	case MDB_INCOMPATIBLE:
		return true;
	default:
		return false;
	}
}

int32_t fail_lmdb(const struct elq_call *call, struct elq_cache_store *store, int rc, const char *what)
{
	struct counters *counters = counters_of(call, store, false);
	if (counters != NULL)
		atomic_fetch_add(&counters->errors, 1);
	if (rc == ENOMEM)
		return fail_memory(call);
	if (damaged(rc))
		return fail(call, ELQ_ERR_CORRUPT,
			    "it is only a cache: remove its folder, and it is made anew",
			    "the cache in %s is damaged: %s", store->dir, mdb_strerror(rc));
	if (rc == ENOSPC || rc == EDQUOT || rc == EFBIG)
		return fail(call, ELQ_ERR_FAILED,
			    "free some space on the disk that holds it, or set its dir to another one",
			    "the cache in %s cannot be %s: %s", store->dir, what, mdb_strerror(rc));
	if (rc == EIO) /* also what LMDB says when only a part could be written */
		return fail(call, ELQ_ERR_FAILED,
			    "look at the disk that holds it: its space, its limits, its log",
			    "the cache in %s cannot be %s: %s", store->dir, what, mdb_strerror(rc));
	if (rc == EACCES || rc == EPERM || rc == EROFS)
		return fail(call, ELQ_ERR_CONNECT,
			    "give this user the right to write the folder and its files",
			    "the cache in %s cannot be %s: %s", store->dir, what, mdb_strerror(rc));
	return fail(call, ELQ_ERR_FAILED, NULL, "the cache in %s cannot be %s: %s", store->dir, what,
		    mdb_strerror(rc));
}
