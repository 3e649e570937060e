/* dialect.h - SQLite's SQL as data for sqlkit. */
#ifndef SQLITE_DIALECT_H
#define SQLITE_DIALECT_H

#include "sqlkit/history.h"
#include "sqlkit/splitter.h"

extern const struct sqlkit_splitter sqlite_splitter;
extern const struct sqlkit_history_dialect sqlite_history_dialect;

#endif
