/* syscalls.c - preloaded into the program under test: chosen calls into the
 * system fail, or end the process as kill -9 does.
 *
 *   FAIL_CALL=write:3:ENOSPC    the third write fails with ENOSPC
 *   FAIL_CALL=write:3+:ENOSPC   the third and every later one: the disk stays full
 *   FAIL_CALL=read:1:short      the first read is given one byte of room only
 *   FAIL_CALL=change:7:kill     killed instead of the seventh call that changes a file
 *   FAIL_CALL=change:7:torn     killed in it: half of the bytes are written, or all is done
 *   FAIL_CALL=write:3:wait      the third write waits until the file FAIL_GATE is there
 *   FAIL_PATH=app.sqlite        only calls on files whose path holds this
 *   FAIL_MARK=FILE              made when the failure strikes: "CALL DESCRIPTOR PATH"
 *   FAIL_TRACE=FILE             gets a line per counted call: its name, its path
 *
 * Names: open (and openat, opendir), read, pread, write, pwrite, fsync, fdatasync,
 * rename, link, unlink (and unlinkat, rmdir), mkdir, close, ftruncate; three classes of
 * them: any (all), change (all that change a file of the disk's: an open that creates,
 * write, pwrite, fsync, fdatasync, rename, link, unlink, mkdir, ftruncate) and grow (those that
 * need room: an open that creates, write, pwrite, mkdir). What libc calls inside itself is
 * not seen, and the kernel's own objects (eventfd, signalfd) are spared: their calls cannot
 * fail so. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char wanted[16];
static long wanted_at;
static int wanted_on;    /* every later one too */
static int wanted_errno; /* 0: short; or one of the three below */
static const char *wanted_path;
static const char *mark;
static const char *gate;
static int trace = -1;
static atomic_long counted;
static atomic_int dying; /* once the call that struck is done */

#define KILL (-1)
#define TORN (-2)
#define WAIT (-3)

#define CHANGES 1u
#define GROWS 2u

struct call {
	const char *name;
	unsigned classes;
};
static const struct call OPEN_CALL = {"open", 0};
static const struct call CREATE_CALL = {"open", CHANGES | GROWS};
static const struct call READ_CALL = {"read", 0};
static const struct call PREAD_CALL = {"pread", 0};
static const struct call WRITE_CALL = {"write", CHANGES | GROWS};
static const struct call PWRITE_CALL = {"pwrite", CHANGES | GROWS};
static const struct call LINK_CALL = {"link", CHANGES};
static const struct call FSYNC_CALL = {"fsync", CHANGES};
static const struct call FDATASYNC_CALL = {"fdatasync", CHANGES};
static const struct call RENAME_CALL = {"rename", CHANGES};
static const struct call UNLINK_CALL = {"unlink", CHANGES};
static const struct call MKDIR_CALL = {"mkdir", CHANGES | GROWS};
static const struct call CLOSE_CALL = {"close", 0};
static const struct call FTRUNCATE_CALL = {"ftruncate", CHANGES};

