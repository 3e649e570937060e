/* lock.c - one run at a time: an open-file-description lock on a file beside
 * the database.
 *
 * Such a lock belongs to the open file, not to the process: it dies with its
 * holder however that ends, and two connections of one process exclude each
 * other. The file itself is lock_file.c's. Who holds it stands in it as
 * key=value lines; after a clean release it is empty, so that what is read
 * without a lock is what a holder left that died. */
#include "sqlite/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VALUE_MAX 1024 /* bytes of one value in the file */

struct elq_lock {
	struct elq_connection *connection;
	int fd;
};

/* ---- the lock ------------------------------------------------------------------ */

static struct flock whole_file(void)
{
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

/* ELQ_ERR_LOCKED when somebody else has it. */
static int32_t take(struct elq_connection *connection, int fd)
{
	struct flock lock = whole_file();
	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return ELQ_OK;
	if (errno != EAGAIN && errno != EACCES)
		return lock_file_fail(connection, "lock");
	return sqlkit_fail(connection->call, ELQ_ERR_LOCKED, "wait until it is done, or use --wait",
			   "another run works on %s", connection->location.path);
}

/* ---- the holder ------------------------------------------------------------- */

/* One line; a control character in a value would make another. */
static void add_line(sqlite3_str *text, const char *key, const struct elq_str *value)
{
	if (!value->data)
		return;
	sqlite3_str_appendf(text, "%s=", key);
	for (uint64_t i = 0; i < value->size && i < VALUE_MAX; i++) {
		unsigned char c = (unsigned char)value->data[i];
		sqlite3_str_appendchar(text, 1, c < 0x20 || c == 0x7f ? ' ' : (char)c);
	}
	sqlite3_str_appendchar(text, 1, '\n');
}

/* In one write behind a cut to nothing, so that a reader sees all, nothing, or
 * (on a full disk) less, and never two holders' lines. */
static int32_t write_holder(struct elq_connection *connection, int fd,
			    const struct elq_lock_holder *owner)
{
	sqlite3_str *text = sqlite3_str_new(NULL);
	add_line(text, "id", &owner->id);
	sqlite3_str_appendf(text, "pid=%lld\n", (long long)owner->pid);
	add_line(text, "actor", &owner->actor);
	add_line(text, "host", &owner->host);
	add_line(text, "command", &owner->command);
	add_line(text, "since", &owner->since);
	int size = sqlite3_str_length(text);
	char *data = sqlite3_str_finish(text);
	if (!data)
		return failure_no_memory(connection->call);
	int32_t status = ELQ_OK;
	errno = 0;
	if (ftruncate(fd, 0) != 0 || pwrite(fd, data, (size_t)size, 0) != size) {
		if (errno == 0)
			errno = ENOSPC;
		status = lock_file_fail(connection, "write");
	}
	sqlite3_free(data);
	return status;
}

/* Cuts the file's text, in connection->holder, into *ret. Unknown keys are a later version's. */
static void cut_holder(struct elq_connection *connection, struct elq_lock_holder *ret)
{
	const struct {
		const char *key;
		struct elq_str *value;
	} keys[] = {
		{"id=", &ret->id},           {"actor=", &ret->actor}, {"host=", &ret->host},
		{"command=", &ret->command}, {"since=", &ret->since},
	};
	char *line = connection->holder;
	for (char *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			size_t size = strlen(keys[i].key);
			if (strncmp(line, keys[i].key, size) == 0)
				*keys[i].value = sqlkit_str(line + size);
		}
		if (strncmp(line, "pid=", 4) == 0)
			for (const char *digit = line + 4;
			     *digit >= '0' && *digit <= '9' && ret->pid < INT_MAX; digit++)
				ret->pid = ret->pid * 10 + (*digit - '0');
	}
}

static int32_t read_holder(struct elq_connection *connection, int fd, struct elq_lock_holder *ret)
{
	ssize_t size = pread(fd, connection->holder, sizeof(connection->holder) - 1, 0);
	if (size < 0)
		return lock_file_fail(connection, "read");
	connection->holder[size] = '\0';
	cut_holder(connection, ret);
	return ELQ_OK;
}

/* ---- the slots ----------------------------------------------------------------- */

static int32_t acquire(struct elq_connection *connection, const struct elq_lock_holder *given,
		       struct elq_lock **ret_lock)
{
	struct elq_lock_holder owner = {0};
	memcpy(&owner, given, given->struct_size < sizeof(owner) ? given->struct_size : sizeof(owner));
	int32_t status = connection_check_writable(connection);
	if (status == ELQ_OK)
		status = connection_check_place(
			connection); /* lock what we have open, not its successor */
	if (status != ELQ_OK)
		return status;
	int fd = -1;
	status = lock_file_open(connection, LOCK_FILE_CREATE, &fd);
	if (status != ELQ_OK)
		return status;
	status = take(connection, fd);
	bool in_place = false;
	if (status == ELQ_OK)
		status = lock_file_in_place(connection, fd, &in_place);
	if (status == ELQ_OK && !in_place)
		status = sqlkit_fail(connection->call, ELQ_ERR_LOCKED, "run again",
				     "the lock file %s" LOCK_SUFFIX " was exchanged at this moment",
				     connection->location.path);
	if (status == ELQ_OK)
		status = write_holder(connection, fd, &owner);
	if (status == ELQ_OK)
		lock_file_share(connection, fd); /* what it held before is gone */
	struct elq_lock *lock = NULL;
	if (status == ELQ_OK) {
		lock = sqlite3_malloc64(sizeof(*lock));
		status = lock ? ELQ_OK : failure_no_memory(connection->call);
	}
	if (status != ELQ_OK || !lock) {
		close(fd);
		return status;
	}
	*lock = (struct elq_lock){connection, fd};
	*ret_lock = lock;
	return ELQ_OK;
}

