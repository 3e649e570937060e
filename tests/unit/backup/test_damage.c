/* Every byte of a backup counts: flipped, cut off or added, it is refused, and the live
 * database is not touched. */
#include "support.h"

#include <zstd.h>

#define SIZE 65536

/* Compresses `size` bytes that hardly shrink; returns the file's path. */
static const char *packed(struct yard *yard, size_t size, struct backup *ret)
{
	struct pack *pack = NULL;
	const char *path = arena_printf(&yard->arena, "%s/packed-%zu", yard->root, size);
	char *data = mem_alloc(size + 1);
	uint64_t word = 88172645463325252u;
	for (size_t i = 0; i < size; i++) {
		word ^= word << 13, word ^= word >> 7, word ^= word << 17;
		data[i] = (char)word;
	}
	yard_must(yard, pack_open(&yard->store, path, &pack, &yard->error));
	struct byte_sink sink = pack_sink(pack);
	for (size_t at = 0; at < size; at += 10000)
		yard_must(yard, sink.write(sink.context, data + at,
					   size - at < 10000 ? size - at : 10000, &yard->error));
	yard_must(yard, pack_finish(pack, &yard->arena, ret, &yard->error));
	pack_free(pack);
	mem_free(data);
	return path;
}

/* Reads to the end as a restore does. The end is reported for a whole file only. */
static enum status read_all(struct yard *yard, const char *path, const struct backup *backup)
{
	static char buffer[SIZE];
	struct unpack *unpack = NULL;
	size_t got = 1;
	error_clear(&yard->error);
	enum status status = unpack_open(&yard->store, path, backup, &unpack, &yard->error);
	if (status)
		return status;
	struct byte_source source = unpack_source(unpack);
	while (!status && got)
		status = source.read(source.context, buffer, sizeof(buffer), &got, &yard->error);
	assert_int_equal(unpack_is_whole(unpack), status == STATUS_OK);
	unpack_free(unpack);
	return status;
}

static void what_is_whole_is_read_whatever_its_size(void **state)
{
	struct yard *yard = *state;
	static const size_t sizes[] = {0, 1, 4096, 131071, 131072, 131073, 1048576, 5000000};
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct backup backup = {0};
		const char *path = packed(yard, sizes[i], &backup);
		assert_int_equal(backup.size, sizes[i]);
		assert_string_equal(backup.stored_sha256, yard_hash(yard, path));
		yard_must(yard, read_all(yard, path, &backup));
	}
}

static void any_byte_flipped_is_found(void **state)
{
	struct yard *yard = *state;
	struct backup backup = {0};
	const char *path = packed(yard, SIZE, &backup);
	TEXT_CLEANUP struct text bytes = {0};
	yard_must(yard, file_read(path, TEXT_CAP, &bytes, &yard->error));
	assert_true(bytes.size >= SIZE);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	for (size_t i = 0; i < bytes.size; i++) {
		char flipped = (char)(bytes.data[i] ^ (1 << (i % 8)));
		assert_int_equal(pwrite(fd, &flipped, 1, (off_t)i), 1);
		if (read_all(yard, path, &backup) != STATUS_CORRUPT)
			fail_msg("byte %zu of %zu went unseen", i, bytes.size);
		assert_int_equal(pwrite(fd, &bytes.data[i], 1, (off_t)i), 1);
	}
	close(fd);
	error_clear(&yard->error);
	yard_must(yard, read_all(yard, path, &backup));
}

static void any_length_but_its_own_is_found(void **state)
{
	struct yard *yard = *state;
	struct backup backup = {0};
	const char *path = packed(yard, SIZE, &backup);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, backup.stored_size + 1), 0);
	assert_int_equal(read_all(yard, path, &backup), STATUS_CORRUPT);
	for (int64_t size = backup.stored_size - 1; size >= 0; size--) {
		assert_int_equal(ftruncate(fd, size), 0);
		if (read_all(yard, path, &backup) != STATUS_CORRUPT)
			fail_msg("the first %lld bytes were taken for all", (long long)size);
	}
	close(fd);
}

