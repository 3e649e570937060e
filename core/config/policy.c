/* policy.c - the [guard] policy as a value: the stricter of two, and its text
 * in eloquent_meta. What a policy forbids is the guard's business. */
#include "config/private.h"

#include <string.h>

struct policy policy_stricter(struct policy a, struct policy b)
{
	return (struct policy){
		.forbid = a.forbid || b.forbid,
		.require_backup = a.require_backup || b.require_backup,
		.backup_max_age_us = a.backup_max_age_us < b.backup_max_age_us ? a.backup_max_age_us
									       : b.backup_max_age_us,
	};
}

char *policy_format(struct arena *arena, const struct policy *policy)
{
	return arena_printf(arena, "production=%s require_backup=%s backup_max_age_us=%lld",
			    policy->forbid ? "forbid" : "contract",
			    policy->require_backup ? "yes" : "no",
			    (long long)policy->backup_max_age_us);
}

#define HAS_PRODUCTION 1u
#define HAS_REQUIRE_BACKUP 2u
#define HAS_BACKUP_MAX_AGE 4u
#define HAS_ALL 7u

/* One member=value. Members that a later version added are passed over. */
static bool policy_member(const char *name, const char *value, struct policy *policy, unsigned *seen)
{
	unsigned member = 0;
	bool valid = true;

	if (strcmp(name, "production") == 0) {
		member = HAS_PRODUCTION;
		policy->forbid = strcmp(value, "forbid") == 0;
		valid = policy->forbid || strcmp(value, "contract") == 0;
	} else if (strcmp(name, "require_backup") == 0) {
		member = HAS_REQUIRE_BACKUP;
		policy->require_backup = strcmp(value, "yes") == 0;
		valid = policy->require_backup || strcmp(value, "no") == 0;
	} else if (strcmp(name, "backup_max_age_us") == 0) {
		member = HAS_BACKUP_MAX_AGE;
		valid = parse_integer(value, &policy->backup_max_age_us) &&
			policy->backup_max_age_us > 0;
	}
	if (!valid || (*seen & member))
		return false;
	*seen |= member;
	return true;
}

bool policy_parse(const char *text, struct policy *ret)
{
	struct arena arena = {0};
	struct policy policy = {0};
	unsigned seen = 0;
	char *rest = arena_text(&arena, text);
	bool valid = true;

	for (char *word; valid && (word = strsep(&rest, " ")) != NULL;) {
		char *equals = strchr(word, '=');

		valid = equals != NULL;
		if (valid) {
			*equals = '\0';
			valid = policy_member(word, equals + 1, &policy, &seen);
		}
	}
	arena_free(&arena);
	/* What is missing would have to be guessed, and a guess may be the looser one. */
	if (!valid || seen != HAS_ALL)
		return false;
	*ret = policy;
	return true;
}
