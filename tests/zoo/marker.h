/* marker.h - a constructor that every plugin of the zoo carries: it writes the
 * plugin's name into the file that ZOO_MARKER names, if any. A refusal or a list
 * that runs a plugin's code leaves this mark. */
#ifndef ZOO_MARKER_H
#define ZOO_MARKER_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void zoo_mark(void)
{
	const char *path = getenv("ZOO_MARKER");
	int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	if (fd < 0)
		return;
	(void)!write(fd, ZOO_NAME "\n", sizeof(ZOO_NAME));
	close(fd);
}

#endif