/* The manifest's length is not believed either: what follows is that of the bytes. */
static void a_cut_off_file_is_found_by_its_content_too(void **state)
{
	struct yard *yard = *state;
	struct backup backup = {0};
	const char *path = packed(yard, SIZE, &backup);
	for (int64_t size = backup.stored_size - 1; size > 0; size -= 997) {
		struct backup shorter = backup;
		shorter.stored_size = size;
		assert_int_equal(truncate(path, size), 0);
		assert_int_equal(read_all(yard, path, &shorter), STATUS_CORRUPT);
	}
}

static void append(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, data, size), (ssize_t)size);
	close(fd);
}

/* Another frame behind the first decompresses with zstd's own tool. */
static void a_second_frame_is_no_part_of_a_backup(void **state)
{
	struct yard *yard = *state;
	struct backup backup = {0};
	char frame[64];
	const char *path = packed(yard, SIZE, &backup);
	size_t size = ZSTD_compress(frame, sizeof(frame), "more", 4, 1);
	append(path, frame, size);
	backup.stored_size += (int64_t)size;
	yard_fails(yard, read_all(yard, path, &backup), STATUS_CORRUPT, "bytes follow its end");
}

/* A frame may ask its reader for gigabytes. */
static void a_frame_that_asks_for_too_much_memory_is_refused(void **state)
{
	struct yard *yard = *state;
	static const unsigned char greedy[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00};
	const char *path = path_join(&yard->arena, yard->root, "greedy");
	struct backup backup = {.size = 1 << 20, .stored_size = sizeof(greedy)};
	yard_must(yard, file_create(path, 0600, (const char *)greedy, sizeof(greedy), &yard->error));
	yard_fails(yard, read_all(yard, path, &backup), STATUS_CORRUPT, "too much memory");
}

static void a_link_in_the_place_of_a_dump_is_not_followed(void **state)
{
	struct yard *yard = *state;
	struct backup backup = {0};
	const char *path = packed(yard, SIZE, &backup);
	const char *link = path_join(&yard->arena, yard->root, "link");
	assert_int_equal(symlink(path, link), 0);
	yard_fails(yard, read_all(yard, link, &backup), STATUS_IO, "link");
}

/* The same through the whole of verification, on a real database. */
static void no_damaged_backup_is_verified_and_the_live_database_stays(void **state)
{
	struct yard *yard = *state;
	yard_sql(yard,
		 "CREATE TABLE t (a); WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
		 "WHERE n < 60) INSERT INTO t SELECT randomblob(1000) FROM c");
	yard_open(yard);
	struct backup taken = yard_take(yard);
	const char *live = yard_hash(yard, yard->file);
	const char *path = path_join(&yard->arena, yard->folder, taken.file);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	for (int64_t i = 0; i < taken.stored_size; i += taken.stored_size / 60) {
		char byte;
		struct backup backup = taken;
		assert_int_equal(pread(fd, &byte, 1, (off_t)i), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)i), 1);
		error_clear(&yard->error);
		assert_int_equal(backup_verify(&yard->store, yard->database, &yard->arena, &backup,
					       NULL, &yard->error),
				 STATUS_CORRUPT);
		assert_int_equal(backup.level, BACKUP_FAILED);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)i), 1);
	}
	close(fd);
	error_clear(&yard->error);
	assert_string_equal(yard_hash(yard, yard->file), live);
	yard_is_clean(yard);
	yard_must(yard, backup_verify(&yard->store, yard->database, &yard->arena, &taken, NULL,
				      &yard->error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_whole_is_read_whatever_its_size),
		CASE(any_byte_flipped_is_found),
		CASE(any_length_but_its_own_is_found),
		CASE(a_cut_off_file_is_found_by_its_content_too),
		CASE(a_second_frame_is_no_part_of_a_backup),
		CASE(a_frame_that_asks_for_too_much_memory_is_refused),
		CASE(a_link_in_the_place_of_a_dump_is_not_followed),
		CASE(no_damaged_backup_is_verified_and_the_live_database_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
