/* words.c - how the guard's classes and reasons are called, and the sentence
 * that tells a person what is missing. Nothing is decided here. */
#include "guard/guard.h"

#include <stddef.h>

const char *guard_class_name(enum guard_class class_)
{
	switch (class_) {
	case GUARD_SAFE:
		return "safe";
	case GUARD_WRITES:
	case GUARD_STAMP: /* how far it may write is the guard's business, not the reader's */
		return "writes";
	case GUARD_DESTRUCTIVE:
		return "destructive";
	case GUARD_RECOVERY:
		return "recovery";
	case GUARD_GENERATOR:
		return "generator";
	}
	return "unknown";
}

const char *guard_reason_word(unsigned index)
{
	static const char *const words[] = {
#define X(name, word) [GUARD_INDEX_##name] = word,
		GUARD_REASONS(X)
#undef X
	};
	return index < GUARD_REASON_COUNT ? words[index] : "unknown";
}

/* Parts of one sentence: "migrate:fresh is refused: A; B. Nothing was changed". */
static const char *const texts[] = {
	[GUARD_INDEX_STAMP_MISMATCH] =
		"this database is stamped production, but the environment does not say so, and no flag "
		"helps: run with APP_ENV=production if production is what you mean",
	[GUARD_INDEX_UNSTAMPED] = "this database holds rows and carries no stamp: say what it is with "
				  "\"db:stamp production\" (or another word) first",
	[GUARD_INDEX_ALLOW_VARIABLE] = "set ELOQUENT_ALLOW_PROD_DESTRUCTIVE=true",
	[GUARD_INDEX_FORCE] = "add --force",
	[GUARD_INDEX_YES] = "add --yes",
	[GUARD_INDEX_FORBIDDEN] = "the policy forbids destructive commands in production ([guard] "
				  "production = forbid, in the INI or stored in the database)",
	[GUARD_INDEX_BACKUP] =
		"there is no verified backup that is young enough ([guard] require_backup and "
		"backup_max_age): take one first",
	[GUARD_INDEX_ROLE] = "this changes the schema with the runtime role's credentials: set "
			     "ELOQUENT_DB_ROLE=migration",
	[GUARD_INDEX_UNDECLARED] =
		"the pending files destroy data, or hold a statement that nobody can judge, and do not "
		"say that it is meant: add the lines named below to them",
	[GUARD_INDEX_ALLOW_FLAG] = "add --allow-destructive",
	[GUARD_INDEX_NOT_PRODUCTION] =
		"taking the production stamp away or loosening the policy is done "
		"from production: run with APP_ENV=production",
	[GUARD_INDEX_TERMINAL] = "a person must type the database's name, and there is no terminal to "
				 "ask on: run it from "
				 "a terminal, in the foreground",
	[GUARD_INDEX_ANSWER] = "what was typed is not what was asked for",
	[GUARD_INDEX_UNKNOWN_PRODUCTION] = "it is not known whether this is production: set APP_ENV",
	[GUARD_INDEX_UNKNOWN_STAMP] = "it could not be found out whether this database carries a stamp",
	[GUARD_INDEX_UNKNOWN_ROWS] = "it could not be found out whether this database holds rows",
	[GUARD_INDEX_UNKNOWN_BACKUP] =
		"it could not be found out whether there is a verified backup that is young enough",
	[GUARD_INDEX_UNKNOWN_POLICY] = "the [guard] policy stored in this database could not be read",
	[GUARD_INDEX_UNKNOWN_LOOSENS] =
		"it could not be found out whether this takes the production stamp away or loosens the "
		"policy",
	[GUARD_INDEX_UNKNOWN_ROLE] = "it is not known which role's credentials are used: set "
				     "ELOQUENT_DB_ROLE=migration",
	[GUARD_INDEX_UNKNOWN_CONTENT] =
		"it could not be found out whether the pending files destroy data",
};
_Static_assert(sizeof(texts) / sizeof(texts[0]) == GUARD_REASON_COUNT, "a sentence for each reason");

const char *guard_reason_text(unsigned index)
{
	return index < GUARD_REASON_COUNT ? texts[index] : "an unknown condition is missing";
}

uint32_t guard_reasons_shown(uint32_t reasons)
{
	if (reasons & GUARD_REASON_NOT_PRODUCTION)
		return reasons & ~(uint32_t)GUARD_REASON_STAMP_MISMATCH;
	if (reasons & GUARD_REASON_STAMP_MISMATCH)
		return GUARD_REASON_STAMP_MISMATCH;
	return reasons;
}
