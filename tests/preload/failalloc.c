/* failalloc.c - preloaded into the program under test: the FAIL_ALLOC-th call of
 * malloc, calloc, realloc, aligned_alloc or posix_memalign in the process
 * fails, whoever makes it (ours, the driver's, a library's, the loader's).
 * That one only: what follows shows how the failure was taken. When it strikes, the
 * file that FAIL_ALLOC_MARK names is made; without it n was past the end. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc's own, under the names that it keeps for those who stand in front. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *aligned_alloc(size_t alignment, size_t size);

static atomic_long counted;
static long fail_at; /* 0: never */
static const char *mark;

__attribute__((constructor)) static void read_wish(void)
{
	const char *wish = getenv("FAIL_ALLOC");
	mark = getenv("FAIL_ALLOC_MARK");
	atomic_store(&counted, 0);
	fail_at = wish ? strtol(wish, NULL, 10) : 0;
}

static int must_fail(void)
{
	if (fail_at == 0 || atomic_fetch_add(&counted, 1) + 1 != fail_at)
		return 0;
	if (mark) {
		long fd = syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd >= 0)
			syscall(SYS_close, fd);
	}
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return must_fail() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return must_fail() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return must_fail() ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return must_fail() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
	void *got = must_fail() ? NULL : __libc_memalign(alignment, size);
	if (!got)
		return ENOMEM;
	*ret = got;
	return 0;
}
