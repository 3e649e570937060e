/* stream.c - a dump on its way to a file and back: compressed with zstd, every byte
 * hashed on both sides of the compressor. Memory stays the same whatever the size.
 *
 * Compressing happens on zstd's own threads, while this one reads the database and
 * hashes. Jobs are kept small: their buffers are the largest part of our memory. */
#define ZSTD_STATIC_LINKING_ONLY /* for ZSTD_createCCtx_advanced, which shared libraries export too */
#include "backup/private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#define WORKERS 2
#define JOB_SIZE (1 << 20) /* bytes that a worker compresses at once */
#define WINDOW_LOG 20      /* 1 MiB: what a level 3 gains by more is under 1 % */
#define WINDOW_LOG_MAX 23  /* a frame that asks for more memory is not ours */
#define BUFFER_SIZE ((size_t)128 << 10)

static void finish_hash(struct sha256_ctx *context, struct arena *arena, const char **ret)
{
	uint8_t raw[HASH_SIZE];
	char text[HASH_TEXT];
	sha256_digest(context, sizeof(raw), raw);
	hex_encode(raw, sizeof(raw), text);
	*ret = arena_text(arena, text);
}

/* ---- to a file --------------------------------------------------------------------------- */

struct pack {
	const struct backup_store *store;
	struct progress progress;
	char *path;
	int fd;
	ZSTD_CCtx *zstd;
	struct sha256_ctx raw;
	struct sha256_ctx stored;
	int64_t size;
	int64_t stored_size;
	char buffer[BUFFER_SIZE];
};

static enum status fail_zstd(const struct pack *pack, size_t code, struct error *error)
{
	return error_set(error, STATUS_FAILED, "compressing %s failed: %s", pack->path,
			 ZSTD_getErrorName(code));
}

static enum status set_parameters(struct pack *pack, struct error *error)
{
	const struct {
		ZSTD_cParameter parameter;
		int value;
		bool optional; /* a library without threads refuses it */
	} parameters[] = {
		{ZSTD_c_compressionLevel, (int)pack->store->level, false},
		{ZSTD_c_windowLog, WINDOW_LOG, false},
		{ZSTD_c_checksumFlag, 1, false},
		{ZSTD_c_nbWorkers, WORKERS, true},
		{ZSTD_c_jobSize, JOB_SIZE, true},
	};
	for (size_t i = 0; i < COUNT_OF(parameters); i++) {
		size_t code = ZSTD_CCtx_setParameter(pack->zstd, parameters[i].parameter,
						     parameters[i].value);
		if (ZSTD_isError(code) && !parameters[i].optional)
			return fail_zstd(pack, code, error);
	}
	return STATUS_OK;
}

/* With several workers libzstd 1.5 goes through a null pointer when an allocation fails
 * between two blocks. Ours does not come back from that. */
static void *zstd_alloc(void *opaque, size_t size)
{
	(void)opaque;
	return mem_alloc(size);
}

static void zstd_free(void *opaque, void *address)
{
	(void)opaque;
	mem_free(address);
}

static const ZSTD_customMem memory = {.customAlloc = zstd_alloc, .customFree = zstd_free};

enum status pack_open(const struct backup_store *store, const char *path, struct pack **ret,
		      struct error *error)
{
	struct pack *pack = mem_alloc(sizeof(*pack));
	pack->store = store;
	pack->path = mem_text(path);
	progress_begin(&pack->progress, store->observer, NULL, 0, "backing up %s", store->connection);
	sha256_init(&pack->raw);
	sha256_init(&pack->stored);
	pack->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum status status = STATUS_OK;
	if (pack->fd < 0)
		status = store_fail("create", path, errno, error);
	pack->zstd = ZSTD_createCCtx_advanced(memory);
	if (!status)
		status = set_parameters(pack, error);
	if (status)
		pack_free(pack);
	else
		*ret = pack;
	return status;
}

static enum status write_out(struct pack *pack, size_t size, struct error *error)
{
	if (fd_write_all(pack->fd, pack->buffer, size))
		return store_fail("write", pack->path, errno, error);
	sha256_update(&pack->stored, size, (const uint8_t *)pack->buffer);
	pack->stored_size += (int64_t)size;
	return STATUS_OK;
}

