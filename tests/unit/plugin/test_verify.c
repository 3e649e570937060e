/* Whose file is it? Nobody but root and the effective user may be able to change
 * what is loaded, from the root folder down; and a pin holds for the very bytes
 * that are loaded. */
#include "../skip.h"
#include "scene.h"

#include "plugin/private.h"

#include <sys/mman.h>
#include <sys/wait.h>

static enum status try_open(struct scene *scene, const char *path)
{
	CLEANUP(fd_close) int fd = -1;
	error_clear(&scene->error);
	return verify_open(path, &fd, &scene->error);
}

static const char *below(struct scene *scene, const char *path)
{
	return path_join(&scene->arena, scene->folder, path);
}

static void a_file_of_ours_in_folders_of_ours_opens(void **state)
{
	struct scene scene;
	(void)state;
	scene_open(&scene);
	assert_int_equal(try_open(&scene, scene_install(&scene, "good")), STATUS_OK);
	scene_close(&scene);
}

/* /tmp, in which every scene lies, is such a folder. */
static void a_sticky_folder_of_roots_may_be_writable_by_all(void **state)
{
	struct scene scene;
	struct stat info;
	(void)state;
	assert_int_equal(stat("/tmp", &info), 0);
	if (info.st_uid != 0 || (info.st_mode & 01002) != 01002)
		SKIP_BECAUSE("/tmp is not a sticky folder of root's here");
	scene_open(&scene);
	assert_int_equal(try_open(&scene, scene_install(&scene, "good")), STATUS_OK);
	scene_close(&scene);
}

static void a_missing_file_is_missing_not_refused(void **state)
{
	struct scene scene;
	(void)state;
	scene_open(&scene);
	assert_int_equal(try_open(&scene, below(&scene, "plugins/elq_driver_none.so")),
			 STATUS_PLUGIN_MISSING);
	assert_says(&scene, "does not exist");
	assert_int_equal(try_open(&scene, below(&scene, "nowhere/elq_driver_none.so")),
			 STATUS_PLUGIN_MISSING);
	scene_close(&scene);
}

static void paths_that_are_not_plain_and_absolute_are_refused(void **state)
{
	static const char *const paths[] = {"elq_driver_good.so",
					    "./elq_driver_good.so",
					    "/tmp/../x.so",
					    "/tmp/./x.so",
					    "/tmp/",
					    "/",
					    "/."};
	struct scene scene;
	(void)state;
	scene_open(&scene);
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		assert_int_equal(try_open(&scene, paths[i]), STATUS_PLUGIN_REFUSED);
		assert_says(&scene, "absolute path");
	}
	scene_close(&scene);
}

static void doubled_slashes_mean_one(void **state)
{
	struct scene scene;
	(void)state;
	scene_open(&scene);
	scene_install(&scene, "good");
	assert_int_equal(try_open(&scene, below(&scene, "plugins//elq_driver_good.so")), STATUS_OK);
	scene_close(&scene);
}

static void a_symbolic_link_is_not_followed(void **state)
{
	struct scene scene;
	(void)state;
	scene_open(&scene);
	const char *link = below(&scene, "plugins/elq_driver_link.so");
	assert_int_equal(symlink(scene_install(&scene, "good"), link), 0);
	assert_int_equal(try_open(&scene, link), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "elq_driver_link.so is a symbolic link");
	assert_says(&scene, "real path");
	scene_close(&scene);
}

static void a_linked_folder_is_not_followed_either(void **state)
{
	struct scene scene;
	(void)state;
	scene_open(&scene);
	scene_install(&scene, "good");
	assert_int_equal(symlink(scene.plugins, below(&scene, "other")), 0);
	assert_int_equal(try_open(&scene, below(&scene, "other/elq_driver_good.so")),
			 STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "/other is a symbolic link");
	scene_close(&scene);
}

static void a_file_that_others_may_write_is_refused_with_the_mending_command(void **state)
{
	static const struct {
		mode_t mode;
		const char *says;
	} cases[] = {{0664, "writable by its group (mode 0664)"},
		     {0646, "writable by others (mode 0646)"}};
	struct scene scene;
	(void)state;
	scene_open(&scene);
	const char *path = scene_install(&scene, "good");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(chmod(path, cases[i].mode), 0);
		assert_int_equal(try_open(&scene, path), STATUS_PLUGIN_REFUSED);
		assert_says(&scene, cases[i].says);
		assert_says(&scene, arena_printf(&scene.arena, "chmod go-w %s", path));
	}
	scene_close(&scene);
}

