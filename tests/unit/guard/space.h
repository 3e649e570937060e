/* space.h - the facts as numbered coordinates, so that tests can walk through
 * every combination of them. No rule of the guard stands here. */
#ifndef TEST_GUARD_SPACE_H
#define TEST_GUARD_SPACE_H

#include "guard/guard.h"

#include <stddef.h>
#include <stdio.h>

#define CLASS_COUNT (GUARD_STAMP + 1)

/* Given or not given by a person: unknown counts as no. */
#define SPACE_GIVEN(X) X(allow_destructive) X(force) X(yes) X(terminal) X(twin) X(content_allowed)
/* Found out about the plan; and about everything else, or unknown. */
#define SPACE_CONTENT(X) X(content_destroys) X(content_undeclared)
#define SPACE_FOUND(X)                                                                                 \
	X(production)                                                                                  \
	X(role_wrong)                                                                                  \
	X(stamped)                                                                                     \
	X(stamp_production)                                                                            \
	X(holds_rows) X(backup_fresh) X(forbid) X(require_backup) X(loosens) SPACE_CONTENT(X)
#define SPACE_ANSWERS(X) X(typed_destroy) X(typed_name)

enum coordinate {
#define X(name) AT_##name,
	SPACE_GIVEN(X) AT_GIVEN_END,
	AT_FOUND_START = AT_GIVEN_END - 1,
	SPACE_FOUND(X) AT_FOUND_END,
	AT_ANSWERS_START = AT_FOUND_END - 1,
	SPACE_ANSWERS(X) FACT_COUNT,
#undef X
};
_Static_assert(sizeof(struct guard_facts) == FACT_COUNT * sizeof(enum fact), "a coordinate per fact");

static const struct {
	const char *name;
	size_t offset;
} space_facts[FACT_COUNT] = {
#define X(name) [AT_##name] = {#name, offsetof(struct guard_facts, name)},
	SPACE_GIVEN(X) SPACE_FOUND(X) SPACE_ANSWERS(X)
#undef X
};

/* The words of verdicts.csv and commands.csv. */
static const char *const space_classes[CLASS_COUNT] = {
	[GUARD_SAFE] = "safe",
	[GUARD_WRITES] = "writes",
	[GUARD_DESTRUCTIVE] = "destructive",
	[GUARD_RECOVERY] = "recovery",
	[GUARD_GENERATOR] = "generator",
	[GUARD_STAMP] = "stamp",
};
static const char *const space_values[] = {
	[FACT_UNKNOWN] = "unknown", [FACT_NO] = "no", [FACT_YES] = "yes"};

static inline enum fact *fact_at(struct guard_facts *facts, unsigned coordinate)
{
	return (enum fact *)((char *)facts + space_facts[coordinate].offset);
}

static inline bool fact_is_given(unsigned coordinate)
{
	return coordinate < AT_GIVEN_END;
}

static inline bool fact_is_answer(unsigned coordinate)
{
	return coordinate >= AT_FOUND_END;
}

/* The next combination of the facts in `mask` (bit = coordinate), the first being
 * "given: no, all others: unknown". false: that was the last one. */
static inline bool space_next(struct guard_facts *facts, uint32_t mask)
{
	for (unsigned i = 0; i < FACT_COUNT; i++) {
		if (!(mask & (1u << i)))
			continue;
		enum fact *fact = fact_at(facts, i);
		if (*fact != FACT_YES) {
			*fact = *fact == FACT_UNKNOWN ? FACT_NO : FACT_YES;
			return true;
		}
		*fact = fact_is_given(i) ? FACT_NO : FACT_UNKNOWN;
	}
	return false;
}

static inline void space_first(struct guard_facts *facts)
{
	for (unsigned i = 0; i < FACT_COUNT; i++)
		*fact_at(facts, i) = fact_is_given(i) ? FACT_NO : FACT_UNKNOWN;
}

static inline void space_print(const struct guard_command *command, struct guard_facts facts)
{
	fprintf(stderr, "class=%s changes_schema=%s confirms=%s",
		command->class_ < CLASS_COUNT ? space_classes[command->class_] : "?",
		command->changes_schema ? "yes" : "no", command->confirms ? "yes" : "no");
	for (unsigned i = 0; i < FACT_COUNT; i++)
		fprintf(stderr, " %s=%s", space_facts[i].name, space_values[*fact_at(&facts, i)]);
	fprintf(stderr, "\n");
}

static inline void space_print_verdict(const char *what, const struct guard_verdict *verdict)
{
	static const char *const decisions[] = {"ALLOW", "ASK", "LOOK", "REFUSE"};
	fprintf(stderr, "%s: %s reasons=[", what, decisions[verdict->decision]);
	for (unsigned i = 0; i < GUARD_REASON_COUNT; i++)
		if (verdict->reasons & (1u << i))
			fprintf(stderr, " %s", guard_reason_word(i));
	fprintf(stderr, " ] asks=%#x warnings=%#x unknown=%#x\n", (unsigned)verdict->asks,
		(unsigned)verdict->warnings, (unsigned)verdict->unknown);
}

static inline bool verdict_equal(const struct guard_verdict *a, const struct guard_verdict *b)
{
	return a->decision == b->decision && a->reasons == b->reasons && a->asks == b->asks &&
	       a->warnings == b->warnings && a->unknown == b->unknown;
}

#endif
