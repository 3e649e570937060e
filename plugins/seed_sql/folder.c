/* folder.c - see folder.h. Links are refused: what is sown stands in this folder. */
#include "seed_sql/folder.h"

#include "sqlkit/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRIPTS_CAP 100000

static int32_t no_memory(const struct elq_call *call)
{
	return sqlkit_fail(call, ELQ_ERR_NOMEM, NULL, "the seeder sql ran out of memory");
}

static bool is_script(const char *name)
{
	size_t size = strlen(name);
	return name[0] != '.' && size > 4 && strcmp(name + size - 4, ".sql") == 0;
}

static int32_t add(const struct elq_call *call, struct scripts *scripts, const char *name)
{
	if (scripts->count == SCRIPTS_CAP)
		return sqlkit_fail(call, ELQ_ERR_MALFORMED, NULL,
				   "the seeds folder holds more than %d scripts", SCRIPTS_CAP);
	if (scripts->count == scripts->capacity) {
		uint64_t capacity = scripts->capacity ? scripts->capacity * 2 : 16;
		char **names = realloc(scripts->names, (size_t)capacity * sizeof(*names));
		if (!names)
			return no_memory(call);
		scripts->names = names;
		scripts->capacity = capacity;
	}
	char *copy = strdup(name);
	if (!copy)
		return no_memory(call);
	scripts->names[scripts->count++] = copy;
	return ELQ_OK;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int32_t read_names(const struct elq_call *call, const char *path, struct scripts *scripts)
{
	int32_t status = ELQ_OK;
	int copy = dup(scripts->folder);
	DIR *stream = copy >= 0 ? fdopendir(copy) : NULL;
	errno = stream ? 0 : errno;
	for (const struct dirent *entry; stream && status == ELQ_OK && (entry = readdir(stream));
	     errno = 0)
		if (is_script(entry->d_name))
			status = add(call, scripts, entry->d_name);
	if (status == ELQ_OK && errno != 0)
		status = sqlkit_fail(call, ELQ_ERR_FAILED, NULL, "cannot list %s: %s", path,
				     strerrordesc_np(errno));
	if (stream)
		closedir(stream);
	else if (copy >= 0)
		close(copy);
	return status;
}

int32_t scripts_list(const struct elq_call *call, const char *path, struct scripts *ret)
{
	*ret = (struct scripts){.folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .path = path};
	if (ret->folder < 0 && errno == ENOENT)
		return ELQ_OK;
	if (ret->folder < 0)
		return sqlkit_fail(call, ELQ_ERR_FAILED, NULL, "cannot open the folder %s: %s", path,
				   strerrordesc_np(errno));
	int32_t status = read_names(call, path, ret);
	if (status == ELQ_OK && ret->count)
		qsort(ret->names, (size_t)ret->count, sizeof(*ret->names), compare);
	return status;
}

void scripts_free(struct scripts *scripts)
{
	for (uint64_t i = 0; i < scripts->count; i++)
		free(scripts->names[i]);
	free(scripts->names);
	if (scripts->folder >= 0)
		close(scripts->folder);
	*scripts = (struct scripts){.folder = -1};
}

static int32_t read_all(const struct elq_call *call, const struct scripts *scripts, const char *name,
			int fd, char *data, uint64_t capacity, uint64_t *ret_size)
{
	uint64_t size = 0;
	for (;;) {
		ssize_t got = read(fd, data + size, (size_t)(capacity - size));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return sqlkit_fail(call, ELQ_ERR_FAILED, NULL, "cannot read %s/%s: %s",
					   scripts->path, name, strerrordesc_np(errno));
		if (got == 0)
			break;
		size += (uint64_t)got;
		if (size == capacity)
			return sqlkit_fail(call, ELQ_ERR_MALFORMED, "run it again",
					   "%s/%s grew while it was read", scripts->path, name);
	}
	*ret_size = size;
	return ELQ_OK;
}

int32_t script_read(const struct elq_call *call, const struct scripts *scripts, const char *name,
		    char **ret, uint64_t *ret_size)
{
	struct stat file;
	/* Non-blocking: a pipe in the place of a file is refused, not waited for. */
	int fd = openat(scripts->folder, name,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &file) != 0) {
		int why = errno;
		if (fd >= 0)
			close(fd);
		return sqlkit_fail(call, why == ELOOP ? ELQ_ERR_MALFORMED : ELQ_ERR_FAILED,
				   why == ELOOP ? "put the file itself into the seeds folder" : NULL,
				   "cannot read %s/%s: %s", scripts->path, name,
				   why == ELOOP ? "it is a link" : strerrordesc_np(why));
	}
	int32_t status = ELQ_OK;
	char *data = NULL;
	if (!S_ISREG(file.st_mode))
		status = sqlkit_fail(call, ELQ_ERR_MALFORMED, "seeds are files",
				     "%s/%s is not a regular file", scripts->path, name);
	else if ((uint64_t)file.st_size > SCRIPT_CAP)
		status = sqlkit_fail(
			call, ELQ_ERR_MALFORMED, "split it, or load rows with another seeder",
			"%s/%s is larger than %d MiB", scripts->path, name, (int)(SCRIPT_CAP >> 20));
	else if (!(data = malloc((size_t)file.st_size + 1)))
		status = no_memory(call);
	else
		status = read_all(call, scripts, name, fd, data, (uint64_t)file.st_size + 1, ret_size);
	close(fd);
	if (status == ELQ_OK)
		*ret = data;
	else
		free(data);
	return status;
}
