/* lock_file.c - the file that the lock is taken on: opened, never followed if it
 * is a link, never removed (a second one of the same name would be a second
 * lock), and as open to others as the database itself. */
#include "sqlite/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char *hint_of(int reason)
{
	switch (reason) {
	case EACCES:
	case EPERM:
	case EROFS:
		return "give this user the right to write the lock file and its folder; the next run "
		       "of "
		       "the file's owner gives it the database's mode";
	case ELOOP:
		return "remove that link; the lock file must be a file of its own";
	case EISDIR:
		return "remove that folder; the lock file must be a file of its own";
	case ENOSPC:
	case EDQUOT:
		return "free some space on the disk that holds the database, then run again";
	case EFBIG:
		return "raise the limit on the size of this process's files (ulimit -f), then run "
		       "again";
	case EMFILE:
	case ENFILE:
		return "raise the limit on open files (ulimit -n), then run again";
	case ENOLCK:
		return "no more locks can be taken on this file system; put the database on another";
	default:
		return "look at the disk that holds the database: its space, its limits, its log";
	}
}

int32_t lock_file_fail(struct elq_connection *connection, const char *doing)
{
	int reason = errno;
	return sqlkit_fail(connection->call, ELQ_ERR_FAILED, hint_of(reason),
			   "cannot %s the lock file %s" LOCK_SUFFIX ": %s", doing,
			   connection->location.path, strerrordesc_np(reason));
}

/* The database as it is now; false: absent, or not the one that was opened. */
static bool look_at_database(const struct elq_connection *connection, struct stat *ret)
{
	return connection->exists && lstat(connection->location.path, ret) == 0 &&
	       ret->st_dev == connection->device && ret->st_ino == connection->inode;
}

/* A new file may be written by its owner alone until lock_file_share. Beside an absent
 * database it gets the mode that SQLite will give that one. */
static mode_t first_mode(const struct elq_connection *connection)
{
	struct stat database;
	return look_at_database(connection, &database) ? 0600 | (database.st_mode & 0044) : 0644;
}

/* Opens what is there, or makes it; two at once may each find what the other made. */
static int open_or_create(const struct elq_connection *connection, const char *path,
			  enum lock_file_use use)
{
	int flags = (use == LOCK_FILE_READ ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
		    O_NOCTTY;
	int fd = open(path, flags);
	for (int tries = 0; fd < 0 && errno == ENOENT && use == LOCK_FILE_CREATE && tries < 100;
	     tries++) {
		fd = open(path, flags | O_CREAT | O_EXCL, first_mode(connection));
		if (fd >= 0 || errno != EEXIST)
			break;
		fd = open(path, flags);
	}
	return fd;
}

int32_t lock_file_open(struct elq_connection *connection, enum lock_file_use use, int *ret_fd)
{
	char *path = sqlite3_mprintf("%s" LOCK_SUFFIX, connection->location.path);
	if (!path)
		return failure_no_memory(connection->call);
	int fd = open_or_create(connection, path, use);
	sqlite3_free(path);
	if (fd < 0 && errno == ENOENT && use != LOCK_FILE_CREATE) {
		*ret_fd = -1;
		return ELQ_OK;
	}
	if (fd < 0)
		return lock_file_fail(connection, "open");
	struct stat file;
	/* A second name would be a file of somebody's that we empty. */
	if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) || file.st_nlink > 1) {
		close(fd);
		return sqlkit_fail(connection->call, ELQ_ERR_FAILED, "remove it",
				   "the lock file %s" LOCK_SUFFIX " is not a regular file of one name",
				   connection->location.path);
	}
	*ret_fd = fd;
	return ELQ_OK;
}

int32_t lock_file_in_place(const struct elq_connection *connection, int fd, bool *ret)
{
	struct stat opened;
	struct stat named;
	char *path = sqlite3_mprintf("%s" LOCK_SUFFIX, connection->location.path);
	if (!path)
		return failure_no_memory(connection->call);
	*ret = fstat(fd, &opened) == 0 && lstat(path, &named) == 0 && opened.st_dev == named.st_dev &&
	       opened.st_ino == named.st_ino;
	sqlite3_free(path);
	return ELQ_OK;
}

/* The database's, without the right to execute. Where the group is another one, that
 * group gets what everybody has, and not what the database's group has. */
static mode_t shared_mode(const struct stat *database, const struct stat *file)
{
	mode_t mode = 0600 | (database->st_mode & 0066);
	if (file->st_gid != database->st_gid)
		mode = (mode & ~(mode_t)0060) | (mode & 0006) << 3;
	return mode;
}

/* As SQLite does it for its journals: owner and group when we are root, the group where
 * we are in it, then the mode. What is not ours to change stays. */
void lock_file_share(const struct elq_connection *connection, int fd)
{
	struct stat database;
	struct stat file;
	uid_t us = geteuid();
	if (!look_at_database(connection, &database) || fstat(fd, &file) != 0)
		return;
	if (us != 0 && us != file.st_uid)
		return;
	uid_t owner = us == 0 ? database.st_uid : (uid_t)-1;
	bool differs = file.st_gid != database.st_gid || (us == 0 && file.st_uid != database.st_uid);
	if (differs && (fchown(fd, owner, database.st_gid) != 0 || fstat(fd, &file) != 0))
		errno = 0; /* the mode that follows is the narrower one then */
	mode_t mode = shared_mode(&database, &file);
	if ((file.st_mode & 07777) != mode && fchmod(fd, mode) != 0)
		errno = 0;
}
