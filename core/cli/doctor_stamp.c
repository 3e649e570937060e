/* doctor_stamp.c - what a database says of itself: its stamp and its stored policy. What cannot
 * be read of either counts as the strictest, and is a problem here. */
#include "cli/doctor.h"

#include <string.h>

struct stamp_seen {
	struct arena *arena;
	const char *word;   /* or NULL: none */
	const char *policy; /* as stored, or NULL */
};

static void take_meta(void *context, const char *key, const char *value)
{
	struct stamp_seen *seen = context;
	if (strcmp(key, "stamp.word") == 0)
		seen->word = arena_text(seen->arena, value);
	if (strcmp(key, "policy") == 0)
		seen->policy = arena_text(seen->arena, value);
}

static const char *stamp_command(struct doctor *doctor, const struct connection *connection,
				 const char *word)
{
	return arena_printf(&doctor->run->arena, "eloquent db:stamp %s -c %s", word, connection->name);
}

/* false: nothing else can be said of it. */
static bool read_seen(struct doctor *doctor, const struct connection *connection,
		      struct database *database, const char *area, struct stamp_seen *ret)
{
	struct arena *arena = &doctor->run->arena;
	ERROR_CLEANUP struct error error = {0};
	if (!database_meta_read(database, take_meta, ret, &error))
		return true;
	const char *location = database_info(database)->location;
	const char *remedy =
		arena_printf(arena,
			     "move %s and what lies beside it away, and put a backup back: "
			     "eloquent db:restore latest -c %s",
			     location, connection->name);
	doctor_tell(doctor, FINDING_PROBLEM, area, error.hint ? error.hint : remedy,
		    "what it says of itself cannot be read, and nothing that writes will run: %s",
		    error.message);
	return false;
}

static void tell_policy(struct doctor *doctor, const struct connection *connection, const char *area,
			const struct stamp_seen *seen)
{
	struct policy policy;
	bool valid = seen->word && word_valid(seen->word);
	const char *word = valid ? seen->word : connection_word(&doctor->run->project, connection);
	if (seen->policy && !policy_parse(seen->policy, &policy))
		doctor_tell(
			doctor, FINDING_PROBLEM, area,
			arena_printf(&doctor->run->arena,
				     "on a terminal: APP_ENV=production "
				     "ELOQUENT_ALLOW_PROD_DESTRUCTIVE=true %s --force --yes stores the "
				     "INI's",
				     stamp_command(doctor, connection, word)),
			"the [guard] policy that is stored in it cannot be read, and counts as the "
			"strictest");
}

static void tell_another_word(struct doctor *doctor, const struct connection *connection,
			      const char *area, const char *stamped, const char *word)
{
	struct arena *arena = &doctor->run->arena;
	bool production = word_is_production(stamped);
	const char *remedy = "run with APP_ENV=production if that is meant";
	const char *then = ": only safe commands run";
	if (!production && word_is_production(word)) {
		remedy = arena_printf(arena, "if it is production: %s; if not, say so with APP_ENV",
				      stamp_command(doctor, connection, "production"));
		then = ", which counts";
	} else if (!production) {
		remedy = arena_printf(arena, "run with APP_ENV=%s if that is meant; or %s", stamped,
				      stamp_command(doctor, connection, word));
		then = ", which counts";
	}
	doctor_tell(doctor, FINDING_ADVICE, area, remedy,
		    "it is stamped %s, but the environment says %s%s", stamped, word, then);
}

void doctor_stamp(struct doctor *doctor, const struct connection *connection, struct database *database,
		  const char *area)
{
	struct arena *arena = &doctor->run->arena;
	struct stamp_seen seen = {.arena = arena};
	const char *word = connection_word(&doctor->run->project, connection);
	if (!read_seen(doctor, connection, database, area, &seen))
		return;
	if (!seen.word)
		doctor_tell(doctor, FINDING_ADVICE, area,
			    arena_printf(arena, "%s says what it is (the first write does, too)",
					 stamp_command(doctor, connection, word)),
			    "it carries no stamp");
	else if (!word_valid(seen.word))
		doctor_tell(doctor, FINDING_PROBLEM, area,
			    arena_printf(arena, "%s says what it is",
					 stamp_command(doctor, connection, word)),
			    "its stamp \"%s\" is no word of an environment", seen.word);
	else if (word_is_production(seen.word) != word_is_production(word) ||
		 (!word_is_production(word) && !text_equal(seen.word, word)))
		tell_another_word(doctor, connection, area, seen.word, word);
	else
		doctor_tell(doctor, FINDING_FINE, area, NULL, "stamped %s%s", seen.word,
			    seen.policy ? ", with a [guard] policy of its own" : "");
	tell_policy(doctor, connection, area, &seen);
}
