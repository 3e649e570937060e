/* main_manual.c - a program of the build's own: prints the manual page. The
 * footer's date is its one argument. */
#include "cli/cli.h"

#include <unistd.h>

int main(int argc, char **argv)
{
	TEXT_CLEANUP struct text text = {0};
	if (argc != 2)
		return 2;
	manual_write(argv[1], &text);
	return fd_write_all(STDOUT_FILENO, text.data, text.size) ? 1 : 0;
}
