/* counters.c - hits, misses, evictions and errors of a prefix, over all processes: one
 * page, mapped and counted in place, so that a killed process loses nothing. */
#include "cache_file/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096
#define PREFIX_CAP 488

struct page {
	char magic[16];
	uint64_t prefix_size;
	char prefix[PREFIX_CAP];
	struct counters counters; /* at 512 */
};
_Static_assert(offsetof(struct page, counters) == 512, "the page's layout is on disk");

static const char magic[16] = "eloquent-count1";

static uint64_t hash_of(const char *data, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)data[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* Two processes that begin a page at once write the same bytes. */
static const char *begin_page(const struct elq_cache_store *store, struct page *page)
{
	static const char zeros[sizeof(magic)];
	if (memcmp(page->magic, zeros, sizeof(zeros)) == 0) {
		memcpy(page->prefix, store->prefix, store->prefix_size);
		page->prefix_size = store->prefix_size;
		memcpy(page->magic, magic, sizeof(magic));
	}
	if (memcmp(page->magic, magic, sizeof(magic)) != 0)
		return "it is no file of counters";
	if (page->prefix_size != store->prefix_size ||
	    memcmp(page->prefix, store->prefix, store->prefix_size) != 0)
		return "it belongs to another prefix";
	return NULL;
}

/* What is wrong, or NULL. */
static const char *map(struct elq_cache_store *store, int fd)
{
	struct stat info;
	if (store->prefix_size > PREFIX_CAP)
		return "the prefix is too long";
	if (fstat(fd, &info) != 0 || (info.st_size == 0 && posix_fallocate(fd, 0, PAGE) != 0))
		return "there is no room for it";
	if (info.st_size != 0 && info.st_size != PAGE)
		return "it has another size";
	void *mapping = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapping == MAP_FAILED)
		return strerror(errno);
	const char *wrong = begin_page(store, mapping);
	if (wrong != NULL) {
		munmap(mapping, PAGE);
		return wrong;
	}
	store->mapping = mapping;
	store->counters = &((struct page *)mapping)->counters;
	return NULL;
}

static void warn(const struct elq_call *call, struct elq_cache_store *store, const char *name,
		 const char *why)
{
	char line[1024];
	if (store->counters_broken)
		return;
	store->counters_broken = true;
	int size = snprintf(line, sizeof(line),
			    "the counters %s/%s are not kept: %s (remove the file to begin anew)",
			    store->dir, name, why);
	if (size > 0)
		call->host->log(call, ELQ_LOG_WARN, line, strlen(line), NULL, 0);
}

struct counters *counters_of(const struct elq_call *call, struct elq_cache_store *store, bool create)
{
	char name[64];
	int folder;
	if (store->counters != NULL || store->counters_broken)
		return store->counters;
	int fd = open(store->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	folder = fd;
	snprintf(name, sizeof(name), "counters.%016llx",
		 (unsigned long long)hash_of(store->prefix, store->prefix_size));
	fd = openat(folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);
	int why = errno;
	close(folder);
	if (fd < 0) {
		if (why != ENOENT)
			warn(call, store, name, strerror(why));
		return NULL;
	}
	const char *wrong = map(store, fd);
	close(fd);
	if (wrong != NULL)
		warn(call, store, name, wrong);
	return store->counters;
}

void counters_drop(struct elq_cache_store *store)
{
	if (store->mapping != NULL)
		munmap(store->mapping, PAGE);
	store->mapping = NULL;
	store->counters = NULL;
}
