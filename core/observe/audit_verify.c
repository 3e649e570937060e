/* audit_verify.c - walks a trail for audit_judge.c and looks at what stands beside
 * the links: bytes that are no record, `recovered` records, HMACs that are not
 * there, and the heads that a database has seen. */
#include "observe/audit_private.h"

#include <stdlib.h>
#include <string.h>

void judge_begin(struct judge *judge, struct audit_report *report, const char *key,
		 struct audit_head *heads, size_t head_count)
{
	*judge = (struct judge){
		.report = report, .key = key, .heads = heads, .head_count = head_count, .expected = 1};
	memset(judge->head, '0', HASH_TEXT - 1);
	memcpy(report->head, judge->head, HASH_TEXT);
}

static void take_path(struct judge *judge, const char *path)
{
	if (judge->path && strcmp(judge->path, path) == 0)
		return;
	judge->path = arena_text(&judge->report->arena, path);
	judge->order++;
}

/* ---- gaps ---------------------------------------------------------------------------- */

enum status judge_gap(void *context, const struct audit_gap *gap, struct error *error)
{
	struct judge *judge = context;

	(void)error;
	take_path(judge, gap->path);
	if (judge->torn_size == 0) {
		judge->torn_at.path = judge->path;
		judge->torn_at.line = gap->line;
		judge->torn_at.order = judge->order;
	}
	if (judge->torn_size <= AUDIT_TORN_CAP)
		text_append(&judge->torn, gap->data, gap->size);
	judge->torn_size += gap->size;
	return STATUS_OK;
}

/* Does this message name the first `size` bytes of the gap? */
static bool names_gap(const struct judge *judge, size_t size, const char *message)
{
	TEXT_CLEANUP struct text expected = {0};
	char hash[HASH_TEXT];

	hash_bytes(judge->torn.data, size, hash);
	audit_recovered_format(size, hash, &expected);
	return strcmp(expected.data, message) == 0;
}

/* A newline at the gap's end may be the one that the record's append added. */
static bool closes_gap(const struct judge *judge, const char *message)
{
	size_t size = judge->torn_size;

	if (judge->torn.size != size || !message) /* too large, or nothing is named */
		return false;
	if (names_gap(judge, size, message))
		return true;
	return size > 0 && judge->torn.data[size - 1] == '\n' && names_gap(judge, size - 1, message);
}

static void recovery_add(struct judge *judge, const struct audit_entry *entry)
{
	struct audit_report *report = judge->report;
	struct audit_recovery recovery = {entry->sequence, judge->path, entry->line, NULL};

	report->recovery_total++;
	if (report->recovery_count == AUDIT_FINDINGS_CAP)
		return;
	recovery.message = arena_text(&report->arena, entry->message);
	if (report->recovery_count == report->recovery_capacity) {
		size_t grown = report->recovery_capacity ? report->recovery_capacity * 2 : 8;

		report->recoveries =
			mem_resize(report->recoveries, report->recovery_capacity * sizeof(recovery),
				   grown * sizeof(recovery));
		report->recovery_capacity = grown;
	}
	report->recoveries[report->recovery_count++] = recovery;
}

/* What the record says of the bytes before it, and what they are. */
static void look_at_gap(struct judge *judge, const struct audit_entry *entry, struct link *link)
{
	bool recovered = strcmp(entry->phase, "recovered") == 0;
	struct audit_finding finding = {.problem = AUDIT_PROBLEM_DAMAGED,
					.first = link->sequence,
					.last = link->sequence,
					.path = link->path,
					.line = link->line,
					.order = link->order};

	if (recovered && closes_gap(judge, entry->message)) {
		recovery_add(judge, entry);
	} else if (judge->torn_size > 0) {
		link->gap = true;
		link->gap_at = judge->torn_at;
		link->gap_at.size = judge->torn_size;
	} else if (recovered) {
		report_add(judge->report, &finding,
			   "record %lld closes torn bytes that are not here any more",
			   (long long)link->sequence);
	}
	text_clear(&judge->torn);
	judge->torn_size = 0;
}

/* ---- HMACs that are not there ---------------------------------------------------------- */

static void unsigned_report(struct judge *judge)
{
	struct audit_finding finding = {.problem = AUDIT_PROBLEM_UNSIGNED,
					.first = judge->unsigned_first,
					.last = judge->unsigned_last,
					.path = judge->unsigned_at.path,
					.line = judge->unsigned_at.line,
					.order = judge->unsigned_at.order};

	report_add(judge->report, &finding, "records %lld to %lld carry no HMAC, and %s",
		   (long long)finding.first, (long long)finding.last,
		   judge->signed_before ? "records before them do"
					: "nothing behind them vouches for them with the key");
}

/* Before the first HMAC a trail may have none; from then on each record has one. */
static void look_at_signature(struct judge *judge, const struct link *link)
{
	judge->report->signatures += link->signature == AUDIT_HMAC_RIGHT;
	if (link->signature == AUDIT_HMAC_NONE) {
		if (judge->unsigned_first == 0)
			judge->unsigned_at = *link;
		if (judge->unsigned_first == 0 || link->sequence < judge->unsigned_first)
			judge->unsigned_first = link->sequence;
		if (link->sequence > judge->unsigned_last)
			judge->unsigned_last = link->sequence;
		return;
	}
	if (judge->unsigned_first && judge->signed_before)
		unsigned_report(judge);
	judge->unsigned_first = judge->unsigned_last = 0;
	judge->signed_before = true;
}

