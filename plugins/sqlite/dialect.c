/* dialect.c - SQLite's SQL as data for sqlkit: how statements end and what
 * kind they are, and the types of our tables. No code. */
#include "sqlite/dialect.h"

#define OUTSIDE "put it into a migration with transaction:false on its directive line"
#define FOREIGN_KEYS                                                                                   \
	"migrations run with foreign keys not enforced and are checked before they commit; "           \
	"say foreign_keys:on on the directive line to enforce them"
#define LASTS "it does nothing inside a transaction; put it into a migration with transaction:false"

/* A pragma that is set, however it is written. Reading one is an ordinary statement. */
#define PRAGMA_SET(name, hint)                                                                         \
	{"PRAGMA " name " =", ELQ_STATEMENT_NO_TRANSACTION, hint},                                     \
		{"PRAGMA " name " (", ELQ_STATEMENT_NO_TRANSACTION, hint},                             \
		{"PRAGMA ? . " name " =", ELQ_STATEMENT_NO_TRANSACTION, hint},                         \
	{                                                                                              \
		"PRAGMA ? . " name " (", ELQ_STATEMENT_NO_TRANSACTION, hint                            \
	}

static const struct sqlkit_rule rules[] = {
	{"BEGIN", ELQ_STATEMENT_BEGIN, NULL},
	{"COMMIT", ELQ_STATEMENT_COMMIT, NULL},
	{"END", ELQ_STATEMENT_COMMIT, NULL},
	{"ROLLBACK TO", ELQ_STATEMENT_SAVEPOINT, NULL},
	{"ROLLBACK TRANSACTION TO", ELQ_STATEMENT_SAVEPOINT, NULL},
	{"ROLLBACK", ELQ_STATEMENT_ROLLBACK, NULL},
	{"SAVEPOINT", ELQ_STATEMENT_SAVEPOINT, NULL},
	{"RELEASE", ELQ_STATEMENT_SAVEPOINT, NULL},
	{"VACUUM", ELQ_STATEMENT_NO_TRANSACTION, OUTSIDE},
	{"ATTACH", ELQ_STATEMENT_NO_TRANSACTION, OUTSIDE},
	{"DETACH", ELQ_STATEMENT_NO_TRANSACTION, OUTSIDE},
	PRAGMA_SET("foreign_keys", FOREIGN_KEYS),
	PRAGMA_SET("journal_mode", OUTSIDE),
	PRAGMA_SET("synchronous", OUTSIDE),
	PRAGMA_SET("temp_store", OUTSIDE),
	PRAGMA_SET("page_size", LASTS),
	PRAGMA_SET("auto_vacuum", LASTS),
	{"PRAGMA wal_checkpoint", ELQ_STATEMENT_NO_TRANSACTION, OUTSIDE},
	{"PRAGMA ? . wal_checkpoint", ELQ_STATEMENT_NO_TRANSACTION, OUTSIDE},
};

const struct sqlkit_splitter sqlite_splitter = {
	.lexer = {.quotes = "'\"`", .brackets = true, .nested_comments = false},
	.trigger_bodies = true,
	.client_mark = '.',
	.client_hint = "this is a command of the sqlite3 shell, not SQL; write the statements that it "
		       "stands for",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
};

const struct sqlkit_history_dialect sqlite_history_dialect = {
	.schema = "main.",
	.quote = '"',
	.integer = "INTEGER",
	.text = "TEXT",
	.key = "TEXT",
	.now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
	.parameter = "?",
};
