/* fuzz_unpack.c - any bytes as a backup's compressed dump.
 *
 * Hostile: the input stands in the place of a dump, with the right length and hash in its
 * manifest. It is handed on up to the size that the manifest names, in no more memory
 * than the largest window that we accept, and ends in STATUS_CORRUPT.
 *
 * Damaged: the input is packed and comes back the same. Then one byte is changed, the end
 * is cut off, and something is appended: STATUS_CORRUPT, whether or not the manifest's
 * length and hash of the file were changed to fit. */
#include "check.h"

#include "backup/private.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RAW_MAX ((int64_t)12 << 20)
#define MEMORY_MAX (((size_t)8 << 20) + ((size_t)1 << 20)) /* the window, and all the rest */

/* A skippable frame: zstd finds nothing wrong with it behind another one. */
static const char empty_frame[] = {0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file of this process's own; in memory where it can be, because each is synced. */
static const char *dump_path(void)
{
	static char path[64];
	if (!path[0])
		snprintf(path, sizeof(path), "%s/eloquent-fuzz-unpack.%ld",
			 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (long)getpid());
	return path;
}

static void write_dump(const char *data, size_t size)
{
	ERROR_CLEANUP struct error error = {0};
	(void)unlink(dump_path());
	CHECK(file_create(dump_path(), 0600, data, size, &error) == STATUS_OK);
}

/* Zero under a sanitizer: its allocator does not say. */
static size_t memory_now(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

static const struct backup_store store = {.level = 3};

/* Reads to the end, or to the first failure. Of what arrived: the hash. */
static enum status read_dump(const struct backup *backup, size_t piece, char ret_hash[HASH_TEXT])
{
	ERROR_CLEANUP struct error error = {0};
	struct unpack *unpack = NULL;
	CLEANUP(mem_free_text) char *buffer = mem_alloc(piece);
	uint8_t raw[HASH_SIZE];
	struct sha256_ctx hash;
	size_t before = memory_now();
	int64_t arrived = 0;
	size_t got = 1;
	sha256_init(&hash);
	enum status status = unpack_open(&store, dump_path(), backup, &unpack, &error);
	struct byte_source source = {0};
	if (!status)
		source = unpack_source(unpack);
	while (!status && got) {
		status = source.read(source.context, buffer, piece, &got, &error);
		CHECK(memory_now() <= before + MEMORY_MAX);
		if (status)
			break;
		sha256_update(&hash, got, (const uint8_t *)buffer);
		arrived += (int64_t)got;
		CHECK(arrived <= backup->size);
	}
	CHECK(status ? error.message != NULL : unpack_is_whole(unpack));
	unpack_free(unpack);
	sha256_digest(&hash, sizeof(raw), raw);
	hex_encode(raw, sizeof(raw), ret_hash);
	return status;
}

static void describe_stored(struct backup *backup, const char *data, size_t size, char hash[HASH_TEXT])
{
	hash_bytes(data, size, hash);
	backup->stored_size = (int64_t)size;
	backup->stored_sha256 = hash;
}

/* ---- hostile --------------------------------------------------------------------------------- */

static void read_hostile(const char *data, size_t size, size_t piece)
{
	char hash[HASH_TEXT], found[HASH_TEXT];
	struct backup backup = {.size = RAW_MAX, .sha256 = ""};
	describe_stored(&backup, data, size, hash);
	write_dump(data, size);
	CHECK(read_dump(&backup, piece, found) == STATUS_CORRUPT);
}

/* ---- damaged ---------------------------------------------------------------------------------- */

static void pack(const char *data, size_t size, struct arena *arena, struct backup *ret,
		 struct text *ret_stored)
{
	ERROR_CLEANUP struct error error = {0};
	struct pack *pack = NULL;
	(void)unlink(dump_path());
	CHECK(pack_open(&store, dump_path(), &pack, &error) == STATUS_OK);
	struct byte_sink sink = pack_sink(pack);
	CHECK(sink.write(sink.context, data, size, &error) == STATUS_OK);
	CHECK(pack_finish(pack, arena, ret, &error) == STATUS_OK);
	pack_free(pack);
	CHECK(file_read(dump_path(), (size_t)RAW_MAX, ret_stored, &error) == STATUS_OK);
}

/* Refused by the manifest's hash, and by the frame itself when the hash was made to fit. Only
 * a change inside the frame that decompresses to the same bytes all the same is no damage. */
static void read_damaged(const struct backup *backup, const struct text *damaged, bool inside,
			 size_t piece)
{
	char hash[HASH_TEXT], found[HASH_TEXT];
	struct backup fitted = *backup;
	write_dump(text_string(damaged), damaged->size);
	CHECK(read_dump(backup, piece, found) == STATUS_CORRUPT);
	describe_stored(&fitted, text_string(damaged), damaged->size, hash);
	enum status status = read_dump(&fitted, piece, found);
	CHECK(status == STATUS_CORRUPT ||
	      (inside && status == STATUS_OK && strcmp(found, backup->sha256) == 0));
}

static void pack_and_damage(const char *data, size_t size, size_t place, size_t piece)
{
	CLEANUP(arena_free) struct arena arena = {0};
	TEXT_CLEANUP struct text stored = {0};
	char expected[HASH_TEXT], found[HASH_TEXT];
	struct backup backup = {0};
	pack(data, size, &arena, &backup, &stored);
	hash_bytes(data, size, expected);
	CHECK(backup.size == (int64_t)size && strcmp(backup.sha256, expected) == 0);
	CHECK(read_dump(&backup, piece, found) == STATUS_OK && strcmp(found, expected) == 0);

	place %= stored.size;
	stored.data[place] ^= 0x10;
	read_damaged(&backup, &stored, true, piece);
	stored.data[place] ^= 0x10;
	text_append(&stored, empty_frame, sizeof(empty_frame));
	read_damaged(&backup, &stored, false, piece);
	text_cut(&stored, stored.size - sizeof(empty_frame) - 1);
	read_damaged(&backup, &stored, false, piece);
	text_cut(&stored, place < stored.size ? place : 0);
	read_damaged(&backup, &stored, false, piece);
}

/* The first byte says how large the pieces are, the second and third where the damage is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = {1, 7, 4096, 131072};
	if (size < 3 || size > ((size_t)1 << 20))
		return 0;
	size_t piece = pieces[data[0] % COUNT_OF(pieces)];
	size_t place = (size_t)data[1] << 8 | data[2];
	const char *rest = (const char *)data + 3;
	if (piece >= 4096) /* a byte at a time it takes too long until 12 MiB are there */
		read_hostile(rest, size - 3, piece);
	pack_and_damage(rest, size - 3, place, piece);
	(void)unlink(dump_path());
	return 0;
}
