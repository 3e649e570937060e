/* fuzz_sqlkit_review.c - any bytes as one statement: its shape, its copy and its fill are
 * read to an end, inside the text, and a form that is found holds together. */
#include "check.h"

#include "sqlkit/review.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sqlkit_lexer lexer = {.quotes = "'\"`", .brackets = true};

static void check_name(const struct sqlkit_token *token, const char *text, uint64_t size)
{
	char name[16];
	CHECK(token->size > 0 && token->start + token->size <= size);
	CHECK(sqlkit_token_is_name(token, text));
	uint64_t length = sqlkit_token_name(token, text, name, sizeof(name));
	CHECK(length <= token->size && strlen(name) < sizeof(name));
}

/* Each item moves on, and the list ends. */
static void check_list(const char *text, uint64_t start, uint64_t end)
{
	for (uint64_t offset = start;;) {
		uint64_t before = offset;
		struct sqlkit_item item = sqlkit_item_next(&lexer, text, end, &offset);
		CHECK(offset <= end);
		if (item.kind == SQLKIT_ITEM_END)
			return;
		CHECK(offset > before);
		if (item.kind == SQLKIT_ITEM_NAME)
			check_name(&item.name, text, end);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct sqlkit_shape shape;
	struct sqlkit_copy copy;
	struct sqlkit_fill fill;
	sqlkit_shape_read(&lexer, text, size, &shape);
	CHECK(shape.rest <= size);
	(void)sqlkit_says(&lexer, text, size, "ON", "CONFLICT");
	if (sqlkit_copy_read(&lexer, text, size, "main", &copy)) {
		CHECK(!shape.where && shape.verb != SQLKIT_VERB_DELETE);
		CHECK(copy.columns <= copy.columns_end && copy.columns_end <= copy.items);
		CHECK(copy.items <= copy.items_end && copy.items_end < size);
		check_name(&copy.target, text, size);
		check_name(&copy.source, text, size);
		check_list(text, copy.columns, copy.columns_end);
		check_list(text, copy.items, copy.items_end);
	}
	if (sqlkit_fill_read(&lexer, text, size, "main", &fill)) {
		CHECK(shape.verb == SQLKIT_VERB_UPDATE && shape.where);
		check_name(&fill.table, text, size);
		check_name(&fill.column, text, size);
	}
	/* A name as an object: no byte is lost. */
	char *name = malloc(size + 1);
	CHECK(name);
	memcpy(name, text, size);
	name[size] = '\0';
	uint64_t length = sqlkit_object_part(name, NULL, 0);
	char *part = malloc(length + 1);
	CHECK(part && sqlkit_object_part(name, part, length) == length && length >= strlen(name));
	free(part);
	free(name);
	return 0;
}