/* Feeds the compressor and writes what comes out, until it took all (or, ending, gave all). */
static enum status compress(struct pack *pack, const void *data, size_t size,
			    ZSTD_EndDirective directive, struct error *error)
{
	ZSTD_inBuffer in = {.src = data, .size = size};
	for (;;) {
		ZSTD_outBuffer out = {.dst = pack->buffer, .size = BUFFER_SIZE};
		size_t left = ZSTD_compressStream2(pack->zstd, &out, &in, directive);
		if (ZSTD_isError(left))
			return fail_zstd(pack, left, error);
		enum status status = out.pos ? write_out(pack, out.pos, error) : STATUS_OK;
		if (status)
			return status;
		if (directive == ZSTD_e_end ? left == 0 : in.pos == in.size)
			return STATUS_OK;
	}
}

static enum status pack_write(void *context, const void *data, size_t size, struct error *error)
{
	struct pack *pack = context;
	enum status status = store_check_stop(pack->store, error);
	if (status)
		return status;
	sha256_update(&pack->raw, size, data);
	pack->size += (int64_t)size;
	progress_step(&pack->progress, pack->size);
	return compress(pack, data, size, ZSTD_e_continue, error);
}

struct byte_sink pack_sink(struct pack *pack)
{
	return (struct byte_sink){.context = pack, .write = pack_write};
}

enum status pack_finish(struct pack *pack, struct arena *arena, struct backup *ret, struct error *error)
{
	enum status status = compress(pack, NULL, 0, ZSTD_e_end, error);
	if (status)
		return status;
	/* After a failed sync nobody knows what is on the disk: the backup is given up. */
	int fd = pack->fd;
	bool synced = fd_sync(fd) == 0;
	pack->fd = -1;
	if (close(fd) != 0 || !synced)
		return store_fail("write", pack->path, errno, error);
	ret->size = pack->size;
	ret->stored_size = pack->stored_size;
	finish_hash(&pack->raw, arena, &ret->sha256);
	finish_hash(&pack->stored, arena, &ret->stored_sha256);
	return STATUS_OK;
}

void pack_free(struct pack *pack)
{
	if (!pack)
		return;
	progress_end(&pack->progress);
	fd_close(&pack->fd);
	ZSTD_freeCCtx(pack->zstd);
	mem_free(pack->path);
	mem_free(pack);
}

/* ---- and back --------------------------------------------------------------------------------- */

struct unpack {
	const struct backup_store *store;
	struct progress progress;
	const struct backup *backup;
	char *path;
	int fd;
	ZSTD_DCtx *zstd;
	struct sha256_ctx raw;
	struct sha256_ctx stored;
	int64_t size;
	int64_t stored_size;
	ZSTD_inBuffer in;
	bool frame_ended;
	bool whole;
	char buffer[BUFFER_SIZE];
};

static enum status damaged(const struct unpack *unpack, const char *what, struct error *error)
{
	error_set(error, STATUS_CORRUPT, "%s is damaged: %s", unpack->path, what);
	error_hint(error, "do not use it; eloquent db:backup:list shows the others");
	return STATUS_CORRUPT;
}

enum status unpack_open(const struct backup_store *store, const char *path, const struct backup *backup,
			struct unpack **ret, struct error *error)
{
	struct unpack *unpack = mem_alloc(sizeof(*unpack));
	struct stat found;
	enum status status = STATUS_OK;
	unpack->store = store;
	unpack->backup = backup;
	unpack->path = mem_text(path);
	progress_begin(&unpack->progress, store->observer, NULL, backup->size, "verifying %s",
		       backup->id);
	unpack->in.src = unpack->buffer;
	sha256_init(&unpack->raw);
	sha256_init(&unpack->stored);
	unpack->zstd = ZSTD_createDCtx();
	unpack->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (unpack->fd < 0 && errno == ENOENT)
		status = damaged(unpack, "the file is gone", error);
	else if (unpack->fd < 0 || fstat(unpack->fd, &found) != 0)
		status = error_set(error, STATUS_IO, "cannot read %s: %s", path, strerror(errno));
	else if (!S_ISREG(found.st_mode))
		status = damaged(unpack, "it is no regular file", error);
	else if (found.st_size != backup->stored_size)
		status = damaged(unpack, "its length is not the manifest's", error);
	else if (!unpack->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(unpack->zstd, ZSTD_d_windowLogMax,
								      WINDOW_LOG_MAX)))
		status = error_set(error, STATUS_NO_MEMORY, "no memory to decompress %s", path);
	if (status)
		unpack_free(unpack);
	else
		*ret = unpack;
	return status;
}

