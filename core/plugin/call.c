/* call.c - one call into a plugin of any kind: what it receives, what cancels it,
 * and what its answer becomes. Every slot is called between call_enter and call_leave. */
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

void caller_init(struct caller *caller, struct observer *observer, const struct plugin *plugin,
		 const char *name)
{
	*caller = (struct caller){.observer = observer, .plugin = plugin, .name = name};
	pthread_mutex_init(&caller->guard, NULL);
}

void caller_done(struct caller *caller)
{
	pthread_mutex_destroy(&caller->guard);
	text_free(&caller->slot_error.message);
	text_free(&caller->slot_error.hint);
}

bool caller_cancelled(const struct caller *caller)
{
	for (; caller != NULL; caller = caller->follows)
		if (atomic_load(&caller->cancelled))
			return true;
	return false;
}

static const char *kind_of(const struct caller *caller)
{
	return kind_name(caller->plugin->note.kind);
}

static enum status refuse_cancelled(const struct caller *caller, struct error *error)
{
	if (caller->plugin->note.kind == ELQ_KIND_DRIVER)
		return error_set(error, STATUS_INTERRUPTED,
				 "the work on the connection \"%s\" was cancelled", caller->name);
	return error_set(error, STATUS_INTERRUPTED, "the work of the %s %s was cancelled",
			 kind_of(caller), caller->plugin->name);
}

enum status call_enter(struct caller *caller, bool shielded, struct elq_call *ret, struct error *error)
{
	pthread_mutex_lock(&caller->guard);
	bool refused = !shielded && caller_cancelled(caller);
	atomic_store(&caller->shielded, shielded);
	caller->running = !refused;
	pthread_mutex_unlock(&caller->guard);
	if (refused)
		return refuse_cancelled(caller, error);
	caller->slot_error.set = false;
	*ret = (struct elq_call){
		.struct_size = sizeof(*ret),
		.host = &host_table,
		.context = caller,
		.deadline_ns = shielded ? 0 : caller->deadline_ns,
	};
	return STATUS_OK;
}

static void fill_details(const struct slot_error *said, struct error *error)
{
	const struct elq_error *fixed = &said->fixed;
	memcpy(error->sqlstate, fixed->sqlstate, sizeof(error->sqlstate));
	error->sqlstate[sizeof(error->sqlstate) - 1] = '\0';
	error->native = fixed->native;
	error->statement = fixed->statement >= 0 ? fixed->statement + 1 : 0;
	error->retryable = (fixed->flags & ELQ_ERROR_RETRYABLE) != 0;
	error->outcome_unknown = (fixed->flags & ELQ_ERROR_OUTCOME_UNKNOWN) != 0;
	if (said->hint.size > 0)
		error_hint(error, "%s", text_string(&said->hint));
}

static enum status status_of(const struct caller *caller, int32_t code)
{
	const struct slot_error *said = &caller->slot_error;
	enum status status = caller->opening ? codes[code].opening : codes[code].status;
	if (code == ELQ_ERR_LOST && said->set && (said->fixed.flags & ELQ_ERROR_OUTCOME_UNKNOWN) != 0)
		return STATUS_OUTCOME_UNKNOWN;
	/* Only a driver runs statements. */
	if (status == STATUS_STATEMENT_FAILED && caller->plugin->note.kind != ELQ_KIND_DRIVER)
		return STATUS_FAILED;
	return status;
}

enum status call_leave(struct caller *caller, int32_t code, const char *slot, struct error *error)
{
	const struct slot_error *said = &caller->slot_error;
	pthread_mutex_lock(&caller->guard);
	caller->running = false;
	atomic_store(&caller->shielded, false);
	pthread_mutex_unlock(&caller->guard);
	if (code == ELQ_OK)
		return STATUS_OK;
	if (code < 0 || (size_t)code >= COUNT_OF(codes))
		return error_set(error, STATUS_INTERNAL,
				 "the %s %s answered its slot %s with the unknown code %" PRId32,
				 kind_of(caller), caller->plugin->name, slot, code);
	enum status status = status_of(caller, code);
	if (said->set && said->message.size > 0) {
		error_set(error, status, "%s", text_string(&said->message));
	} else {
		error_set(error, status, "the %s %s failed in its slot %s and does not say why (%s)",
			  kind_of(caller), caller->plugin->name, slot, codes[code].name);
		error_hint(error, "this is a fault of the plugin %s", caller->plugin->path);
	}
	if (said->set)
		fill_details(said, error);
	return status;
}

enum status call_broken(struct caller *caller, const char *slot, const char *what, struct error *error)
{
	error_set(error, STATUS_INTERNAL, "the %s %s broke its contract in the slot %s: %s",
		  kind_of(caller), caller->plugin->name, slot, what);
	error_hint(error, "this is a fault of the plugin %s", caller->plugin->path);
	return STATUS_INTERNAL;
}
