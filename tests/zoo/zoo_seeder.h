/* zoo_seeder.h - the table of zoo.c's seeders. */
#ifndef ZOO_SEEDER_H
#define ZOO_SEEDER_H

#include <eloquent/seeder.h>

#define ZOO_OPTIONAL_SLOT zoo_run

static int32_t zoo_list(const struct elq_call *call, const struct elq_str *folder,
			const struct elq_seed_sink *sink)
{
	(void)call;
	(void)folder;
	(void)sink;
	return ELQ_OK;
}

static int32_t zoo_run(const struct elq_call *call, const struct elq_seed *seed,
		       const struct elq_seed_target *target)
{
	(void)call;
	(void)seed;
	(void)target;
	return ELQ_ERR_UNSUPPORTED;
}

#define ZOO_TABLE struct elq_seeder
#define ZOO_LAST_SLOT run
#include "zoo_size.h"

static const struct newer_ops ops = {
	.known =
		{
			.struct_size = (uint32_t)ZOO_OPS_SIZE,
			.list = zoo_list,
#ifndef ZOO_MISSING_SLOT
			.run = zoo_run,
#endif
		},
};

#endif
