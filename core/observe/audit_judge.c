/* audit_judge.c - is each record where it belongs, and what it was? One record is
 * held back until the next has come, because only a record's successor, or its
 * HMAC, can vouch for its bytes. Names the fewest records that explain what does
 * not fit; gaps, heads and missing HMACs are audit_verify.c's. */
#include "observe/audit_private.h"

#include <string.h>

static bool same(const char *a, const char *b)
{
	return memcmp(a, b, HASH_TEXT) == 0;
}

static struct audit_finding finding_at(enum audit_problem problem, const struct link *link)
{
	return (struct audit_finding){.problem = problem,
				      .first = link->sequence,
				      .last = link->sequence,
				      .path = link->path,
				      .line = link->line,
				      .order = link->order};
}

static void changed(struct judge *judge, const struct link *link, int64_t number, const char *why)
{
	struct audit_finding finding = finding_at(AUDIT_PROBLEM_CHANGED, link);

	finding.first = finding.last = number;
	report_add(judge->report, &finding, "record %lld was changed: %s", (long long)number, why);
}

static void moved(struct judge *judge, const struct link *link)
{
	struct audit_finding finding = finding_at(AUDIT_PROBLEM_MOVED, link);

	report_add(judge->report, &finding, "record %lld stands here, out of its place",
		   (long long)link->sequence);
}

/* The record is in its place, as number. */
static void accept(struct judge *judge, const struct link *link, int64_t number, bool doubted)
{
	judge->expected = number < INT64_MAX ? number + 1 : number;
	memcpy(judge->head, link->hash, HASH_TEXT);
	judge->last = *link;
	judge->doubted = doubted;
	judge->aside_before = false;
}

/* ---- numbers that are left out ---------------------------------------------------- */

static void missing_report(struct judge *judge, const struct range *range)
{
	struct audit_finding finding = {.problem = AUDIT_PROBLEM_MISSING,
					.first = range->first,
					.last = range->last,
					.path = range->path,
					.line = range->line,
					.order = range->order};

	if (range->first == range->last)
		report_add(judge->report, &finding, "record %lld is missing before this line",
			   (long long)range->first);
	else
		report_add(judge->report, &finding, "records %lld to %lld are missing before this line",
			   (long long)range->first, (long long)range->last);
}

static void missing_add(struct judge *judge, int64_t first, int64_t last, const struct link *before)
{
	struct range range = {first, last, before->path, before->line, before->order};

	if (judge->missing.count == AUDIT_FINDINGS_CAP)
		missing_report(judge, &range);
	else
		VEC_PUSH(&judge->missing, range);
}

/* Takes one number out of what is missing. */
static bool missing_take(struct judge *judge, int64_t number)
{
	for (size_t i = 0; i < judge->missing.count; i++) {
		struct range *range = &judge->missing.items[i];
		struct range rest = *range;

		if (number < range->first || number > range->last)
			continue;
		range->last = number - 1;
		if (range->first > range->last)
			*range = judge->missing.items[--judge->missing.count];
		if (number < rest.last) {
			rest.first = number + 1;
			VEC_PUSH(&judge->missing, rest);
		}
		return true;
	}
	return false;
}

/* The record with the smallest number in [first, last] that was put aside, or NULL. */
static struct link *aside_find(struct judge *judge, int64_t first, int64_t last)
{
	struct link *found = NULL;

	for (size_t i = 0; i < judge->aside.count; i++) {
		struct link *link = &judge->aside.items[i];

		if (link->sequence >= first && link->sequence <= last &&
		    (!found || link->sequence < found->sequence))
			found = link;
	}
	return found;
}

/* What stands between the last record in place and `last`: put aside, or missing.
 * before: the line that comes behind it, NULL at the trail's end. */
static void settle(struct judge *judge, int64_t last, const struct link *before)
{
	int64_t number = judge->expected;
	struct link *found;

	while (number <= last && (found = aside_find(judge, number, last)) != NULL) {
		if (found->sequence > number)
			missing_add(judge, number, found->sequence - 1, found);
		/* Right before the line that comes behind it: in its place, but not as it was. */
		if (before && judge->aside_before && found->sequence == last &&
		    found == &judge->aside.items[judge->aside.count - 1])
			changed(judge, found, found->sequence,
				"neither the record before it nor the one behind it fits");
		else
			moved(judge, found);
		number = found->sequence < INT64_MAX ? found->sequence + 1 : found->sequence;
		*found = judge->aside.items[--judge->aside.count];
		if (number == INT64_MAX)
			break;
	}
	if (before && number <= last)
		missing_add(judge, number, last, before);
}

/* ---- one record ---------------------------------------------------------------------- */

