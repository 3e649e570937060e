/* zoo_seeder.h - the table of zoo.c's seeders. */
#ifndef ZOO_SEEDER_H
#define ZOO_SEEDER_H

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

/* Longer than the host's: what a later edition looks like. */
struct newer_ops {
	struct elq_seeder known;
	int32_t (*later)(void);
};

#ifdef ZOO_OLDER_OPS /* the required slots alone */
#define ZOO_OPS_SIZE offsetof(struct elq_seeder, get_extension)
#elif defined(ZOO_SHORT_OPS)
#define ZOO_OPS_SIZE offsetof(struct elq_seeder, run)
#elif defined(ZOO_NEWER)
#define ZOO_OPS_SIZE sizeof(struct newer_ops)
#else
#define ZOO_OPS_SIZE sizeof(struct elq_seeder)
#endif

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
