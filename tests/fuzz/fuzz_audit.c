/* fuzz_audit.c - any bytes as an audit trail's file: they are read and judged,
 * with a key and without, in one piece and in many, and the answer is the same.
 * A trail without findings is what docs/audit-format.md says: numbered from 1,
 * each record valid text with a hash; a finding has a sentence and a line. */
#include "check.h"

#include "observe/audit_private.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct watched {
	struct judge judge;
	int64_t last;
};

static void expect_text(const char *text)
{
	CHECK(!text || utf8_valid(text, strlen(text), NULL));
}

static enum status watch_record(void *context, const struct audit_entry *entry, struct error *error)
{
	struct watched *watched = context;

	CHECK(entry->sequence >= 1 && entry->pid >= 0 && entry->line >= 1);
	CHECK(strlen(entry->hash) == 64 && strlen(entry->previous) == 64 && strlen(entry->time) == 27);
	CHECK(!entry->hmac || strlen(entry->hmac) == 64);
	expect_text(entry->run);
	expect_text(entry->host);
	expect_text(entry->actor);
	expect_text(entry->command);
	expect_text(entry->connection);
	expect_text(entry->database);
	expect_text(entry->class_name);
	expect_text(entry->verdict);
	expect_text(entry->phase);
	expect_text(entry->message);
	watched->last = entry->sequence;
	return judge_record(&watched->judge, entry, error);
}

static enum status watch_gap(void *context, const struct audit_gap *gap, struct error *error)
{
	struct watched *watched = context;

	CHECK(gap->size >= 1 && gap->size <= AUDIT_LINE_CAP && gap->line >= 1);
	return judge_gap(&watched->judge, gap, error);
}

static struct audit_report judge_in_steps(const char *data, size_t size, size_t step, const char *key)
{
	struct audit_head head = {.seen = "event 1"};
	struct audit_report report = {0};
	struct watched watched = {.last = 0};
	struct audit_reader reader = {&watched, watch_record, watch_gap};
	struct audit_feed feed = {.reader = &reader, .key = key, .path = "fuzzed"};
	struct error error = {0};

	memset(head.hash, 'f', HASH_TEXT - 1);
	judge_begin(&watched.judge, &report, key, &head, 1);
	for (size_t at = 0; at < size; at += step)
		CHECK(audit_feed(&feed, data + at, size - at < step ? size - at : step, &error) ==
		      STATUS_OK);
	CHECK(audit_feed_end(&feed, &error) == STATUS_OK);
	audit_feed_free(&feed);
	judge_end(&watched.judge);
	CHECK(report.finding_total >= 1); /* the head that no record has */
	if (report.finding_total == 1)
		CHECK(watched.last == report.records);
	for (size_t i = 0; i < report.finding_count; i++) {
		const struct audit_finding *finding = &report.findings[i];

		CHECK(finding->message && finding->first <= finding->last);
		CHECK((finding->path != NULL) == (finding->line >= 1));
	}
	return report;
}

static void compare(const struct audit_report *a, const struct audit_report *b)
{
	CHECK(a->records == b->records && a->finding_total == b->finding_total);
	CHECK(a->recovery_total == b->recovery_total && a->signatures == b->signatures);
	CHECK(strcmp(a->head, b->head) == 0);
	for (size_t i = 0; i < a->finding_count; i++)
		CHECK(strcmp(a->findings[i].message, b->findings[i].message) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[] = {NULL, "0123456789abcdef"};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		struct audit_report whole = judge_in_steps((const char *)data, size, size + 1, keys[i]);
		struct audit_report parts = judge_in_steps((const char *)data, size, 61, keys[i]);

		compare(&whole, &parts);
		audit_report_free(&whole);
		audit_report_free(&parts);
	}
	return 0;
}
