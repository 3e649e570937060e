/* call.c - one call into a driver: what it receives, what cancels it, and what its
 * answer becomes. Every slot is called between call_enter and call_leave. */
#include "plugin/private.h"

#include <inttypes.h>
#include <string.h>

/* ELQ_ERR_* -> what the program makes of it, and while opening. */
static const struct {
	const char *name;
	enum status status;
	enum status opening;
} codes[] = {
	[ELQ_ERR_FAILED] = {"ELQ_ERR_FAILED", STATUS_STATEMENT_FAILED, STATUS_CONNECT},
	[ELQ_ERR_NOMEM] = {"ELQ_ERR_NOMEM", STATUS_NO_MEMORY, STATUS_NO_MEMORY},
	[ELQ_ERR_INVALID] = {"ELQ_ERR_INVALID", STATUS_INTERNAL, STATUS_CONFIG},
	[ELQ_ERR_UNSUPPORTED] = {"ELQ_ERR_UNSUPPORTED", STATUS_UNSUPPORTED, STATUS_UNSUPPORTED},
	[ELQ_ERR_CONNECT] = {"ELQ_ERR_CONNECT", STATUS_CONNECT, STATUS_CONNECT},
	[ELQ_ERR_LOCKED] = {"ELQ_ERR_LOCKED", STATUS_LOCKED, STATUS_LOCKED},
	[ELQ_ERR_CANCELLED] = {"ELQ_ERR_CANCELLED", STATUS_INTERRUPTED, STATUS_INTERRUPTED},
	[ELQ_ERR_TIMEOUT] = {"ELQ_ERR_TIMEOUT", STATUS_TIMEOUT, STATUS_CONNECT},
	[ELQ_ERR_CONSTRAINT] = {"ELQ_ERR_CONSTRAINT", STATUS_STATEMENT_FAILED, STATUS_CONNECT},
	[ELQ_ERR_CORRUPT] = {"ELQ_ERR_CORRUPT", STATUS_CORRUPT, STATUS_CONNECT},
	[ELQ_ERR_STOPPED] = {"ELQ_ERR_STOPPED", STATUS_INTERNAL, STATUS_INTERNAL},
	[ELQ_ERR_NOT_FOUND] = {"ELQ_ERR_NOT_FOUND", STATUS_UNKNOWN_NAME, STATUS_CONNECT},
	[ELQ_ERR_LOST] = {"ELQ_ERR_LOST", STATUS_STATEMENT_FAILED, STATUS_CONNECT},
	[ELQ_ERR_MALFORMED] = {"ELQ_ERR_MALFORMED", STATUS_MALFORMED, STATUS_MALFORMED},
};

enum status call_enter(struct database *database, bool shielded, struct elq_call *ret,
		       struct error *error)
{
	pthread_mutex_lock(&database->guard);
	bool refused = !shielded && database_cancelled(database);
	atomic_store(&database->shielded, shielded);
	database->running = !refused;
	pthread_mutex_unlock(&database->guard);
	if (refused)
		return error_set(error, STATUS_INTERRUPTED,
				 "the work on the connection \"%s\" was cancelled",
				 database->connection->name);
	database->slot_error.set = false;
	*ret = (struct elq_call){
		.struct_size = sizeof(*ret),
		.host = &host_table,
		.context = database,
		.deadline_ns = shielded ? 0 : database->deadline_ns,
	};
	return STATUS_OK;
}

void database_cancel(struct database *database)
{
	atomic_store(&database->cancelled, true);
	pthread_mutex_lock(&database->guard);
	if (database->running && database->handle != NULL && !atomic_load(&database->shielded))
		database->driver->ops.cancel(database->handle);
	pthread_mutex_unlock(&database->guard);
}

bool database_cancelled(const struct database *database)
{
	return atomic_load(&database->cancelled) ||
	       (database->beside && atomic_load(&database->beside->cancelled));
}

static void fill_details(const struct database *database, struct error *error)
{
	const struct elq_error *fixed = &database->slot_error.fixed;
	memcpy(error->sqlstate, fixed->sqlstate, sizeof(error->sqlstate));
	error->sqlstate[sizeof(error->sqlstate) - 1] = '\0';
	error->native = fixed->native;
	error->statement = fixed->statement >= 0 ? fixed->statement + 1 : 0;
	error->retryable = (fixed->flags & ELQ_ERROR_RETRYABLE) != 0;
	error->outcome_unknown = (fixed->flags & ELQ_ERROR_OUTCOME_UNKNOWN) != 0;
	if (database->slot_error.hint.size > 0)
		error_hint(error, "%s", text_string(&database->slot_error.hint));
}

enum status call_leave(struct database *database, int32_t code, const char *slot, struct error *error)
{
	const struct slot_error *said = &database->slot_error;
	pthread_mutex_lock(&database->guard);
	database->running = false;
	atomic_store(&database->shielded, false);
	pthread_mutex_unlock(&database->guard);
	if (code == ELQ_OK)
		return STATUS_OK;
	if (code < 0 || (size_t)code >= COUNT_OF(codes))
		return error_set(error, STATUS_INTERNAL,
				 "the driver %s answered its slot %s with the unknown code %" PRId32,
				 database->driver->name, slot, code);
	enum status status = database->opening ? codes[code].opening : codes[code].status;
	if (code == ELQ_ERR_LOST && said->set && (said->fixed.flags & ELQ_ERROR_OUTCOME_UNKNOWN) != 0)
		status = STATUS_OUTCOME_UNKNOWN;
	if (said->set && said->message.size > 0) {
		error_set(error, status, "%s", text_string(&said->message));
	} else {
		error_set(error, status,
			  "the driver %s failed in its slot %s and does not say why (%s)",
			  database->driver->name, slot, codes[code].name);
		error_hint(error, "this is a fault of the plugin %s", database->driver->path);
	}
	if (said->set)
		fill_details(database, error);
	return status;
}

enum status call_broken(struct database *database, const char *slot, const char *what,
			struct error *error)
{
	error_set(error, STATUS_INTERNAL, "the driver %s broke its contract in the slot %s: %s",
		  database->driver->name, slot, what);
	error_hint(error, "this is a fault of the plugin %s", database->driver->path);
	return STATUS_INTERNAL;
}