static void an_ancestor_that_others_may_write_refuses_the_file(void **state)
{
	static const mode_t modes[] = {0777, 0775};
	struct scene scene;
	(void)state;
	scene_open(&scene);
	const char *path = scene_install(&scene, "good");
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		assert_int_equal(chmod(scene.folder, modes[i]), 0);
		assert_int_equal(try_open(&scene, path), STATUS_PLUGIN_REFUSED);
		assert_says(&scene,
			    arena_printf(&scene.arena, "the folder %s is writable by", scene.folder));
		assert_says(&scene, arena_printf(&scene.arena, "chmod go-w %s", scene.folder));
	}
	scene_close(&scene);
}

/* Others could rename what lies in a sticky folder of their own. */
static void a_sticky_folder_that_is_not_roots_does_not_pass(void **state)
{
	struct scene scene;
	(void)state;
	scene_open(&scene);
	const char *path = scene_install(&scene, "good");
	assert_int_equal(chmod(scene.folder, 01777), 0);
	if (geteuid() == 0) { /* whose folders are root's: look with another user's eyes */
		assert_int_equal(chown(scene.folder, 12345, 12345), 0);
		assert_int_equal(seteuid(12345), 0);
	}
	enum status status = try_open(&scene, path);
	assert_int_equal(seteuid(getuid()), 0);
	assert_int_equal(status, STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "is writable by others");
	scene_close(&scene);
}

static void a_file_of_somebody_elses_is_refused(void **state)
{
	struct scene scene;
	(void)state;
	if (geteuid() != 0)
		SKIP_BECAUSE("only root gives a file to another owner");
	scene_open(&scene);
	const char *path = scene_install(&scene, "good");
	assert_int_equal(chown(path, 12345, 12345), 0);
	assert_int_equal(try_open(&scene, path), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "belongs to the user 12345, neither to root nor to the user 0");
	scene_close(&scene);
}

static void what_is_no_file_is_refused(void **state)
{
	struct scene scene;
	(void)state;
	scene_open(&scene);
	assert_int_equal(try_open(&scene, scene.plugins), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "is a folder instead of a file");
	const char *fifo = below(&scene, "fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(try_open(&scene, fifo), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "is something else instead of a file");
	const char *path = scene_install(&scene, "good");
	assert_int_equal(try_open(&scene, arena_printf(&scene.arena, "%s/x", path)),
			 STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "is not a folder");
	scene_close(&scene);
}

/* ---- pins ------------------------------------------------------------------------- */

static struct plugin_config pin_of(const char *path, char hash[HASH_TEXT])
{
	ERROR_CLEANUP struct error error = {0};
	TEXT_CLEANUP struct text bytes = {0};
	assert_int_equal(file_read(path, TEXT_CAP, &bytes, &error), STATUS_OK);
	hash_bytes(bytes.data, bytes.size, hash);
	return (struct plugin_config){.name = "good",
				      .kind = "driver",
				      .sha256 = hash,
				      .origin = {LAYER_INI, "/p/eloquent.ini", 7}};
}

static enum status try_pin(struct scene *scene, const char *path, const struct plugin_config *section,
			   int *ret_fd)
{
	CLEANUP(fd_close) int fd = -1;
	assert_int_equal(verify_open(path, &fd, &scene->error), STATUS_OK);
	return verify_pin(fd, path, section, ret_fd, &scene->error);
}

static void a_right_pin_gives_a_copy_that_nobody_can_change(void **state)
{
	struct scene scene;
	char hash[HASH_TEXT];
	struct stat file, copy;
	CLEANUP(fd_close) int fd = -1;
	(void)state;
	scene_open(&scene);
	const char *path = scene_install(&scene, "good");
	struct plugin_config section = pin_of(path, hash);
	assert_int_equal(try_pin(&scene, path, &section, &fd), STATUS_OK);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(fstat(fd, &copy), 0);
	assert_int_equal(file.st_size, copy.st_size);
	assert_int_equal(fcntl(fd, F_GET_SEALS),
			 F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 1), -1);
	scene_close(&scene);
}

