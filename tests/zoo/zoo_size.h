/* zoo_size.h - how long a table of functions says that it is. Before it: ZOO_TABLE, the
 * kind's struct, and where ZOO_SHORT_OPS may be asked for, ZOO_LAST_SLOT, which is then
 * cut off. */
#ifndef ZOO_SIZE_H
#define ZOO_SIZE_H

#include <stddef.h>

/* Longer than the host's: what a later edition looks like. */
struct newer_ops {
	ZOO_TABLE known;
	int32_t (*later)(void);
};

#ifdef ZOO_OLDER_OPS /* the required slots alone */
#define ZOO_OPS_SIZE offsetof(ZOO_TABLE, get_extension)
#elif defined(ZOO_SHORT_OPS)
#define ZOO_OPS_SIZE offsetof(ZOO_TABLE, ZOO_LAST_SLOT)
#elif defined(ZOO_NEWER)
#define ZOO_OPS_SIZE sizeof(struct newer_ops)
#else
#define ZOO_OPS_SIZE sizeof(ZOO_TABLE)
#endif

#endif
