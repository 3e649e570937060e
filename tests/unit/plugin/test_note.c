/* The identity note: read from the file alone, and refused with one sentence when
 * anything about it is not as it must be. The corpus of tests/fuzz holds one
 * small ELF file per rule. */
#include "scene.h"

#include <elf.h>
#include <sys/mman.h>

static int memory_file(const void *data, size_t size)
{
	int fd = memfd_create("note", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, data, size), STATUS_OK);
	return fd;
}

static enum status read_corpus(struct scene *scene, const char *name, struct elq_note *ret)
{
	TEXT_CLEANUP struct text bytes = {0};
	char path[4096];
	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/note/%s", TEST_SOURCE_DIR, name);
	assert_int_equal(file_read(path, TEXT_CAP, &bytes, &scene->error), STATUS_OK);
	CLEANUP(fd_close) int fd = memory_file(text_string(&bytes), bytes.size);
	return note_read(fd, "the file", ret, &scene->error);
}

static void a_sound_note_is_read(void **state)
{
	static const char *const names[] = {"accepted", "accepted_beside_build_id",
					    "accepted_aligned_to_8", "accepted_longer",
					    "accepted_unpadded_end"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct scene scene;
		struct elq_note note;
		scene_open(&scene);
		assert_int_equal(read_corpus(&scene, names[i], &note), STATUS_OK);
		assert_int_equal(note.kind, ELQ_KIND_DRIVER);
		assert_string_equal(note.name, "sqlite");
		assert_string_equal(note.version, "1.0.0");
		assert_string_equal(note.family, "sql");
		assert_string_equal(note.schemes, "sqlite sqlite3");
		assert_string_equal(note.language, "sql");
		scene_close(&scene);
	}
}