/* *ret_end: the file has no more. */
static enum status read_in(struct unpack *unpack, bool *ret_end, struct error *error)
{
	ssize_t got;
	do {
		got = read(unpack->fd, unpack->buffer, BUFFER_SIZE);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set(error, STATUS_IO, "cannot read %s: %s", unpack->path, strerror(errno));
	unpack->in.size = (size_t)got;
	unpack->in.pos = 0;
	unpack->stored_size += got;
	sha256_update(&unpack->stored, (size_t)got, (const uint8_t *)unpack->buffer);
	*ret_end = got == 0;
	return STATUS_OK;
}

static bool hash_is(struct sha256_ctx *context, const char *expected)
{
	uint8_t raw[HASH_SIZE];
	char text[HASH_TEXT];
	sha256_digest(context, sizeof(raw), raw);
	hex_encode(raw, sizeof(raw), text);
	return text_equal(text, expected);
}

/* Everything arrived: is it what was written? */
static enum status judge(struct unpack *unpack, struct error *error)
{
	if (unpack->whole)
		return STATUS_OK;
	if (!unpack->frame_ended)
		return damaged(unpack, "it ends too early", error);
	if (unpack->stored_size != unpack->backup->stored_size ||
	    !hash_is(&unpack->stored, unpack->backup->stored_sha256))
		return damaged(unpack, "its hash is not the manifest's", error);
	if (unpack->size != unpack->backup->size || !hash_is(&unpack->raw, unpack->backup->sha256))
		return damaged(unpack, "what it decompresses to is not what the manifest says", error);
	unpack->whole = true;
	return STATUS_OK;
}

/* One step of the decompressor into `out`. *ret_end: nothing will come any more. */
static enum status step(struct unpack *unpack, ZSTD_outBuffer *out, bool *ret_end, struct error *error)
{
	enum status status = STATUS_OK;
	if (unpack->in.pos == unpack->in.size) {
		bool end = false;
		status = read_in(unpack, &end, error);
		if (status || end) {
			*ret_end = end;
			return status;
		}
	}
	if (unpack->frame_ended)
		return damaged(unpack, "bytes follow its end", error);
	size_t left = ZSTD_decompressStream(unpack->zstd, out, &unpack->in);
	if (ZSTD_isError(left))
		return damaged(unpack, ZSTD_getErrorName(left), error);
	unpack->frame_ended = left == 0;
	return STATUS_OK;
}

static enum status unpack_read(void *context, void *buffer, size_t capacity, size_t *ret_size,
			       struct error *error)
{
	struct unpack *unpack = context;
	ZSTD_outBuffer out = {.dst = buffer, .size = capacity};
	bool end = false;
	enum status status = store_check_stop(unpack->store, error);
	while (!status && out.pos == 0 && !end)
		status = step(unpack, &out, &end, error);
	if (status)
		return status;
	sha256_update(&unpack->raw, out.pos, buffer);
	unpack->size += (int64_t)out.pos;
	progress_step(&unpack->progress, unpack->size);
	if (unpack->size > unpack->backup->size)
		return damaged(unpack, "it holds more than the manifest says", error);
	*ret_size = out.pos;
	return out.pos ? STATUS_OK : judge(unpack, error);
}

struct byte_source unpack_source(struct unpack *unpack)
{
	return (struct byte_source){.context = unpack, .read = unpack_read};
}

bool unpack_is_whole(const struct unpack *unpack)
{
	return unpack->whole;
}

void unpack_free(struct unpack *unpack)
{
	if (!unpack)
		return;
	progress_end(&unpack->progress);
	fd_close(&unpack->fd);
	ZSTD_freeDCtx(unpack->zstd);
	mem_free(unpack->path);
	mem_free(unpack);
}
