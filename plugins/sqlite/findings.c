/* findings.c - how a review says what it found. */
#include "sqlite/review.h"

#include <stdarg.h>

int32_t review_no_memory(const struct elq_review *review)
{
	return failure_no_memory(review->connection->call);
}

char *object_of(const char *table, const char *column)
{
	uint64_t first = sqlkit_object_part(table, NULL, 0);
	uint64_t second = column ? sqlkit_object_part(column, NULL, 0) : 0;
	char *object = sqlite3_malloc64(first + second + 2);
	if (!object)
		return NULL;
	sqlkit_object_part(table, object, first);
	if (column) {
		object[first] = '.';
		sqlkit_object_part(column, object + first + 1, second);
		first += 1 + second;
	}
	object[first] = '\0';
	return object;
}

static int32_t deliver(struct judging *judging, uint32_t severity, const char *rule, const char *object,
		       const char *message)
{
	struct elq_finding finding = {
		.struct_size = sizeof(finding),
		.severity = severity,
		.statement = judging->number,
		.rule = sqlkit_str(rule),
		.object = sqlkit_str(object),
		.message = sqlkit_str(message),
	};
	if (!judging->enough)
		judging->enough = judging->sink->finding(judging->sink->context, &finding) != 0;
	return ELQ_OK;
}

int32_t report(struct judging *judging, uint32_t severity, const char *rule, char *object, bool named,
	       const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *message = sqlite3_vmprintf(format, args);
	va_end(args);
	int32_t status = message && (object || !named)
				 ? deliver(judging, severity, rule, object, message)
				 : review_no_memory(judging->review);
	sqlite3_free(message);
	sqlite3_free(object);
	return status;
}

int32_t report_loss(struct judging *judging, const char *rule, const char *table, const char *column,
		    const char *what, const char *how)
{
	char *object = object_of(table, column);
	char *shown = object_of(table, column);
	int32_t status = shown ? report(judging, ELQ_FINDING_DESTROYS, rule, object, true, "%s %s%s",
					what, shown, how)
			       : review_no_memory(judging->review);
	if (!shown)
		sqlite3_free(object);
	sqlite3_free(shown);
	return status;
}

int32_t report_opaque(struct judging *judging, const char *rule, const char *what, const char *why)
{
	struct elq_review *review = judging->review;
	review->lost = true;
	known_distrust(&review->tables);
	return report(judging, ELQ_FINDING_OPAQUE, rule, NULL, false, "%s%s", what, why);
}
