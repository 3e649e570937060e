/* audit_report.c - what a verification found: findings with their sentences, in
 * the trail's order. What counts as a finding is audit_judge.c's. */
#include "observe/audit_private.h"

#include <stdlib.h>
#include <string.h>

const char *audit_problem_word(enum audit_problem problem)
{
	static const char *const words[] = {
#define X(name, word) word,
		AUDIT_PROBLEMS(X)
#undef X
	};

	return (unsigned)problem < COUNT_OF(words) ? words[problem] : "unknown";
}

void report_add(struct audit_report *report, const struct audit_finding *finding, const char *format,
		...)
{
	TEXT_CLEANUP struct text message = {0};
	struct audit_finding kept = *finding;
	va_list args;

	report->finding_total++;
	if (report->finding_count == AUDIT_FINDINGS_CAP)
		return;
	va_start(args, format);
	text_vprintf(&message, format, args);
	va_end(args);
	kept.message = arena_text(&report->arena, text_string(&message));
	if (report->finding_count == report->finding_capacity) {
		size_t grown = report->finding_capacity ? report->finding_capacity * 2 : 8;

		report->findings = mem_resize(report->findings, report->finding_capacity * sizeof(kept),
					      grown * sizeof(kept));
		report->finding_capacity = grown;
	}
	report->findings[report->finding_count++] = kept;
}

static int in_order(const void *a, const void *b)
{
	const struct audit_finding *left = a;
	const struct audit_finding *right = b;

	if (left->order != right->order)
		return left->order < right->order ? -1 : 1;
	if (left->line != right->line)
		return left->line < right->line ? -1 : 1;
	return left->first < right->first ? -1 : left->first > right->first;
}

void report_sort(struct audit_report *report)
{
	if (report->finding_count)
		qsort(report->findings, report->finding_count, sizeof(*report->findings), in_order);
}

void audit_report_free(struct audit_report *report)
{
	mem_free(report->findings);
	mem_free(report->recoveries);
	arena_free(&report->arena);
	*report = (struct audit_report){0};
}
