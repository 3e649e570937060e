/* verify.c - may this file be trusted with running inside the program? Answered
 * from its path, owners and modes, and from the pinned hash, without looking
 * at what the file is. Each part of the path is opened from the one before, so
 * that what was checked is what is used. */
#include "plugin/private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLUGIN_SIZE_CAP ((off_t)256 << 20)

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u /* Linux 6.3; older kernels answer EINVAL and need no flag */
#endif

/* The walk along a path: `so_far` is what has been opened, for messages. */
struct walk {
	const char *path;
	struct text so_far;
};

/* Out of the hands of CLEANUP(fd_close). */
static int fd_take(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

static enum status refuse_errno(const struct walk *walk, const char *what, struct error *error)
{
	int reason = errno;
	if (reason == ENOENT)
		return error_set(error, STATUS_PLUGIN_MISSING, "%s: does not exist", walk->path);
	return error_set(error, STATUS_PLUGIN_REFUSED, "%s: %s %s: %s", walk->path,
			 text_string(&walk->so_far), what, strerror(reason));
}

static void hint_command(struct error *error, const char *command, const char *path)
{
	TEXT_CLEANUP struct text line = {0};
	text_add(&line, command);
	text_add_char(&line, ' ');
	text_add_shell_quoted(&line, path);
	error_hint(error, "%s", text_string(&line));
}

/* Nobody but root and ourselves may change what lies here. In a sticky folder
 * of root's (/tmp) others may add names, but not replace ours: what comes next
 * is checked for its owner anyway. */
static enum status check_access(const struct walk *walk, const struct stat *info, struct error *error)
{
	const char *here = text_string(&walk->so_far);
	const char *what = S_ISDIR(info->st_mode) ? "the folder" : "the file";
	if (info->st_uid != 0 && info->st_uid != geteuid()) {
		error_set(error, STATUS_PLUGIN_REFUSED,
			  "%s: %s %s belongs to the user %u, neither to root nor to the user %u who "
			  "runs this",
			  walk->path, what, here, (unsigned)info->st_uid, (unsigned)geteuid());
		hint_command(error, "chown root", here);
		return STATUS_PLUGIN_REFUSED;
	}
	bool sticky = S_ISDIR(info->st_mode) && info->st_uid == 0 && (info->st_mode & S_ISVTX) != 0;
	if ((info->st_mode & 022) != 0 && !sticky) {
		error_set(error, STATUS_PLUGIN_REFUSED, "%s: %s %s is writable by %s (mode %04o)",
			  walk->path, what, here, (info->st_mode & 002) != 0 ? "others" : "its group",
			  (unsigned)(info->st_mode & 07777));
		hint_command(error, "chmod go-w", here);
		return STATUS_PLUGIN_REFUSED;
	}
	return STATUS_OK;
}

static enum status check_component(const struct walk *walk, int fd, bool last, struct error *error)
{
	struct stat info;
	if (fstat(fd, &info) != 0)
		return refuse_errno(walk, "cannot be looked at", error);
	if (S_ISLNK(info.st_mode)) {
		error_set(error, STATUS_PLUGIN_REFUSED,
			  "%s: %s is a symbolic link, which is not followed here", walk->path,
			  text_string(&walk->so_far));
		error_hint(error, "use the real path that it points to, or put the file itself there");
		return STATUS_PLUGIN_REFUSED;
	}
	if (last && !S_ISREG(info.st_mode))
		return error_set(error, STATUS_PLUGIN_REFUSED, "%s: is %s instead of a file",
				 walk->path, S_ISDIR(info.st_mode) ? "a folder" : "something else");
	if (!last && !S_ISDIR(info.st_mode))
		return error_set(error, STATUS_PLUGIN_REFUSED, "%s: %s is not a folder", walk->path,
				 text_string(&walk->so_far));
	return check_access(walk, &info, error);
}

/* Opens for reading what was checked through its O_PATH descriptor. */
static enum status reopen(const struct walk *walk, int folder, const char *name, int checked,
			  int *ret_fd, struct error *error)
{
	CLEANUP(fd_close)
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return refuse_errno(walk, "cannot be opened", error);
	struct stat before, after;
	if (fstat(checked, &before) != 0 || fstat(fd, &after) != 0)
		return refuse_errno(walk, "cannot be looked at", error);
	if (before.st_dev != after.st_dev || before.st_ino != after.st_ino)
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: was exchanged while it was being checked", walk->path);
	*ret_fd = fd_take(&fd);
	return STATUS_OK;
}

/* Takes the next name off *at. */
static enum status next_name(const struct walk *walk, const char **at, char *ret, struct error *error)
{
	const char *start = *at + strspn(*at, "/");
	size_t size = strcspn(start, "/");
	if (size == 0 || size > NAME_MAX || (size == 1 && start[0] == '.') ||
	    (size == 2 && start[0] == '.' && start[1] == '.'))
		return error_set(
			error, STATUS_PLUGIN_REFUSED,
			"%s: is not a plain absolute path of a file (no \".\", \"..\" or final \"/\")",
			walk->path);
	memcpy(ret, start, size);
	ret[size] = '\0';
	*at = start + size;
	return STATUS_OK;
}

static enum status walk_path(struct walk *walk, int *folder, int *ret_fd, struct error *error)
{
	char name[NAME_MAX + 1];
	const char *at = walk->path;
	enum status status = check_component(walk, *folder, false, error);
	text_clear(&walk->so_far);
	while (status == STATUS_OK) {
		status = next_name(walk, &at, name, error);
		if (status != STATUS_OK)
			return status;
		text_printf(&walk->so_far, "/%s", name);
		bool last = *at == '\0';
		CLEANUP(fd_close) int next = openat(*folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return refuse_errno(walk, "cannot be opened", error);
		status = check_component(walk, next, last, error);
		if (status != STATUS_OK)
			return status;
		if (last)
			return reopen(walk, *folder, name, next, ret_fd, error);
		fd_close(folder);
		*folder = fd_take(&next);
	}
	return status;
}

enum status verify_open(const char *path, int *ret_fd, struct error *error)
{
	if (path[0] != '/') {
		error_set(error, STATUS_PLUGIN_REFUSED, "%s: is not an absolute path", path);
		error_hint(error, "write the whole path, from \"/\" on");
		return STATUS_PLUGIN_REFUSED;
	}
	struct walk walk = {.path = path};
	text_add(&walk.so_far, "/");
	CLEANUP(fd_close) int folder = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	enum status status = folder < 0 ? refuse_errno(&walk, "cannot be opened", error)
					: walk_path(&walk, &folder, ret_fd, error);
	text_free(&walk.so_far);
	return status;
}

/* ---- pins --------------------------------------------------------------------- */

static int memory_file(void)
{
	int fd = memfd_create("eloquent-plugin", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("eloquent-plugin", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

static enum status pin_failed(const char *path, const char *what, struct error *error)
{
	return error_set(error, STATUS_PLUGIN_REFUSED, "%s: cannot be loaded under its pin: %s: %s",
			 path, what, strerror(errno));
}

static enum status copy_file(int from, int to, const char *path, struct error *error)
{
	char buffer[16384];
	for (off_t at = 0;;) {
		ssize_t got = pread(from, buffer, sizeof(buffer), at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return pin_failed(path, "reading it", error);
		if (got == 0)
			return STATUS_OK;
		at += got;
		if (at > PLUGIN_SIZE_CAP)
			return error_set(error, STATUS_PLUGIN_REFUSED,
					 "%s: is larger than %lld bytes, the cap for a pinned plugin",
					 path, (long long)PLUGIN_SIZE_CAP);
		if (fd_write_all(to, buffer, (size_t)got) != STATUS_OK)
			return pin_failed(path, "copying it into memory", error);
	}
}

static enum status hash_file(int fd, const char *path, char ret_text[HASH_TEXT], struct error *error)
{
	struct stat info;
	if (fstat(fd, &info) != 0)
		return pin_failed(path, "looking at its copy", error);
	if (info.st_size == 0) {
		hash_bytes("", 0, ret_text);
		return STATUS_OK;
	}
	void *data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return pin_failed(path, "mapping its copy", error);
	hash_bytes(data, (size_t)info.st_size, ret_text);
	munmap(data, (size_t)info.st_size);
	return STATUS_OK;
}

enum status verify_pin(int fd, const char *path, const struct plugin_config *section, int *ret_fd,
		       struct error *error)
{
	CLEANUP(fd_close) int copy = memory_file();
	if (copy < 0)
		return pin_failed(path, "creating a sealed copy (see the kernel's vm.memfd_noexec)",
				  error);
	enum status status = copy_file(fd, copy, path, error);
	if (status != STATUS_OK)
		return status;
	if (fcntl(copy, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
		return pin_failed(path, "sealing its copy", error);
	/* The sealed copy is hashed, not the file: this is what will be loaded. */
	char hash[HASH_TEXT];
	status = hash_file(copy, path, hash, error);
	if (status != STATUS_OK)
		return status;
	if (strcasecmp(hash, section->sha256) != 0) {
		error_set(error, STATUS_PLUGIN_REFUSED,
			  "%s: its SHA-256 is %s, but [plugin:%s] in %s:%lld pins %s", path, hash,
			  section->name, section->origin.name, (long long)section->origin.line,
			  section->sha256);
		error_hint(error,
			   "find out who changed the file; pin the new hash only when you trust it");
		return STATUS_PLUGIN_REFUSED;
	}
	*ret_fd = fd_take(&copy);
	return STATUS_OK;
}
