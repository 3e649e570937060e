/* cmd_cache.c - cache:stats and cache:clear: what each store of this environment's
 * chain holds, and emptying them. Neither opens a database. */
#include "cli/commands.h"

#include <string.h>

/* ---- what both read from the command line ---------------------------------------------- */

struct wish {
	struct cache *cache;
	const char *prefix; /* "" for all */
	size_t store;
	const size_t *only; /* &store, or NULL */
};

static enum status read_prefix(const struct run *run, struct wish *wish, struct error *error)
{
	const char *prefix = option_value(run->invocation, OPTION_PREFIX);
	wish->prefix = prefix ? prefix : "";
	if (!prefix)
		return STATUS_OK;
	if (prefix[0] == '\0') {
		error_set(error, STATUS_USAGE, "--prefix is empty");
		error_hint(error, "leave it out to mean all of this project's keys");
		return STATUS_USAGE;
	}
	for (const char *at = prefix; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return error_set(error, STATUS_USAGE, "--prefix holds a control character");
	if (strlen(prefix) > CACHE_KEY_CAP)
		return error_set(error, STATUS_USAGE, "--prefix is longer than %u bytes",
				 CACHE_KEY_CAP);
	return STATUS_OK;
}

/* The caller closes wish->cache. */
static enum status read_wish(struct run *run, struct wish *wish, struct error *error)
{
	const char *store = option_value(run->invocation, OPTION_STORE);
	enum status status = read_prefix(run, wish, error);
	if (!status)
		status = cache_open(run->observer, &run->project, &wish->cache, error);
	if (status || !store)
		return status;
	wish->only = &wish->store;
	return cache_find_store(wish->cache, store, &wish->store, error);
}

static void say_head(struct run *run, const struct wish *wish)
{
	const struct cache_chain *chain = &run->project.cache;
	run_say(run, "the cache of %s, keys %s%s*", chain->word, chain->prefix, wish->prefix);
	run_result(run, "environment", json_string(chain->word));
	run_result(run, "prefix",
		   json_string(arena_printf(&run->arena, "%s%s", chain->prefix, wish->prefix)));
}

/* ---- stats ------------------------------------------------------------------------------ */

static const char *number_text(struct arena *arena, int64_t number)
{
	return number < 0 ? "?" : arena_printf(arena, "%lld", (long long)number);
}

static json_t *number_json(int64_t number)
{
	return number < 0 ? json_null() : json_integer((json_int_t)number);
}

static const char *bytes_text(struct arena *arena, int64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	double size = (double)bytes;
	size_t unit = 0;
	if (bytes < 1024)
		return bytes < 0 ? "?" : arena_printf(arena, "%lld B", (long long)bytes);
	for (size /= 1024; size >= 1024 && unit + 1 < COUNT_OF(units); unit++)
		size /= 1024;
	return arena_printf(arena, "%.1f %s", size, units[unit]);
}

/* Of all reads, those that found something; < 0: there were none, or they are not known. */
static double hit_rate(const struct store_stats *stats)
{
	if (stats->hits < 0 || stats->misses < 0 || stats->hits + stats->misses == 0)
		return -1;
	return (double)stats->hits / ((double)stats->hits + (double)stats->misses);
}

static const char *state_text(const struct cache_report *report)
{
	if (report->status)
		return "down";
	if (report->active)
		return report->behind ? "active, behind" : "active";
	return report->behind ? "behind" : "standby";
}

static void say_store(struct run *run, const struct cache_report *report)
{
	struct arena *arena = &run->arena;
	const struct store_stats *stats = &report->stats;
	double rate = hit_rate(stats);
	if (report->status) {
		run_say(run, "%-12s %s", report->name,
			run_paint(run, arena, PAINT_RED,
				  arena_printf(arena, "down: %s", report->message)));
		return;
	}
	run_say(run, "%-12s %-14s %9s %10s %9s %9s %9s %9s %6s  %s", report->name, state_text(report),
		number_text(arena, stats->entries), bytes_text(arena, stats->bytes),
		number_text(arena, stats->hits), number_text(arena, stats->misses),
		rate < 0 ? "-" : arena_printf(arena, "%.1f %%", rate * 100),
		number_text(arena, stats->evictions), number_text(arena, stats->errors),
		stats->location);
}

static json_t *store_json(const struct cache_report *report)
{
	const struct store_stats *stats = &report->stats;
	json_t *object = json_pack("{s:s, s:b, s:b}", "name", report->name, "active", report->active,
				   "behind", report->behind);
	json_t *failure = json_null();
	if (report->status) {
		failure = json_pack("{s:s, s:s, s:s?}", "code", status_code(report->status), "message",
				    report->message, "hint", report->hint);
		json_object_set_new(object, "error", failure);
		return object;
	}
	double rate = hit_rate(stats);
	json_object_set_new(object, "entries", number_json(stats->entries));
	json_object_set_new(object, "bytes", number_json(stats->bytes));
	json_object_set_new(object, "hits", number_json(stats->hits));
	json_object_set_new(object, "misses", number_json(stats->misses));
	json_object_set_new(object, "hit_rate", rate < 0 ? json_null() : json_real(rate));
	json_object_set_new(object, "evictions", number_json(stats->evictions));
	json_object_set_new(object, "errors", number_json(stats->errors));
	json_object_set_new(object, "shared", json_boolean(stats->flags & ELQ_CACHE_SHARED));
	json_object_set_new(object, "persistent", json_boolean(stats->flags & ELQ_CACHE_PERSISTENT));
	json_object_set_new(object, "location", json_string(stats->location));
	json_object_set_new(object, "error", failure);
	return object;
}

/* --prefix narrows what is held; the counters are the whole prefix's. */
static void narrow(const struct wish *wish, struct cache_report *reports)
{
	struct cache_report counted[CACHE_STORES_CAP];
	if (!wish->prefix[0])
		return;
	cache_count(wish->cache, wish->prefix, wish->only, counted);
	for (size_t i = 0; i < cache_store_count(wish->cache); i++) {
		bool known = !reports[i].status && !counted[i].status;
		reports[i].stats.entries = known ? counted[i].stats.entries : -1;
		reports[i].stats.bytes = known ? counted[i].stats.bytes : -1;
	}
}

static enum status none_usable(const struct wish *wish, const struct cache_report *reports,
			       struct error *error)
{
	TEXT_CLEANUP struct text text = {0};
	const char *hint = NULL;
	enum status status = STATUS_OK;
	for (size_t i = 0; i < cache_store_count(wish->cache); i++) {
		if (!reports[i].name)
			continue;
		if (!reports[i].status)
			return STATUS_OK;
		text_printf(&text, "%s%s: %s", text.size ? "; " : "", reports[i].name,
			    reports[i].message);
		hint = hint ? hint : reports[i].hint;
		status = status_stronger(status, reports[i].status);
	}
	error_set(error, status, "no store of the cache can be used: %s", text_string(&text));
	if (hint)
		error_hint(error, "%s", hint);
	return status;
}

static enum status stats_of(struct run *run, const struct wish *wish, struct error *error)
{
	struct cache_report reports[CACHE_STORES_CAP];
	json_t *stores = json_array();
	cache_stats(wish->cache, wish->only, reports);
	narrow(wish, reports);
	say_head(run, wish);
	run_say(run, "%-12s %-14s %9s %10s %9s %9s %9s %9s %6s  %s", "store", "state", "entries",
		"bytes", "hits", "misses", "hit rate", "evictions", "errors", "where");
	for (size_t i = 0; i < cache_store_count(wish->cache); i++) {
		if (!reports[i].name)
			continue;
		say_store(run, &reports[i]);
		json_array_append_new(stores, store_json(&reports[i]));
	}
	run_result(run, "stores", stores);
	return none_usable(wish, reports, error);
}

static enum status cache_stats_local(struct run *run, struct error *error)
{
	struct wish wish = {0};
	enum status status = read_wish(run, &wish, error);
	if (!status)
		status = stats_of(run, &wish, error);
	cache_close(wish.cache);
	return status;
}

/* ---- clear ------------------------------------------------------------------------------ */

static json_t *counted_json(const struct cache_report *report)
{
	return json_pack("{s:s, s:o, s:s?}", "name", report->name, "entries",
			 number_json(report->status ? -1 : report->stats.entries), "error",
			 report->message);
}

static void say_part(struct run *run, const struct cache_report *report, int64_t count,
		     const char *done)
{
	if (report->status)
		run_say(run, "%-12s %s", report->name,
			run_paint(run, &run->arena, PAINT_RED, "could not be emptied"));
	else
		run_say(run, "%-12s %s %s %s", report->name, number_text(&run->arena, count),
			count == 1 ? "entry" : "entries", done);
}

static enum status clear_preview(struct run *run, const struct wish *wish, struct error *error)
{
	struct cache_report reports[CACHE_STORES_CAP];
	json_t *stores = json_array();
	cache_count(wish->cache, wish->prefix, wish->only, reports);
	say_head(run, wish);
	for (size_t i = 0; i < cache_store_count(wish->cache); i++) {
		if (!reports[i].name)
			continue;
		say_part(run, &reports[i], reports[i].stats.entries, "would go");
		json_array_append_new(stores, counted_json(&reports[i]));
	}
	run_result(run, "would_remove", stores);
	return none_usable(wish, reports, error);
}

static enum status clear_now(struct run *run, const struct wish *wish, struct error *error)
{
	struct cache_report reports[CACHE_STORES_CAP];
	json_t *stores = json_array();
	int64_t removed = 0;
	enum status status = cache_clear(wish->cache, wish->prefix, wish->only, reports, error);
	say_head(run, wish);
	for (size_t i = 0; i < cache_store_count(wish->cache); i++) {
		if (!reports[i].name)
			continue;
		removed += reports[i].removed;
		say_part(run, &reports[i], reports[i].removed, "removed");
		json_array_append_new(stores, caching_cleared_json(&reports[i]));
	}
	run_result(run, "removed", json_integer((json_int_t)removed));
	run_result(run, "stores", stores);
	return status;
}

static enum status cache_clear_local(struct run *run, struct error *error)
{
	struct wish wish = {0};
	enum status status = read_wish(run, &wish, error);
	if (!status)
		status = run->dry_run ? clear_preview(run, &wish, error) : clear_now(run, &wish, error);
	cache_close(wish.cache);
	return status;
}

/* ---- the rows ---------------------------------------------------------------------------- */

static const enum option cache_options[] = {OPTION_PREFIX, OPTION_STORE, OPTION_COUNT};

const struct command command_cache_stats = {
	.name = "cache:stats",
	.group = "Cache",
	.summary = "what each store of the cache holds, and how often it helped",
	.arguments = "",
	.options = cache_options,
	.guard = {.class_ = GUARD_SAFE},
	.notes = "The stores are those that [cache] names for this environment. The active one\n"
		 "answers; one that is behind missed writes, and is emptied before it is used.\n"
		 "--prefix narrows entries and bytes; the counters are the whole cache's.",
	.local = cache_stats_local,
};

const struct command command_cache_clear = {
	.name = "cache:clear",
	.group = "Cache",
	.summary = "remove this project's entries from every store of the cache",
	.arguments = "",
	.options = cache_options,
	.guard = {.class_ = GUARD_WRITES},
	.notes = "Only keys that begin with the cache's prefix are removed; what others keep in the\n"
		 "same stores stays.",
	.local = cache_clear_local,
};
