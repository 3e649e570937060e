/* syscalls.c - preloaded into the program under test: chosen calls into the
 * system fail.
 *
 *   FAIL_CALL=write:3:ENOSPC    the third write fails with ENOSPC
 *   FAIL_CALL=write:3+:ENOSPC   the third and every later one: the disk stays full
 *   FAIL_CALL=read:1:short      the first read is given one byte of room only
 *   FAIL_PATH=app.sqlite        only calls on files whose path holds this
 *   FAIL_MARK=FILE              made when the failure strikes
 *
 * Names: open (and openat), read, pread, write, pwrite, fsync, fdatasync,
 * rename, close, ftruncate. What libc calls inside itself is not seen, and the
 * kernel's own objects (eventfd, signalfd) are spared: their calls cannot fail so. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char wanted[16];
static long wanted_at;
static int wanted_on;    /* every later one too */
static int wanted_errno; /* 0: short */
static const char *wanted_path;
static const char *mark;
static atomic_long counted;

static const struct {
	const char *name;
	int number;
} errors[] = {
	{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EINTR", EINTR},
	{"EACCES", EACCES}, {"EMFILE", EMFILE}, {"ENOMEM", ENOMEM},
	{"EROFS", EROFS},   {"EDQUOT", EDQUOT}, {"short", 0},
};

/* A wish that cannot be read ends the process: a test must not pass by a typo. */
__attribute__((noreturn)) static void bad_wish(const char *wish)
{
	dprintf(2, "syscalls.so: FAIL_CALL=%s is not understood\n", wish);
	_exit(99);
}

__attribute__((constructor)) static void read_wish(void)
{
	const char *wish = getenv("FAIL_CALL");
	if (!wish)
		return;
	char word[16] = "";
	char plus[2] = "";
	int fields = sscanf(wish, "%15[^:]:%ld:%15s", wanted, &wanted_at, word);
	if (fields == 2) {
		fields = sscanf(wish, "%15[^:]:%ld%1[+]:%15s", wanted, &wanted_at, plus, word);
		wanted_on = 1;
	}
	size_t known = sizeof(errors) / sizeof(errors[0]);
	size_t i = 0;
	while (i < known && strcmp(word, errors[i].name) != 0)
		i++;
	if (fields < 3 || i == known || wanted_at < 1)
		bad_wish(wish);
	wanted_errno = errors[i].number;
	wanted_path = getenv("FAIL_PATH");
	mark = getenv("FAIL_MARK");
}

/* Where a descriptor leads, by the kernel; empty when it does not say. */
static void fd_target(int fd, char *ret, size_t size)
{
	char link[32];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	long got = syscall(SYS_readlinkat, AT_FDCWD, link, ret, size - 1);
	ret[got > 0 ? got : 0] = 0;
}

static int path_matches(const char *path, int fd)
{
	char target[4096];
	if (!path) {
		fd_target(fd, target, sizeof(target));
		if (strncmp(target, "anon_inode:", 11) == 0)
			return 0;
		path = target;
	}
	return !wanted_path || strstr(path, wanted_path) != NULL;
}

/* Is this the call that must fail? path or, when it is NULL, fd says which file. */
static int strikes(const char *name, const char *path, int fd)
{
	if (wanted_at == 0 || strcmp(name, wanted) != 0)
		return 0;
	int before = errno;
	int matches = path_matches(path, fd);
	errno = before;
	if (!matches)
		return 0;
	long number = atomic_fetch_add(&counted, 1) + 1;
	if (number < wanted_at || (number > wanted_at && !wanted_on))
		return 0;
	if (mark) {
		long made = syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (made >= 0)
			syscall(SYS_close, made);
		errno = before;
	}
	return 1;
}

static mode_t mode_argument(int flags, va_list args)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, mode_t) : 0;
}

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
	if (strikes("open", path, -1)) {
		errno = wanted_errno ? wanted_errno : EIO;
		return -1;
	}
	return (int)syscall(SYS_openat, folder, path, flags, mode);
}

#define OPEN(name)                                                                                     \
	int name(const char *path, int flags, ...)                                                     \
	{                                                                                              \
		va_list args;                                                                          \
		va_start(args, flags);                                                                 \
		mode_t mode = mode_argument(flags, args);                                              \
		va_end(args);                                                                          \
		return open_at(AT_FDCWD, path, flags, mode);                                           \
	}
#define OPENAT(name)                                                                                   \
	int name(int folder, const char *path, int flags, ...)                                         \
	{                                                                                              \
		va_list args;                                                                          \
		va_start(args, flags);                                                                 \
		mode_t mode = mode_argument(flags, args);                                              \
		va_end(args);                                                                          \
		return open_at(folder, path, flags, mode);                                             \
	}
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* A call that moves bytes: fails, or is given one byte of room. */
static int moves_failed(const char *name, int fd, size_t *size)
{
	if (!strikes(name, NULL, fd))
		return 0;
	if (wanted_errno) {
		errno = wanted_errno;
		return 1;
	}
	if (*size > 1)
		*size = 1;
	return 0;
}

ssize_t read(int fd, void *data, size_t size)
{
	return moves_failed("read", fd, &size) ? -1 : syscall(SYS_read, fd, data, size);
}

ssize_t write(int fd, const void *data, size_t size)
{
	return moves_failed("write", fd, &size) ? -1 : syscall(SYS_write, fd, data, size);
}

#define PREAD(name)                                                                                    \
	ssize_t name(int fd, void *data, size_t size, off_t offset)                                    \
	{                                                                                              \
		return moves_failed("pread", fd, &size)                                                \
			       ? -1                                                                    \
			       : syscall(SYS_pread64, fd, data, size, offset);                         \
	}
#define PWRITE(name)                                                                                   \
	ssize_t name(int fd, const void *data, size_t size, off_t offset)                              \
	{                                                                                              \
		return moves_failed("pwrite", fd, &size)                                               \
			       ? -1                                                                    \
			       : syscall(SYS_pwrite64, fd, data, size, offset);                        \
	}
PREAD(pread)
PREAD(pread64)
PWRITE(pwrite)
PWRITE(pwrite64)

/* A call without bytes: "short" has no meaning there and fails with EIO. */
static int call_failed(const char *name, const char *path, int fd)
{
	if (!strikes(name, path, fd))
		return 0;
	errno = wanted_errno ? wanted_errno : EIO;
	return 1;
}

int fsync(int fd)
{
	return call_failed("fsync", NULL, fd) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return call_failed("fdatasync", NULL, fd) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int rename(const char *from, const char *to)
{
	return call_failed("rename", to, -1)
		       ? -1
		       : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* The descriptor is gone in either case, as close(2) says of Linux. */
int close(int fd)
{
	int failed = call_failed("close", NULL, fd);
	int number = errno;
	int answer = (int)syscall(SYS_close, fd);
	if (!failed)
		return answer;
	errno = number;
	return -1;
}

int ftruncate(int fd, off_t size)
{
	return call_failed("ftruncate", NULL, fd) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off_t size)
{
	return call_failed("ftruncate", NULL, fd) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}