static void a_pin_may_be_written_in_upper_case(void **state)
{
	struct scene scene;
	char hash[HASH_TEXT];
	CLEANUP(fd_close) int fd = -1;
	(void)state;
	scene_open(&scene);
	const char *path = scene_install(&scene, "good");
	struct plugin_config section = pin_of(path, hash);
	for (char *c = hash; *c != '\0'; c++)
		if (*c >= 'a')
			*c = (char)(*c - 'a' + 'A');
	assert_int_equal(try_pin(&scene, path, &section, &fd), STATUS_OK);
	scene_close(&scene);
}

static void a_wrong_pin_names_both_hashes_and_its_line(void **state)
{
	struct scene scene;
	char hash[HASH_TEXT];
	int fd = -1;
	(void)state;
	scene_open(&scene);
	const char *path = scene_install(&scene, "good");
	struct plugin_config section = pin_of(path, hash);
	const char *right = arena_text(&scene.arena, hash);
	hash[0] = hash[0] == '0' ? '1' : '0';
	assert_int_equal(try_pin(&scene, path, &section, &fd), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, right);
	assert_says(&scene, hash);
	assert_says(&scene, "[plugin:good] in /p/eloquent.ini:7");
	assert_int_equal(fd, -1);
	scene_close(&scene);
}

static void one_wrong_digit_anywhere_breaks_the_pin(void **state)
{
	static const size_t places[] = {0, 31, HASH_TEXT - 2};
	struct scene scene;
	char hash[HASH_TEXT];
	int fd = -1;
	(void)state;
	scene_open(&scene);
	const char *path = scene_install(&scene, "good");
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		struct plugin_config section = pin_of(path, hash);
		hash[places[i]] = hash[places[i]] == '0' ? '1' : '0';
		error_clear(&scene.error);
		assert_int_equal(try_pin(&scene, path, &section, &fd), STATUS_PLUGIN_REFUSED);
	}
	scene_close(&scene);
}

static void one_changed_byte_breaks_the_pin(void **state)
{
	struct scene scene;
	char hash[HASH_TEXT];
	int fd = -1;
	(void)state;
	scene_open(&scene);
	const char *path = scene_install(&scene, "good");
	struct plugin_config section = pin_of(path, hash);
	int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(file, "x", 1), 1);
	close(file);
	assert_int_equal(try_pin(&scene, path, &section, &fd), STATUS_PLUGIN_REFUSED);
	scene_close(&scene);
}

static void an_empty_file_can_be_hashed(void **state)
{
	struct scene scene;
	char hash[HASH_TEXT];
	CLEANUP(fd_close) int fd = -1;
	(void)state;
	scene_open(&scene);
	const char *path = below(&scene, "empty");
	scene_write(path, "", 0);
	struct plugin_config section = pin_of(path, hash);
	assert_int_equal(try_pin(&scene, path, &section, &fd), STATUS_OK);
	scene_close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_of_ours_in_folders_of_ours_opens),
		cmocka_unit_test(a_sticky_folder_of_roots_may_be_writable_by_all),
		cmocka_unit_test(a_missing_file_is_missing_not_refused),
		cmocka_unit_test(paths_that_are_not_plain_and_absolute_are_refused),
		cmocka_unit_test(doubled_slashes_mean_one),
		cmocka_unit_test(a_symbolic_link_is_not_followed),
		cmocka_unit_test(a_linked_folder_is_not_followed_either),
		cmocka_unit_test(a_file_that_others_may_write_is_refused_with_the_mending_command),
		cmocka_unit_test(an_ancestor_that_others_may_write_refuses_the_file),
		cmocka_unit_test(a_sticky_folder_that_is_not_roots_does_not_pass),
		cmocka_unit_test(a_file_of_somebody_elses_is_refused),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(a_right_pin_gives_a_copy_that_nobody_can_change),
		cmocka_unit_test(a_pin_may_be_written_in_upper_case),
		cmocka_unit_test(a_wrong_pin_names_both_hashes_and_its_line),
		cmocka_unit_test(one_wrong_digit_anywhere_breaks_the_pin),
		cmocka_unit_test(one_changed_byte_breaks_the_pin),
		cmocka_unit_test(an_empty_file_can_be_hashed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