/* ---- heads ------------------------------------------------------------------------------- */

static int by_hash(const void *a, const void *b)
{
	return strcmp(((const struct audit_head *)a)->hash, ((const struct audit_head *)b)->hash);
}

/* Marks every head that is this record's. */
static void look_at_heads(struct judge *judge, const char *hash)
{
	size_t low = 0;
	size_t high = judge->head_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(judge->heads[middle].hash, hash) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < judge->head_count && strcmp(judge->heads[low].hash, hash) == 0; low++)
		judge->heads[low].found = true;
}

static void heads_report(struct judge *judge)
{
	struct audit_finding finding = {.problem = AUDIT_PROBLEM_HEAD_LOST, .order = SIZE_MAX};

	for (size_t i = 0; i < judge->head_count; i++) {
		if (!judge->heads[i].found)
			report_add(
				judge->report, &finding,
				"%s was written when the trail's head was %.16s..., and no record has "
				"that hash: records were cut off or changed, or that run kept its "
				"trail elsewhere",
				judge->heads[i].seen, judge->heads[i].hash);
	}
}

/* ---- the walk -------------------------------------------------------------------------------- */

enum status judge_record(void *context, const struct audit_entry *entry, struct error *error)
{
	struct judge *judge = context;
	struct link link = {.sequence = entry->sequence,
			    .line = entry->line,
			    .signature = entry->signature,
			    .ended = entry->ended};

	(void)error;
	take_path(judge, entry->path);
	link.path = judge->path;
	link.order = judge->order;
	memcpy(link.previous, entry->previous, HASH_TEXT);
	memcpy(link.hash, entry->hash, HASH_TEXT);
	look_at_gap(judge, entry, &link);
	look_at_signature(judge, &link);
	look_at_heads(judge, link.hash);
	progress_step(&judge->progress, ++judge->report->records);
	memcpy(judge->report->head, link.hash, HASH_TEXT);
	if (judge->holds)
		judge_link_between(judge, &judge->held, &link);
	judge->held = link;
	judge->holds = true;
	return STATUS_OK;
}

/* A trail without a record proves nothing, and is told apart from one that is whole. */
static void look_at_absence(struct judge *judge, const char *path)
{
	struct audit_finding finding = {.problem = AUDIT_PROBLEM_ABSENT};

	if (judge->report->records || judge->torn_size > 0)
		return;
	if (judge->report->files)
		report_add(judge->report, &finding,
			   "the trail %s holds no record: nothing was verified", path);
	else
		report_add(judge->report, &finding, "there is no trail at %s: nothing was verified",
			   path);
}

/* The trail's last bytes: a newline, or it was cut. */
static void look_at_end(struct judge *judge)
{
	struct audit_finding finding = {.problem = AUDIT_PROBLEM_CUT,
					.path = judge->torn_at.path,
					.line = judge->torn_at.line,
					.order = judge->torn_at.order};

	if (judge->torn_size > 0) {
		finding.first = finding.last = judge->expected;
		report_add(
			judge->report, &finding,
			"the trail ends in %zu bytes that are no record: record %lld was cut here, and "
			"whatever stood behind it, or a machine was lost while writing it and the next "
			"append closes it",
			judge->torn_size, (long long)judge->expected);
	} else if (judge->holds && !judge->held.ended) {
		finding.first = finding.last = judge->held.sequence;
		finding.path = judge->held.path;
		finding.line = judge->held.line;
		finding.order = judge->held.order;
		report_add(judge->report, &finding, "record %lld, the last, lacks its newline",
			   (long long)judge->held.sequence);
	}
}

void judge_end(struct judge *judge)
{
	if (judge->holds)
		judge_link_between(judge, &judge->held, NULL);
	judge_links_end(judge);
	look_at_end(judge);
	if (judge->unsigned_first && (judge->signed_before || judge->key))
		unsigned_report(judge);
	heads_report(judge);
	report_sort(judge->report);
	mem_free(judge->missing.items);
	mem_free(judge->aside.items);
	text_free(&judge->torn);
}

enum status audit_verify(struct observer *observer, const struct audit *audit, struct audit_head *heads,
			 size_t head_count, struct audit_report *ret, struct error *error)
{
	struct audit_report report = {0};
	struct judge judge;
	struct audit_reader reader = {&judge, judge_record, judge_gap};
	enum status status;

	if (head_count)
		qsort(heads, head_count, sizeof(*heads), by_hash);
	for (size_t i = 0; i < head_count; i++)
		heads[i].found = false;
	judge_begin(&judge, &report, audit->key, heads, head_count);
	progress_begin(&judge.progress, observer, "records", 0, "verifying %s", audit->path);
	status = audit_read(audit, false, &reader, &report.files, error);
	if (!status)
		look_at_absence(&judge, audit->path);
	judge_end(&judge);
	progress_end(&judge.progress);
	if (status) {
		audit_report_free(&report);
		return status;
	}
	*ret = report;
	return STATUS_OK;
}
