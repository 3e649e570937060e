/* puppet_review.h - the puppet's elq.review: a part of puppet.c, where it is included
 * behind what it uses of the connection. */
#ifndef ZOO_PUPPET_REVIEW_H
#define ZOO_PUPPET_REVIEW_H

#include <eloquent/review.h>

struct elq_review {
	struct elq_connection *connection;
	uint64_t fed;
};

static int32_t puppet_review_begin(const struct elq_call *call, struct elq_connection *connection,
				   struct elq_review **ret)
{
	if (mode_is(connection, "review_fails"))
		return fail(call, ELQ_ERR_FAILED, 0, -1, "no clone");
	if (mode_is(connection, "review_null"))
		return ELQ_OK;
	*ret = calloc(1, sizeof(**ret));
	if (!*ret)
		return ELQ_ERR_NOMEM;
	(*ret)->connection = connection;
	return ELQ_OK;
}

/* The options arrive as they do at begin(). */
static int32_t puppet_review_unit(const struct elq_call *call, struct elq_review *review,
				  const struct elq_begin *begin)
{
	(void)call;
	keep_options(review->connection, begin);
	return ELQ_OK;
}

static int32_t puppet_review_feed(const struct elq_call *call, struct elq_review *review,
				  const struct elq_str *statement, const struct elq_finding_sink *sink)
{
	char text[512];
	char rule[64] = "rule";
	char object[64] = "-";
	unsigned severity = 1;
	struct elq_finding finding = {.struct_size = sizeof(finding), .statement = review->fed++};
	snprintf(text, sizeof(text), "%.*s", (int)statement->size, statement->data);
	if (strncmp(text, "fail", 4) == 0)
		return fail(call, ELQ_ERR_FAILED, 0, -1, "cannot judge");
	if (strncmp(text, "find", 4) != 0)
		return ELQ_OK;
	(void)sscanf(text, "find %u %63s %63s", &severity, rule, object);
	finding.severity = severity;
	finding.rule = (struct elq_str){rule, strlen(rule)};
	if (strcmp(object, "-") != 0)
		finding.object = (struct elq_str){object, strlen(object)};
	finding.message = (struct elq_str)STR("the puppet found something");
	if (strcmp(text, "find_beyond") == 0)
		finding.statement = 1000;
	if (strcmp(text, "find_mute") == 0)
		finding.message = (struct elq_str){0};
	(void)sink->finding(sink->context, &finding);
	return ELQ_OK;
}

static void puppet_review_end(const struct elq_call *call, struct elq_review *review)
{
	(void)call;
	free(review);
}

static const struct elq_review_ops review_ops = {
	.struct_size = sizeof(review_ops),
	.begin = puppet_review_begin,
	.unit = puppet_review_unit,
	.feed = puppet_review_feed,
	.end = puppet_review_end,
};

#endif
