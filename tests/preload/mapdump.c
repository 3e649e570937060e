/* mapdump.c - preloaded into the program under test: at exit, writes its map of
 * memory (/proc/self/maps) to the file that MAPDUMP names, so that a test
 * sees from outside which plugins were loaded. Allocates nothing. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void copy_all(int from, int to)
{
	char buffer[4096];
	ssize_t got;
	while ((got = read(from, buffer, sizeof(buffer))) > 0) {
		for (ssize_t done = 0; done < got;) {
			ssize_t put = write(to, buffer + done, (size_t)(got - done));
			if (put <= 0)
				return;
			done += put;
		}
	}
}

__attribute__((destructor)) static void dump_maps(void)
{
	const char *path = getenv("MAPDUMP");
	if (!path)
		return;
	int from = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (from >= 0 && to >= 0)
		copy_all(from, to);
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
}