static const struct {
	const char *name;
	int number;
} errors[] = {
	{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EINTR", EINTR}, {"EACCES", EACCES},
	{"EMFILE", EMFILE}, {"ENOMEM", ENOMEM}, {"EROFS", EROFS}, {"EDQUOT", EDQUOT},
	{"short", 0},       {"kill", KILL},     {"torn", TORN},   {"wait", WAIT},
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
	gate = getenv("FAIL_GATE");
	if (wanted_errno == WAIT && !gate)
		bad_wish(wish);
	const char *lines = getenv("FAIL_TRACE");
	if (lines)
		trace = (int)syscall(SYS_openat, AT_FDCWD, lines,
				     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* Where a descriptor leads, by the kernel; empty when it does not say. */
static void fd_target(int fd, char *ret, size_t size)
{
	char link[32];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	long got = syscall(SYS_readlinkat, AT_FDCWD, link, ret, size - 1);
	ret[got > 0 ? got : 0] = 0;
}

/* Where a call leads: the path it names, below `at` when it is relative, or its descriptor. */
static void call_target(int at, const char *path, int fd, char *ret, size_t size)
{
	if (!path) {
		fd_target(fd, ret, size);
	} else if (path[0] == '/' || at == AT_FDCWD) {
		snprintf(ret, size, "%s", path);
	} else {
		fd_target(at, ret, size);
		size_t used = strlen(ret);
		snprintf(ret + used, size - used, "/%s", path);
	}
}

/* Pipes, terminals and the kernel's own objects are no files of the disk's. */
static int is_wanted(struct call call, const char *target)
{
	int class_change = strcmp(wanted, "change") == 0 && (call.classes & CHANGES);
	int class_grow = strcmp(wanted, "grow") == 0 && (call.classes & GROWS);
	if (class_change || class_grow) {
		if (strstr(target, ":[") || strncmp(target, "/dev/", 5) == 0)
			return 0;
	} else if (strcmp(call.name, wanted) != 0 && strcmp(wanted, "any") != 0) {
		return 0;
	}
	return strncmp(target, "anon_inode:", 11) != 0 && (!wanted_path || strstr(target, wanted_path));
}

static void leave_mark(struct call call, int fd, const char *target)
{
	char line[4200];
	long made = syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	int size = snprintf(line, sizeof(line), "%s %d %s\n", call.name, fd, target);
	if (made < 0)
		return;
	syscall(SYS_write, made, line, (size_t)size);
	syscall(SYS_close, made);
}

static void die(void)
{
	syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
	for (;;)
		syscall(SYS_pause);
}

static void wait_at_gate(void)
{
	const struct timespec moment = {0, 20000000};
	while (syscall(SYS_faccessat, AT_FDCWD, gate, F_OK) != 0)
		syscall(SYS_nanosleep, &moment, NULL);
}

/* Is this the call that must fail? Not one that is to be killed: that does not return, or
 * dies once it is done. */
static int strikes(struct call call, int at, const char *path, int fd)
{
	char target[4096];
	char line[4200];
	if (wanted_at == 0)
		return 0;
	int before = errno;
	call_target(at, path, fd, target, sizeof(target));
	int matches = is_wanted(call, target);
	errno = before;
	if (!matches)
		return 0;
	long number = atomic_fetch_add(&counted, 1) + 1;
	if (trace >= 0) {
		int size = snprintf(line, sizeof(line), "%s %s\n", call.name, target);
		syscall(SYS_write, trace, line, (size_t)size);
	}
	if (number < wanted_at || (number > wanted_at && !wanted_on))
		return 0;
	if (mark)
		leave_mark(call, fd, target);
	errno = before;
	if (wanted_errno == KILL)
		die();
	if (wanted_errno == WAIT) {
		wait_at_gate();
		errno = before;
		return 0;
	}
	if (wanted_errno == TORN)
		atomic_store(&dying, 1);
	return 1;
}

/* Behind every call. */
static long done(long answer)
{
	if (atomic_load(&dying))
		die();
	return answer;
}

static mode_t mode_argument(int flags, va_list args)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, mode_t) : 0;
}

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
	int creates = (flags & O_CREAT) != 0;
	if (strikes(creates ? CREATE_CALL : OPEN_CALL, folder, path, -1) && wanted_errno != TORN) {
		errno = wanted_errno ? wanted_errno : EIO;
		return -1;
	}
	return (int)done(syscall(SYS_openat, folder, path, flags, mode));
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

/* libc's own, because it is more than one call into the kernel. */
DIR *opendir(const char *path)
{
	DIR *(*next)(const char *);
	*(void **)&next = dlsym(RTLD_NEXT, "opendir");
	if (!strikes(OPEN_CALL, AT_FDCWD, path, -1) || wanted_errno == TORN)
		return next(path);
	errno = wanted_errno ? wanted_errno : EIO;
	return NULL;
}

/* A call that moves bytes: fails, or is given one byte of room, or half of it. */
static int moves_failed(struct call call, int fd, size_t *size)
{
	if (!strikes(call, AT_FDCWD, NULL, fd))
		return 0;
	if (wanted_errno > 0) {
		errno = wanted_errno;
		return 1;
	}
	if (*size > 1)
		*size = wanted_errno == TORN ? *size / 2 : 1;
	return 0;
}

ssize_t read(int fd, void *data, size_t size)
{
	return moves_failed(READ_CALL, fd, &size) ? -1 : done(syscall(SYS_read, fd, data, size));
}

ssize_t write(int fd, const void *data, size_t size)
{
	return moves_failed(WRITE_CALL, fd, &size) ? -1 : done(syscall(SYS_write, fd, data, size));
}

#define PREAD(name)                                                                                    \
	ssize_t name(int fd, void *data, size_t size, off_t offset)                                    \
	{                                                                                              \
		return moves_failed(PREAD_CALL, fd, &size)                                             \
			       ? -1                                                                    \
			       : done(syscall(SYS_pread64, fd, data, size, offset));                   \
	}
#define PWRITE(name)                                                                                   \
	ssize_t name(int fd, const void *data, size_t size, off_t offset)                              \
	{                                                                                              \
		return moves_failed(PWRITE_CALL, fd, &size)                                            \
			       ? -1                                                                    \
			       : done(syscall(SYS_pwrite64, fd, data, size, offset));                  \
	}
PREAD(pread)
PREAD(pread64)
PWRITE(pwrite)
PWRITE(pwrite64)

/* A call without bytes: "short" has no meaning there and fails with EIO. */
static int call_failed(struct call call, int at, const char *path, int fd)
{
	if (!strikes(call, at, path, fd) || wanted_errno == TORN)
		return 0;
	errno = wanted_errno ? wanted_errno : EIO;
	return 1;
}

int fsync(int fd)
{
	return call_failed(FSYNC_CALL, AT_FDCWD, NULL, fd) ? -1 : (int)done(syscall(SYS_fsync, fd));
}

int fdatasync(int fd)
{
	return call_failed(FDATASYNC_CALL, AT_FDCWD, NULL, fd) ? -1
							       : (int)done(syscall(SYS_fdatasync, fd));
}

int link(const char *from, const char *to)
{
	return call_failed(LINK_CALL, AT_FDCWD, to, -1)
		       ? -1
		       : (int)done(syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int rename(const char *from, const char *to)
{
	return call_failed(RENAME_CALL, AT_FDCWD, to, -1)
		       ? -1
		       : (int)done(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
	return call_failed(RENAME_CALL, to_folder, to, -1)
		       ? -1
		       : (int)done(syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}

static int remove_at(int folder, const char *path, int flags)
{
	return call_failed(UNLINK_CALL, folder, path, -1)
		       ? -1
		       : (int)done(syscall(SYS_unlinkat, folder, path, flags));
}

int unlink(const char *path)
{
	return remove_at(AT_FDCWD, path, 0);
}

int unlinkat(int folder, const char *path, int flags)
{
	return remove_at(folder, path, flags);
}

int rmdir(const char *path)
{
	return remove_at(AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdir(const char *path, mode_t mode)
{
	return call_failed(MKDIR_CALL, AT_FDCWD, path, -1)
		       ? -1
		       : (int)done(syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}

/* The descriptor is gone in either case, as close(2) says of Linux. */
int close(int fd)
{
	int failed = call_failed(CLOSE_CALL, AT_FDCWD, NULL, fd);
	int number = errno;
	int answer = (int)done(syscall(SYS_close, fd));
	if (!failed)
		return answer;
	errno = number;
	return -1;
}

int ftruncate(int fd, off_t size)
{
	return call_failed(FTRUNCATE_CALL, AT_FDCWD, NULL, fd)
		       ? -1
		       : (int)done(syscall(SYS_ftruncate, fd, size));
}

int ftruncate64(int fd, off_t size)
{
	return ftruncate(fd, size);
}
