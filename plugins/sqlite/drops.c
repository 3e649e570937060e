/* drops.c - what a DROP takes with it, and what a rebuild keeps. */
#include "sqlite/review.h"

/* The columns of a dropped table that its copy does not hold as they were. */
static int32_t judge_rebuilt(struct judging *judging, struct known *table, struct known *copy)
{
	struct elq_review *review = judging->review;
	struct columns columns = {0};
	struct columns into = {0};
	uint64_t lost = 0;
	int32_t status = columns_read(review, table->name, &columns);
	if (status == ELQ_OK)
		status = columns_read(review, copy->name, &into);
	for (uint64_t i = 0; status == ELQ_OK && i < columns.count; i++) {
		const struct column *column = &columns.items[i];
		if (column->generated || names_contain(&table->fresh, column->name) ||
		    names_contain(&copy->kept_from, column->name))
			continue;
		lost++;
		status = report_loss(judging, "drop_column", table->origin, column->name,
				     "the rebuild does not keep", " as it was");
	}
	if (status == ELQ_OK && !lost)
		status = report(judging, ELQ_FINDING_NOTE, "rebuild", object_of(table->origin, NULL),
				true, "%s was rebuilt: every row and column of it stands in %s",
				table->origin, copy->name);
	/* What came from nowhere, or from a column of the plan's own, holds nothing of before. */
	names_clear(&copy->fresh);
	for (uint64_t i = 0; status == ELQ_OK && i < into.count; i++) {
		const char *from = NULL;
		for (uint64_t j = 0; j < copy->kept_as.count; j++)
			if (sqlite3_stricmp(copy->kept_as.items[j], into.items[i].name) == 0)
				from = copy->kept_from.items[j];
		if ((!from || names_contain(&table->fresh, from)) &&
		    !names_add(&copy->fresh, into.items[i].name))
			status = review_no_memory(review);
	}
	columns_free(&columns);
	columns_free(&into);
	if (status == ELQ_OK && !known_inherit(copy, table))
		status = review_no_memory(review);
	return status;
}

static int32_t judge_drop_table(struct judging *judging, const struct event *event)
{
	struct elq_review *review = judging->review;
	struct known *table = known_find(&review->tables, event->first);
	if (!table || table->born)
		return ELQ_OK;
	struct known *copy = known_copy_of(&review->tables, table);
	if (copy)
		return judge_rebuilt(judging, table, copy);
	return report_loss(judging, "drop_table", table->origin, NULL, "drops the table",
			   " and all its rows");
}

int32_t judge_drop(struct judging *judging)
{
	const struct events *events = &judging->review->events;
	const char *dropped = "";
	bool module = false; /* its shadow tables go with it */
	int32_t status = ELQ_OK;
	for (uint64_t i = 0; i < events->count; i++)
		module = module || events->items[i].action == SQLITE_DROP_VTABLE;
	for (uint64_t i = 0; i < events->count; i++) {
		const struct event *event = &events->items[i];
		bool table = event->action == SQLITE_DROP_VTABLE ||
			     (event->action == SQLITE_DROP_TABLE && !module);
		if (table || event->action == SQLITE_DROP_VIEW)
			dropped = event->first;
	}
	for (uint64_t i = 0; status == ELQ_OK && i < events->count; i++) {
		const struct event *event = &events->items[i];
		bool itself = module || sqlite3_stricmp(event->first, dropped) == 0;
		switch (event->action) {
		case SQLITE_DROP_TABLE:
		case SQLITE_DROP_VTABLE:
			if (event->action == SQLITE_DROP_VTABLE || !module)
				status = judge_drop_table(judging, event);
			break;
		case SQLITE_DROP_VIEW:
			status = report(judging, ELQ_FINDING_NOTE, "drop_view",
					object_of(event->first, NULL), true, "drops the view %s",
					event->first);
			break;
		case SQLITE_DROP_TRIGGER:
			status = report(judging, ELQ_FINDING_NOTE, "drop_trigger",
					object_of(event->first, NULL), true,
					"drops the trigger %s of %s", event->first, event->second);
			break;
		default: /* enforced foreign keys reach into other tables */
			status = itself ? ELQ_OK : judge_rows(judging, event);
			break;
		}
	}
	return status;
}
