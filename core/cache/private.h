/* private.h - the chain as its files share it: its stores, which are up, and the
 * generation that each has reached. */
#ifndef CACHE_PRIVATE_H
#define CACHE_PRIVATE_H

#include "cache/cache.h"

/* One store of the chain. */
struct link {
	const char *name;
	const char *owner; /* "[cache:file]", for messages */
	const struct cache_plugin *plugin;
	struct settings settings;
	struct store *store; /* NULL: not opened, or it could not be */
	bool up;             /* joined, and its last call went well */
	bool missed;         /* what it missed is on record: the others' generation is higher */
	int64_t generation;  /* when it was last read or written */
	int64_t tried_ns;    /* when it went down, or 0 */
	struct error error;  /* why it is down */
};

struct cache {
	struct arena arena;
	struct observer *observer;
	const struct project *project;
	const char *prefix;
	struct link links[CACHE_STORES_CAP];
	size_t count;
};

/* ---- links.c ---------------------------------------------------------------------------- */

/* Opens the store if it is not open. */
enum status link_open(struct cache *cache, struct link *link, struct error *error) MUST_CHECK;
/* Reads the store's generation into the link; a store without one has 0. */
enum status link_read_generation(struct cache *cache, struct link *link,
				 struct error *error) MUST_CHECK;
enum status link_write_generation(struct cache *cache, struct link *link, int64_t generation,
				  struct error *error) MUST_CHECK;
/* It failed: it is down, and why is kept; link_fail says it too, once. */
void link_down(struct link *link, struct error *error);
void link_fail(struct cache *cache, struct link *link, struct error *error);
/* Brings up what is not, where it was not tried just now: opens it, and empties what is
 * behind another. */
void links_join(struct cache *cache);
/* The highest generation that is known. */
int64_t links_generation(const struct cache *cache);
/* One that is higher than every other, known or not. */
int64_t links_next_generation(const struct cache *cache);
/* After a write: what those that are down have missed is recorded in those that are up. */
void links_record_missed(struct cache *cache);
/* STATUS_FAILED: every store, with its reason. */
enum status links_all_down(const struct cache *cache, struct error *error);

#endif
