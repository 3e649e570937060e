/* skip.h - leaving a rule out where it cannot be tried: never without the reason.
 * scripts/test lists what was left out by these lines, and runs the programs again as
 * root with ELOQUENT_NO_SKIPS=1: what is still left out then is a failure. */
#ifndef TESTS_UNIT_SKIP_H
#define TESTS_UNIT_SKIP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline void skip_rule(const char *rule, const char *why)
{
	const char *none = getenv("ELOQUENT_NO_SKIPS");
	if (none && strcmp(none, "1") == 0)
		fail_msg("%s cannot be tried: %s", rule, why);
	print_message("SKIPPED %s: %s\n", rule, why);
	skip();
}

/* In the function that is the rule. Does not come back. */
#define SKIP_BECAUSE(why) skip_rule(__func__, why)

#endif