static int32_t slot_acquire(const struct elq_call *call, struct elq_connection *connection,
			    const struct elq_lock_holder *owner, struct elq_lock **ret_lock)
{
	connection_enter(connection, call);
	return connection_leave(connection, acquire(connection, owner, ret_lock));
}

static void slot_release(const struct elq_call *call, struct elq_lock *lock)
{
	(void)call;
	if (!lock)
		return;
	/* Emptied while it is still ours. Should that fail, the next inspection shows a
	 * holder that is gone, which is true. */
	if (ftruncate(lock->fd, 0) != 0)
		errno = 0;
	close(lock->fd);
	sqlite3_free(lock);
}

/* No lease to prolong; but a lock file that somebody removed locks nothing. */
static int32_t slot_renew(const struct elq_call *call, struct elq_lock *lock)
{
	bool in_place = false;
	int32_t status = lock_file_in_place(lock->connection, lock->fd, &in_place);
	if (status != ELQ_OK || in_place)
		return status;
	return sqlkit_fail(call, ELQ_ERR_LOST, "never remove that file; run again",
			   "the lock file %s" LOCK_SUFFIX " was removed or exchanged during this run",
			   lock->connection->location.path);
}

static bool is_held(int fd)
{
	struct flock lock = whole_file();
	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Between taking the lock and writing its name a holder is nameless, or has its
 * dead predecessor's name: worth a short second look. */
static bool is_unsure(const struct elq_lock_holder *holder)
{
	char host[HOST_NAME_MAX + 1] = "";
	if (!holder->held)
		return false;
	if (!holder->id.data || holder->pid <= 0)
		return true;
	bool here = gethostname(host, sizeof(host) - 1) == 0 && holder->host.size == strlen(host) &&
		    memcmp(holder->host.data, host, holder->host.size) == 0;
	return here && kill((pid_t)holder->pid, 0) != 0 && errno == ESRCH;
}

static int32_t inspect(struct elq_connection *connection, struct elq_lock_holder *ret)
{
	int fd = -1;
	int32_t status = lock_file_open(connection, LOCK_FILE_READ, &fd);
	if (status != ELQ_OK)
		return status;
	struct elq_lock_holder own = {0};
	for (int tries = 0; fd >= 0 && tries < 20; tries++) {
		own = (struct elq_lock_holder){.held = is_held(fd)};
		status = read_holder(connection, fd, &own);
		if (status != ELQ_OK || !is_unsure(&own) || waiting_is_over(connection))
			break;
		struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
		nanosleep(&pause, NULL);
	}
	if (fd >= 0)
		close(fd);
	if (status != ELQ_OK)
		return status;
	own.struct_size = ret->struct_size;
	memcpy(ret, &own, own.struct_size < sizeof(own) ? own.struct_size : sizeof(own));
	return ELQ_OK;
}

static int32_t slot_inspect(const struct elq_call *call, struct elq_connection *connection,
			    struct elq_lock_holder *ret)
{
	connection_enter(connection, call);
	return connection_leave(connection, inspect(connection, ret));
}

static int32_t clear_of(struct elq_connection *connection, int fd, const struct elq_str *id)
{
	struct elq_lock_holder holder = {0};
	int32_t status = take(connection, fd);
	if (status == ELQ_OK)
		status = read_holder(connection, fd, &holder);
	if (status != ELQ_OK)
		return status;
	bool same = holder.id.data && holder.id.size == id->size &&
		    memcmp(holder.id.data, id->data, (size_t)id->size) == 0;
	if (!same)
		return sqlkit_fail(connection->call, ELQ_ERR_NOT_FOUND, NULL, "%s has no holder %.*s",
				   connection->location.path, (int)id->size, id->data);
	return ftruncate(fd, 0) == 0 ? ELQ_OK : lock_file_fail(connection, "write");
}

static int32_t take_over(struct elq_connection *connection, const struct elq_str *id)
{
	int fd = -1;
	int32_t status = connection_check_writable(connection);
	if (status == ELQ_OK)
		status = lock_file_open(connection, LOCK_FILE_WRITE, &fd);
	if (status != ELQ_OK)
		return status;
	if (fd < 0)
		return sqlkit_fail(connection->call, ELQ_ERR_NOT_FOUND, NULL,
				   "%s has never been locked", connection->location.path);
	status = clear_of(connection, fd, id);
	close(fd);
	return status;
}

static int32_t slot_take_over(const struct elq_call *call, struct elq_connection *connection,
			      const struct elq_str *id)
{
	connection_enter(connection, call);
	return connection_leave(connection, take_over(connection, id));
}

const struct elq_lock_ops sqlite_lock = {
	.struct_size = sizeof(sqlite_lock),
	.acquire = slot_acquire,
	.release = slot_release,
	.renew = slot_renew,
	.inspect = slot_inspect,
	.take_over = slot_take_over,
};