/* Its number is right, and it does not name the record before it as we read that. */
static void judge_link(struct judge *judge, const struct link *link, const struct link *next,
		       bool vouched)
{
	const struct link *last = &judge->last;
	bool right = link->signature == AUDIT_HMAC_RIGHT;
	bool last_right = last->signature == AUDIT_HMAC_RIGHT;
	bool blame_this = false;

	if (judge->doubted || link->signature == AUDIT_HMAC_WRONG) {
		accept(judge, link, link->sequence, link->signature == AUDIT_HMAC_WRONG);
		return;
	}
	if (last->sequence == 0) {
		changed(judge, link, link->sequence, "it names a record before it, and is the first");
		blame_this = true;
	} else if ((right || vouched) && !(last_right && !right)) {
		changed(judge, last, last->sequence, "the next record carries another hash of it");
	} else if (next || last_right) {
		changed(judge, link, link->sequence,
			last_right ? "it does not follow the record before it"
				   : "neither the record before it nor the one behind it fits");
		blame_this = true;
	} else {
		changed(judge, last, last->sequence,
			"the next record, which is the last, carries another hash of it (or was "
			"changed "
			"itself)");
	}
	accept(judge, link, link->sequence, blame_this);
}

/* Its number is beyond the next one. */
static void judge_ahead(struct judge *judge, const struct link *link, const struct link *next,
			bool vouched)
{
	const struct link *before = aside_find(judge, link->sequence - 1, link->sequence - 1);
	bool placed = vouched || !next || judge->doubted || judge->aside_before ||
		      (before && same(before->hash, link->previous));

	if (!placed && judge->aside.count < AUDIT_FINDINGS_CAP) {
		VEC_PUSH(&judge->aside, *link);
		judge->aside_before = true;
		return;
	}
	if (!placed) {
		moved(judge, link);
		return;
	}
	settle(judge, link->sequence - 1, link);
	accept(judge, link, link->sequence, link->signature == AUDIT_HMAC_WRONG);
}

/* Its number was passed. */
static void judge_behind(struct judge *judge, const struct link *link)
{
	struct audit_finding finding = finding_at(AUDIT_PROBLEM_ADDED, link);

	judge->aside_before = false;
	if (missing_take(judge, link->sequence))
		moved(judge, link);
	else
		report_add(judge->report, &finding, "a second record %lld stands here",
			   (long long)link->sequence);
}

/* It names the record before it as we read that: what does it call itself? */
static void judge_number(struct judge *judge, const struct link *link)
{
	bool right = link->sequence == judge->expected;
	bool wrong = link->signature == AUDIT_HMAC_WRONG;
	TEXT_CLEANUP struct text why = {0};

	text_printf(&why, "it calls itself %lld", (long long)link->sequence);
	if (!right && !wrong)
		changed(judge, link, judge->expected, why.data);
	accept(judge, link, judge->expected, wrong || !right);
}

/* The bytes before it are no record, and nothing closes them. */
static void judge_damage(struct judge *judge, const struct link *link)
{
	struct audit_finding finding = {.problem = AUDIT_PROBLEM_DAMAGED,
					.path = link->gap_at.path,
					.line = link->gap_at.line,
					.order = link->gap_at.order};

	if (link->sequence <= judge->expected) {
		report_add(judge->report, &finding,
			   "%zu bytes here are no record, and no record closes them",
			   link->gap_at.size);
		return;
	}
	finding.first = judge->expected;
	finding.last = link->sequence - 1;
	if (finding.first == finding.last)
		report_add(judge->report, &finding,
			   "record %lld is damaged: %zu bytes here are no record",
			   (long long)finding.first, link->gap_at.size);
	else
		report_add(judge->report, &finding,
			   "records %lld to %lld are damaged or missing: %zu bytes here are no record",
			   (long long)finding.first, (long long)finding.last, link->gap_at.size);
	judge->expected = link->sequence;
	judge->doubted = true;
}

void judge_link_between(struct judge *judge, const struct link *link, const struct link *next)
{
	bool vouched = next && same(next->previous, link->hash);
	bool follows = same(link->previous, judge->head);
	bool wrong = link->signature == AUDIT_HMAC_WRONG;

	if (link->gap)
		judge_damage(judge, link);
	if (wrong)
		changed(judge, link, follows ? judge->expected : link->sequence,
			"its HMAC is not what the key gives");
	if (follows)
		judge_number(judge, link);
	else if (link->sequence == judge->expected)
		judge_link(judge, link, next, vouched);
	else if (link->sequence > judge->expected)
		judge_ahead(judge, link, next, vouched);
	else
		judge_behind(judge, link);
}

void judge_links_end(struct judge *judge)
{
	settle(judge, INT64_MAX, NULL);
	for (size_t i = 0; i < judge->missing.count; i++)
		missing_report(judge, &judge->missing.items[i]);
}
