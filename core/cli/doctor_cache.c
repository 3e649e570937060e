/* doctor_cache.c - which stores the cache of this environment has: those of its chain that
 * are installed, by the plugins' notes. No store is opened. */
#include "cli/doctor.h"

static bool is_installed(const struct candidates *candidates, const char *store)
{
	for (size_t i = 0; i < candidates->count; i++) {
		const struct candidate *one = &candidates->items[i];
		if (one->has_note && !one->refusal && one->note.kind == ELQ_KIND_CACHE &&
		    text_equal(one->note.name, store))
			return true;
	}
	return false;
}

/* What is missing of a default chain, and has no settings, is left out. */
static bool is_counted_on(const struct project *project, const char *store)
{
	return project->cache.chosen || project_cache_settings(project, store).count > 0;
}

static void add_word(struct text *text, const char *word)
{
	text_printf(text, "%s%s", text->size ? ", " : "", word);
}

static void tell_chain(struct doctor *doctor, const struct candidates *candidates)
{
	struct run *run = doctor->run;
	const struct cache_chain *chain = &run->project.cache;
	TEXT_CLEANUP struct text present = {0};
	TEXT_CLEANUP struct text absent = {0};
	for (size_t i = 0; i < chain->store_count; i++) {
		const char *store = chain->stores[i];
		if (is_installed(candidates, store))
			add_word(&present, store);
		else if (is_counted_on(&run->project, store))
			add_word(&absent, store);
	}
	const char *remedy = arena_printf(&run->arena,
					  "name installed ones under [cache], as in \"%s = file\"; "
					  "eloquent plugin:list shows which there are",
					  chain->word);
	if (absent.size)
		doctor_tell(doctor, chain->chosen ? FINDING_PROBLEM : FINDING_ADVICE, "cache", remedy,
			    "the cache's chain for %s (%s) names stores that are not installed: %s",
			    chain->word, origin_text(&chain->origin, &run->arena), absent.data);
	else if (present.size == 0)
		doctor_tell(doctor, FINDING_ADVICE, "cache", remedy,
			    "%s has no cache: none is chosen, and of the default chain no store is "
			    "installed",
			    chain->word);
	else
		doctor_tell(doctor, FINDING_FINE, "cache", NULL, "the cache of %s: %s", chain->word,
			    present.data);
}

void doctor_cache(struct doctor *doctor)
{
	struct candidates candidates = {0};
	ERROR_CLEANUP struct error ignored = {0}; /* the plugins' chapter has told it */
	if (candidates_list(&doctor->run->project, &candidates, &ignored))
		return;
	run_say(doctor->run, "cache");
	tell_chain(doctor, &candidates);
	candidates_free(&candidates);
}
