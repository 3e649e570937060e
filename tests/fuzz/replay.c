/* replay.c - main() for a fuzz target that is built without libFuzzer: runs
 * every file of the folders and files given. A crash, or a sanitizer, fails
 * it; so does a corpus that is not there or empty. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_CAP ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	size_t size;
	struct stat found;

	if (!file || fstat(fileno(file), &found) != 0 || found.st_size < 0 ||
	    (size_t)found.st_size > INPUT_CAP) {
		fprintf(stderr, "replay: cannot read %s\n", path);
		if (file)
			fclose(file);
		return -1;
	}
	/* Exactly its size, so that reading one byte behind the input is seen. */
	data = malloc((size_t)found.st_size + (found.st_size == 0));
	size = data ? fread(data, 1, (size_t)found.st_size, file) : 0;
	fclose(file);
	if (!data || size != (size_t)found.st_size) {
		fprintf(stderr, "replay: cannot read %s\n", path);
		free(data);
		return -1;
	}
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 1;
}

/* How many inputs ran; -1: one could not be read. */
static int replay_folder(const char *path)
{
	DIR *folder = opendir(path);
	int count = 0;

	if (!folder)
		return replay_file(path);
	for (struct dirent *entry; count >= 0 && (entry = readdir(folder)) != NULL;) {
		char file[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		count = replay_file(file) < 0 ? -1 : count + 1;
	}
	closedir(folder);
	return count;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int count = replay_folder(argv[i]);

		if (count <= 0) {
			fprintf(stderr, "replay: no inputs in %s\n", argv[i]);
			return 1;
		}
		printf("%s: %d inputs\n", argv[i], count);
	}
	return argc > 1 ? 0 : 1;
}