static void each_malformed_file_has_its_own_sentence(void **state)
{
	static const struct {
		const char *file;
		const char *says;
	} cases[] = {
		{"empty", "is not an ELF file"},
		{"magic_only", "is truncated"},
		{"no_segments", "has no program headers"},
		{"no_note", "carries no eloquent note"},
		{"two_notes", "carries 2 eloquent notes instead of one"},
		{"two_segments", "carries 2 eloquent notes instead of one"},
		{"bad_magic", "its note begins with 0x00000001 instead of 0x454c514e"},
		{"cut_note", "its note is cut off: it says 212 bytes, holds 100"},
		{"cut_size", "its note is cut off: it says 5000 bytes, holds 212"},
		{"name_unterminated", "member \"name\" is malformed"},
		{"name_padded_with_junk", "member \"name\" is malformed"},
		{"bad_schemes", "member \"schemes\" is malformed"},
		{"bad_schemes_end", "member \"schemes\" is malformed"},
		{"bad_schemes_letter", "member \"schemes\" is malformed"},
		{"huge_name_size", "malformed note segment"},
		{"huge_desc_size", "malformed note segment"},
		{"segment_outside", "is truncated"},
		{"segments_outside", "is truncated"},
		{"sections_outside", "is truncated"},
		{"many_segments", "has 65535 program headers; the cap is"},
		{"other_machine", "was built for another machine"},
		{"class_32", "is not a 64-bit ELF file"},
		{"executable", "not a shared object"},
		{"strange_alignment", "aligned to neither 4 nor 8"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct scene scene;
		struct elq_note note = {.kind = 77};
		scene_open(&scene);
		assert_int_equal(read_corpus(&scene, cases[i].file, &note), STATUS_PLUGIN_REFUSED);
		assert_says(&scene, "the file: ");
		assert_says(&scene, cases[i].says);
		assert_int_equal(note.kind, 77);
		scene_close(&scene);
	}
}

/* So that plugin:list can show what it is that it refuses. */
static void a_note_of_another_draft_is_read_and_its_nonsense_emptied(void **state)
{
	struct scene scene;
	struct elq_note note;
	(void)state;
	scene_open(&scene);
	assert_int_equal(read_corpus(&scene, "other_draft", &note), STATUS_OK);
	assert_int_equal(note.abi_minor, 99);
	assert_string_equal(note.name, "");
	assert_string_equal(note.version, "1.0.0");
	scene_close(&scene);
}

static void a_real_plugin_cut_anywhere_in_its_first_4_kib_is_refused(void **state)
{
	struct scene scene;
	TEXT_CLEANUP struct text bytes = {0};
	struct elq_note note;
	(void)state;
	scene_open(&scene);
	scene_zoo_bytes("good", &bytes);
	assert_true(bytes.size > 4096);
	CLEANUP(fd_close) int fd = memory_file(bytes.data, bytes.size);
	assert_int_equal(note_read(fd, "it", &note, &scene.error), STATUS_OK);
	for (off_t size = 4096; size >= 0; size--) {
		assert_int_equal(ftruncate(fd, size), 0);
		assert_int_equal(note_read(fd, "it", &note, &scene.error), STATUS_PLUGIN_REFUSED);
		assert_says(&scene, size < SELFMAG ? "is not an ELF file" : "is truncated");
	}
	scene_close(&scene);
}

static void a_real_plugin_without_its_last_byte_is_refused(void **state)
{
	struct scene scene;
	TEXT_CLEANUP struct text bytes = {0};
	struct elq_note note;
	(void)state;
	scene_open(&scene);
	scene_zoo_bytes("good", &bytes);
	CLEANUP(fd_close) int fd = memory_file(bytes.data, bytes.size - 1);
	assert_int_equal(note_read(fd, "it", &note, &scene.error), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "is truncated");
	scene_close(&scene);
}

/* Whatever single byte of the headers is damaged, the answer is an answer. */
static void no_damaged_header_byte_makes_it_crash(void **state)
{
	struct scene scene;
	TEXT_CLEANUP struct text bytes = {0};
	(void)state;
	scene_open(&scene);
	scene_zoo_bytes("good", &bytes);
	CLEANUP(fd_close) int fd = memory_file(bytes.data, bytes.size);
	for (off_t at = 0; at < 1536; at++) {
		static const unsigned char values[] = {0x00, 0x01, 0x7f, 0xff};
		for (size_t i = 0; i < COUNT_OF(values); i++) {
			ERROR_CLEANUP struct error error = {0};
			struct elq_note note;
			assert_int_equal(pwrite(fd, &values[i], 1, at), 1);
			enum status status = note_read(fd, "it", &note, &error);
			assert_true(status == STATUS_OK || status == STATUS_PLUGIN_REFUSED);
			assert_true((status == STATUS_OK) == (error.message == NULL));
		}
		assert_int_equal(pwrite(fd, bytes.data + at, 1, at), 1);
	}
	scene_close(&scene);
}

/* Nobody's note is that long; reading it would only cost memory. */
static void a_note_segment_above_the_cap_is_refused(void **state)
{
	struct scene scene;
	TEXT_CLEANUP struct text bytes = {0};
	struct elq_note note;
	Elf64_Phdr segment;
	(void)state;
	scene_open(&scene);
	const char *path = path_join(&scene.arena, TEST_SOURCE_DIR, "tests/fuzz/corpus/note/accepted");
	assert_int_equal(file_read(path, TEXT_CAP, &bytes, &scene.error), STATUS_OK);
	CLEANUP(fd_close) int fd = memory_file(bytes.data, bytes.size);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	memcpy(&segment, bytes.data + sizeof(Elf64_Ehdr), sizeof(segment));
	for (uint64_t over = 0; over < 2; over++) {
		segment.p_filesz = ((uint64_t)64 << 10) + over;
		assert_int_equal(pwrite(fd, &segment, sizeof(segment), sizeof(Elf64_Ehdr)),
				 sizeof(segment));
		assert_int_equal(note_read(fd, "it", &note, &scene.error),
				 over ? STATUS_PLUGIN_REFUSED : STATUS_OK);
	}
	assert_says(&scene, "has a note segment of 65537 bytes; the cap is 65536");
	scene_close(&scene);
}

static void what_is_no_file_is_refused(void **state)
{
	struct scene scene;
	struct elq_note note;
	int pipes[2];
	(void)state;
	scene_open(&scene);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(note_read(pipes[0], "it", &note, &scene.error), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "is not a regular file");
	assert_int_equal(note_read(-1, "it", &note, &scene.error), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "cannot be read");
	close(pipes[0]);
	close(pipes[1]);
	scene_close(&scene);
}

static void kinds_have_names_and_other_words_are_no_kinds(void **state)
{
	uint32_t kind = 0;
	(void)state;
	assert_string_equal(kind_name(ELQ_KIND_DRIVER), "driver");
	assert_string_equal(kind_name(ELQ_KIND_SEEDER), "seeder");
	assert_string_equal(kind_name(ELQ_KIND_CACHE), "cache");
	assert_null(kind_name(0));
	assert_null(kind_name(4));
	assert_true(kind_parse("cache", &kind));
	assert_int_equal(kind, ELQ_KIND_CACHE);
	assert_false(kind_parse("Driver", &kind));
	assert_false(kind_parse("", &kind));
	assert_int_equal(kind, ELQ_KIND_CACHE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_note_is_read),
		cmocka_unit_test(each_malformed_file_has_its_own_sentence),
		cmocka_unit_test(a_note_of_another_draft_is_read_and_its_nonsense_emptied),
		cmocka_unit_test(a_real_plugin_cut_anywhere_in_its_first_4_kib_is_refused),
		cmocka_unit_test(a_real_plugin_without_its_last_byte_is_refused),
		cmocka_unit_test(no_damaged_header_byte_makes_it_crash),
		cmocka_unit_test(a_note_segment_above_the_cap_is_refused),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(kinds_have_names_and_other_words_are_no_kinds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
