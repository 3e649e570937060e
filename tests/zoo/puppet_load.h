/* puppet_load.h - the puppet's elq.load, which takes everything and keeps nothing: a part
 * of puppet.c, where it is included behind what it uses of the connection. */
#ifndef ZOO_PUPPET_LOAD_H
#define ZOO_PUPPET_LOAD_H

#include <eloquent/load.h>

static int32_t puppet_load(const struct elq_call *call, struct elq_connection *connection,
			   const struct elq_load_plan *plan, struct elq_load **ret)
{
	(void)call, (void)plan;
	if (!mode_is(connection, "load_null"))
		*ret = (struct elq_load *)connection;
	return ELQ_OK;
}

static int32_t puppet_write(const struct elq_call *call, struct elq_load *load,
			    const struct elq_value *values, uint64_t row_count)
{
	(void)load, (void)values, (void)row_count;
	return stop_if_cancelled(call);
}

static int32_t puppet_finish(const struct elq_call *call, struct elq_load *load,
			     struct elq_load_result *ret)
{
	(void)call;
	ret->inserted = mode_is((struct elq_connection *)load, "load_wrong") ? -1 : 0;
	return ELQ_OK;
}

static void puppet_abandon(const struct elq_call *call, struct elq_load *load)
{
	trace(call, (struct elq_connection *)load, "abandon");
}

static int32_t puppet_reserve(const struct elq_call *call, struct elq_connection *connection,
			      const struct elq_str *table, uint64_t count, int64_t *ret_first)
{
	(void)call, (void)table, (void)count;
	*ret_first = mode_is(connection, "load_wrong") ? INT64_MAX - 1 : 1;
	return ELQ_OK;
}

static const struct elq_load_ops load_ops = {
	.struct_size = sizeof(load_ops),
	.begin = puppet_load,
	.write = puppet_write,
	.finish = puppet_finish,
	.abandon = puppet_abandon,
	.reserve_ids = puppet_reserve,
};

#endif
