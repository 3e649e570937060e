/* fuzz_sqlite_splitter.c - any bytes as an SQLite script: the splitter ends, its
 * statements follow each other without a gap or an overlap, their lines are
 * right, and SQLite agrees on where each one ends. */
#include "check.h"

#include "sqlkit/splitter.h"

/* The driver exports nothing but its entry; its dialect is compiled in here. */
#include "sqlite/dialect.c"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* sqlite3_complete() of the system's library, or NULL where there is none. */
static int (*find_judge(void))(const char *)
{
	static int (*judge)(const char *);
	static bool looked;
	if (!looked) {
		void *library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);
		void *symbol = library ? dlsym(library, "sqlite3_complete") : NULL;
		memcpy(&judge, &symbol, sizeof(judge));
		looked = true;
	}
	return judge;
}

static bool is_terminated(const char *script, const struct elq_span *span)
{
	return span->kind != ELQ_STATEMENT_CLIENT_ONLY && span->start + span->size < span->next &&
	       script[span->next - 1] == ';';
}

static uint64_t lines_before(const char *script, uint64_t end)
{
	uint64_t lines = 1;
	for (uint64_t i = 0; i < end; i++)
		lines += script[i] == '\n';
	return lines;
}

/* The text that a statement was found in is complete for SQLite too, and
 * without its last byte it is not. */
static void ask_judge(const char *script, uint64_t from, uint64_t to)
{
	int (*judge)(const char *) = find_judge();
	uint64_t size = to - from;
	if (!judge || memchr(script + from, '\0', size))
		return;
	char *text = malloc(size + 1);
	CHECK(text);
	memcpy(text, script + from, size);
	text[size] = '\0';
	CHECK(judge(text));
	text[size - 1] = '\0';
	CHECK(!judge(text));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *script = (const char *)data;
	uint64_t offset = 0;
	uint64_t line = 1;
	while (offset < size) {
		struct elq_span span;
		const char *reason = NULL;
		int32_t status = sqlkit_splitter_next(&sqlite_splitter, script, size, offset, line,
						      &span, &reason);
		CHECK(span.start >= offset && span.start + span.size <= span.next && span.next <= size);
		CHECK(span.line == lines_before(script, span.start));
		if (status != ELQ_OK) {
			CHECK(status == ELQ_ERR_MALFORMED && reason);
			return 0;
		}
		CHECK(span.next > offset);
		if (is_terminated(script, &span))
			ask_judge(script, offset, span.next);
		offset = span.next;
		line = lines_before(script, offset);
	}
	return 0;
}
