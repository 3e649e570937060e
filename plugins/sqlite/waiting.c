/* waiting.c - how a running statement ends early, and how we wait for another
 * program's lock: SQLite's progress and busy handlers.
 *
 * Both look at three things: cancel() of this driver, the host's cancelled(),
 * and the call's deadline. Why a statement was stopped is kept in
 * connection->stopped, because SQLite only says "interrupted". */
#include "sqlite/internal.h"

#include <time.h>

/* Between two looks at the clock: some ten microseconds of work. */
#define PROGRESS_STEPS 2000

bool waiting_is_over(struct elq_connection *connection)
{
	const struct elq_call *call = connection->call;
	if (!call || connection->deaf)
		return false;
	if (atomic_load(&connection->cancelled) || call->host->cancelled(call))
		connection->stopped = ELQ_ERR_CANCELLED;
	else if (call->deadline_ns != 0 && call->host->now_ns(call) >= call->deadline_ns)
		connection->stopped = ELQ_ERR_TIMEOUT;
	else
		return false;
	return true;
}

static int progress(void *context)
{
	return waiting_is_over(context);
}

static int busy(void *context, int tries)
{
	static const int64_t steps_ms[] = {1, 2, 5, 10, 15, 20, 25};
	const int last = (int)(sizeof(steps_ms) / sizeof(steps_ms[0])) - 1;
	struct elq_connection *connection = context;
	const struct elq_call *call = connection->call;
	if (!call || waiting_is_over(connection))
		return 0;
	int64_t now = call->host->now_ns(call);
	if (tries == 0)
		connection->wait_since_ns = now;
	int64_t left = connection->wait_us - (now - connection->wait_since_ns) / 1000;
	if (left <= 0)
		return 0;
	int64_t step = steps_ms[tries < last ? tries : last] * 1000;
	if (step > left)
		step = left;
	struct timespec pause = {.tv_sec = 0, .tv_nsec = (long)step * 1000};
	nanosleep(&pause, NULL); /* a signal only shortens it */
	return 1;
}

void waiting_cancel(struct elq_connection *connection)
{
	atomic_store(&connection->cancelled, 1);
	pthread_mutex_lock(&connection->swap);
	if (connection->db && !connection->deaf)
		sqlite3_interrupt(connection->db);
	pthread_mutex_unlock(&connection->swap);
}

void waiting_set_deaf(struct elq_connection *connection, bool deaf)
{
	pthread_mutex_lock(&connection->swap);
	connection->deaf = deaf;
	pthread_mutex_unlock(&connection->swap);
}

void waiting_install(struct elq_connection *connection, sqlite3 *db)
{
	sqlite3_busy_handler(db, busy, connection);
	sqlite3_progress_handler(db, PROGRESS_STEPS, progress, connection);
}
