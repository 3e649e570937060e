/* phase.c - preloaded into the program that a kill trial kills: publishes, in a
 * shared file, where the SQLite driver stands at every moment, so that the
 * trial knows what it hit. The page outlives the process: what it says after
 * SIGKILL is the truth about the last instant.
 *
 * It also slows two things down, because a kill must be able to hit them: the
 * way from one statement to the next (SOAK_PAUSE_US) and each write, sync and
 * unlink inside COMMIT (SOAK_DISK_US, a slow disk). Nothing else changes. */
#include "phase.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile struct phase_page *page;
static long pause_us;
static long disk_us;

__attribute__((constructor)) static void open_page(void)
{
	const char *path = getenv("SOAK_PHASE");
	const char *pause = getenv("SOAK_PAUSE_US");
	const char *disk = getenv("SOAK_DISK_US");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at;

	if (fd < 0)
		return;
	at = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at != MAP_FAILED)
		page = at;
	pause_us = pause ? strtol(pause, NULL, 10) : 0;
	disk_us = disk ? strtol(disk, NULL, 10) : 0;
}

static void sleep_us(long microseconds)
{
	struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};

	if (microseconds > 0)
		nanosleep(&time, NULL);
}

/* The library's own functions. The driver is loaded privately, so that neither
 * the linker nor RTLD_NEXT finds what stands behind it. */
static struct {
	int (*step)(sqlite3_stmt *);
	const char *(*sql)(sqlite3_stmt *);
	sqlite3 *(*db_handle)(sqlite3_stmt *);
	int (*get_autocommit)(sqlite3 *);
} real;

static void *find(const char *name)
{
	void *library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_NOLOAD);
	void *found = library ? dlsym(library, name) : NULL;

	if (!found)
		abort();
	return found;
}

static void find_all(void)
{
	*(void **)&real.sql = find("sqlite3_sql");
	*(void **)&real.db_handle = find("sqlite3_db_handle");
	*(void **)&real.get_autocommit = find("sqlite3_get_autocommit");
	*(void **)&real.step = find("sqlite3_step");
}

static enum phase classify(const char *text)
{
	if (!text || strncasecmp(text, "SELECT", 6) == 0 || strncasecmp(text, "PRAGMA", 6) == 0 ||
	    strncasecmp(text, "BEGIN", 5) == 0 || strncasecmp(text, "ROLLBACK", 8) == 0 ||
	    strstr(text, "eloquent_"))
		return PHASE_OURS;
	return strncasecmp(text, "COMMIT", 6) == 0 ? PHASE_COMMIT : PHASE_STATEMENT;
}

int sqlite3_step(sqlite3_stmt *statement)
{
	enum phase phase;
	int code;

	if (!real.step)
		find_all();
	if (!page)
		return real.step(statement);
	phase = classify(real.sql(statement));
	if (phase == PHASE_STATEMENT)
		sleep_us(pause_us);
	page->phase = (uint32_t)phase;
	code = real.step(statement);
	page->phase = real.get_autocommit(real.db_handle(statement)) ? PHASE_OUTSIDE : PHASE_BETWEEN;
	if (phase == PHASE_STATEMENT)
		page->statements++;
	if (phase == PHASE_COMMIT)
		page->commits++;
	return code;
}

static void slow_disk(void)
{
	if (page && page->phase == PHASE_COMMIT) {
		page->commit_calls++;
		sleep_us(disk_us);
	}
}

/* What SQLite calls to write; straight to the kernel behind it. */
ssize_t pwrite64(int fd, const void *buf, size_t n, off64_t offset)
{
	slow_disk();
	return syscall(SYS_pwrite64, fd, buf, n, offset);
}

int fdatasync(int fildes)
{
	slow_disk();
	return (int)syscall(SYS_fdatasync, fildes);
}

int fsync(int fd)
{
	slow_disk();
	return (int)syscall(SYS_fsync, fd);
}

int unlink(const char *name)
{
	slow_disk();
	return (int)syscall(SYS_unlink, name);
}
