/* puppet_lock.h - the puppet's lock, in memory: a part of puppet.c, where it is included
 * behind what it uses of the connection. */
#ifndef ZOO_PUPPET_LOCK_H
#define ZOO_PUPPET_LOCK_H

struct elq_lock {
	struct elq_connection *connection;
};

static int32_t puppet_acquire(const struct elq_call *call, struct elq_connection *connection,
			      const struct elq_lock_holder *owner, struct elq_lock **ret_lock)
{
	struct elq_lock *lock;
	if (mode_is(connection, "locked"))
		return fail(call, ELQ_ERR_LOCKED, 0, -1, "somebody else has it");
	if (mode_is(connection, "lock_null"))
		return ELQ_OK;
	lock = calloc(1, sizeof(*lock));
	if (lock == NULL)
		return ELQ_ERR_NOMEM;
	lock->connection = connection;
	snprintf(connection->holder, sizeof(connection->holder), "%.*s", (int)owner->id.size,
		 owner->id.data);
	*ret_lock = lock;
	return ELQ_OK;
}

static void puppet_release(const struct elq_call *call, struct elq_lock *lock)
{
	if (lock == NULL)
		return;
	trace(call, lock->connection, "release");
	free(lock);
}

static int32_t puppet_renew(const struct elq_call *call, struct elq_lock *lock)
{
	return lock->connection->holder[0] != '\0' ? ELQ_OK : fail(call, ELQ_ERR_LOST, 0, -1, "lost");
}

static int32_t puppet_inspect(const struct elq_call *call, struct elq_connection *connection,
			      struct elq_lock_holder *ret)
{
	(void)call;
	ret->held = connection->holder[0] != '\0';
	ret->pid = 42;
	if (ret->held)
		ret->id = (struct elq_str){connection->holder, strlen(connection->holder)};
	ret->actor = (struct elq_str)STR("pu\0ppet");
	return ELQ_OK;
}

static int32_t puppet_take_over(const struct elq_call *call, struct elq_connection *connection,
				const struct elq_str *id)
{
	if (strlen(connection->holder) != id->size ||
	    memcmp(connection->holder, id->data, id->size) != 0)
		return fail(call, ELQ_ERR_NOT_FOUND, 0, -1, "another holder");
	connection->holder[0] = '\0';
	return ELQ_OK;
}

static const struct elq_lock_ops lock_ops = {
	.struct_size = sizeof(lock_ops),
	.acquire = puppet_acquire,
	.release = puppet_release,
	.renew = puppet_renew,
	.inspect = puppet_inspect,
	.take_over = puppet_take_over,
};

#endif
