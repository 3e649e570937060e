/* database_review.c - elq.review: what statements would destroy, as the driver judges
 * them. What the driver says is checked here and handed on as plain text. */
#include "plugin/private.h"

#include <string.h>

#define RULE_CAP ((size_t)64)
#define OBJECT_CAP ((size_t)4 << 10)
#define MESSAGE_CAP ((size_t)4 << 10)

struct review_session {
	struct database *database;
	struct elq_review *handle;
	uint64_t fed; /* statements so far */
};

bool database_can_review(const struct database *database)
{
	return (database->info.caps & ELQ_CAP_REVIEW) != 0;
}

enum status database_review_begin(struct database *database, struct review_session **ret,
				  struct error *error)
{
	struct elq_call call;
	struct elq_review *handle = NULL;
	if (!database_can_review(database))
		return error_set(
			error, STATUS_UNSUPPORTED,
			"the driver %s does not have the extension %s, or not on this connection",
			database->driver->plugin.name, ELQ_EXT_REVIEW);
	enum status status = call_enter(&database->caller, false, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->review.begin(&call, database->handle, &handle);
	status = call_leave(&database->caller, code, "review.begin", error);
	if (status == STATUS_OK && handle == NULL)
		status = call_broken(&database->caller, "review.begin",
				     "it succeeded without a session", error);
	if (status != STATUS_OK)
		return status;
	struct review_session *session = mem_alloc(sizeof(*session));
	*session = (struct review_session){.database = database, .handle = handle};
	*ret = session;
	return STATUS_OK;
}

enum status database_review_unit(struct review_session *session, uint32_t flags,
				 const struct setting *options, size_t option_count,
				 struct error *error)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct database *database = session->database;
	struct elq_setting *converted = NULL;
	struct elq_call call;
	enum status status =
		unit_options(database->driver, options, option_count, &arena, &converted, error);
	if (status == STATUS_OK)
		status = call_enter(&database->caller, false, &call, error);
	if (status != STATUS_OK)
		return status;
	const struct elq_begin begin = {
		.struct_size = sizeof(begin),
		.flags = flags,
		.options = converted,
		.option_count = option_count,
		.lock_timeout_us = -1,
	};
	int32_t code = database->driver->review.unit(&call, session->handle, &begin);
	return call_leave(&database->caller, code, "review.unit", error);
}

/* ---- findings ----------------------------------------------------------------------- */

struct finding_reader {
	const struct review_session *session;
	void (*finding)(void *context, const struct review_finding *finding);
	void *context;
	const char *broken;
};

static bool rule_valid(struct elq_str rule)
{
	if (rule.data == NULL || rule.size == 0 || rule.size > RULE_CAP)
		return false;
	for (uint64_t i = 0; i < rule.size; i++)
		if (!((rule.data[i] >= 'a' && rule.data[i] <= 'z') || rule.data[i] == '_'))
			return false;
	return true;
}

/* A finding that cannot be understood must not pass for none. */
static const char *finding_check(const struct finding_reader *reader, const struct elq_finding *finding)
{
	if (finding->severity < ELQ_FINDING_DESTROYS || finding->severity > ELQ_FINDING_NOTE)
		return "a finding's severity is unknown";
	if (finding->statement >= reader->session->fed)
		return "a finding names a statement that was not fed";
	if (!rule_valid(finding->rule))
		return "a finding's rule is not a word of small letters";
	if (finding->message.data == NULL || finding->message.size == 0)
		return "a finding says nothing";
	if (finding->object.size > OBJECT_CAP)
		return "a finding's object is too long";
	return NULL;
}

static int32_t take_finding(void *context, const struct elq_finding *theirs)
{
	struct finding_reader *reader = context;
	struct elq_finding finding;
	TEXT_CLEANUP struct text rule = {0};
	TEXT_CLEANUP struct text object = {0};
	TEXT_CLEANUP struct text message = {0};
	TEXT_CLEANUP struct text masked = {0};
	sized_copy(&finding, sizeof(finding), theirs, theirs->struct_size);
	if (reader->broken == NULL)
		reader->broken = finding_check(reader, &finding);
	if (reader->broken != NULL)
		return 1;
	foreign_text(&rule, finding.rule, RULE_CAP);
	foreign_text(&object, finding.object, OBJECT_CAP);
	foreign_text(&message, finding.message, MESSAGE_CAP);
	redact(reader->session->database->observer, text_string(&message), message.size, &masked);
	const struct review_finding own = {
		.severity = finding.severity,
		.statement = (size_t)finding.statement,
		.rule = text_string(&rule),
		.object = finding.object.data != NULL ? text_string(&object) : NULL,
		.message = text_string(&masked),
	};
	reader->finding(reader->context, &own);
	return 0;
}

enum status database_review_feed(struct review_session *session, const char *text, size_t size,
				 void (*finding)(void *context, const struct review_finding *finding),
				 void *context, struct error *error)
{
	struct database *database = session->database;
	struct finding_reader reader = {session, finding, context, NULL};
	const struct elq_finding_sink sink = {
		.struct_size = sizeof(sink), .context = &reader, .finding = take_finding};
	const struct elq_str statement = {text, size};
	struct elq_call call;
	enum status status = call_enter(&database->caller, false, &call, error);
	if (status != STATUS_OK)
		return status;
	session->fed++;
	int32_t code = database->driver->review.feed(&call, session->handle, &statement, &sink);
	status = call_leave(&database->caller, reader.broken != NULL ? ELQ_OK : code, "review.feed",
			    error);
	if (status == STATUS_OK && reader.broken != NULL)
		return call_broken(&database->caller, "review.feed", reader.broken, error);
	return status;
}

void database_review_end(struct review_session *session)
{
	ERROR_CLEANUP struct error ignored = {0};
	struct elq_call call;
	if (session == NULL)
		return;
	struct database *database = session->database;
	if (call_enter(&database->caller, true, &call, &ignored) == STATUS_OK) {
		database->driver->review.end(&call, session->handle);
		(void)!call_leave(&database->caller, ELQ_OK, "review.end", &ignored);
	}
	mem_free(session);
}
