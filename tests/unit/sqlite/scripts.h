/* scripts.h - real and nasty SQLite scripts, one construct each, that the
 * splitter is compared on with SQLite's own judgement. Each runs without error
 * in an empty database (so that its effect can be compared too), except those
 * in `fragments`, which only have to be split alike. */
#ifndef TEST_SQLITE_SCRIPTS_H
#define TEST_SQLITE_SCRIPTS_H

static const char *const scripts[] = {
	"CREATE TABLE t(x);",
	"CREATE TABLE t(x)",
	"CREATE TABLE a(x); CREATE TABLE b(y);\nCREATE TABLE c(z)\n",
	";;; ; CREATE TABLE t(x);;",
	"",
	"  \n\t\r\n\f ",
	"CREATE TABLE t(x);\f\r\n\f",
	"-- only a comment",
	"-- a comment; with a semicolon\nCREATE TABLE t(x);",
	"/* one; two */ CREATE TABLE t(x /* three; */); /* four; */",
	"CREATE TABLE t(x); -- behind",
	"CREATE TABLE t(x); /* behind */",
	"CREATE TABLE t(x DEFAULT ';');",
	"CREATE TABLE t(x DEFAULT 'it''s; so');",
	"CREATE TABLE t(x DEFAULT '--no comment');",
	"CREATE TABLE t(x DEFAULT '/* no comment');",
	"CREATE TABLE \"a;b\"(\"c\"\"d;\");",
	"CREATE TABLE [a;b]([c d]);",
	"CREATE TABLE `a;b`(`c``d;`);",
	"CREATE TABLE t(x); INSERT INTO t VALUES(x'3b'), (X'2D2D'), ('a\nb;\nc');",
	"CREATE TABLE t(a-- end\n, b /**/, c /***/, d /*/ * /*/);",
	"CREATE TABLE t(x); INSERT INTO t VALUES(1--2\n), (3 - -4), (8/2), (-/* x */-1);",
	"CREATE TABLE t(x); CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END;",
	"CREATE TABLE t(x); CREATE TRIGGER r AFTER INSERT ON t BEGIN\n UPDATE t SET x = 1; DELETE FROM "
	"t;\nEND;\n"
	"CREATE TABLE u(y);",
	"CREATE TABLE t(x); CREATE TEMP TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END; CREATE TABLE "
	"u(y);",
	"CREATE TABLE t(x); CREATE TEMPORARY TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END;",
	"CREATE TABLE t(x); create /* c */ trigger -- d\n r after insert on t begin select 1 ; end ;",
	"CREATE TABLE t(x); CREATE TRIGGER IF NOT EXISTS r AFTER INSERT ON t BEGIN SELECT 1; END;",
	"CREATE TABLE t(x); CREATE TRIGGER r AFTER INSERT ON t WHEN new.x > 1 BEGIN SELECT CASE WHEN 1 "
	"THEN 2 "
	"END; END;",
	"CREATE TABLE t(x); CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT CASE new.x WHEN 1 THEN "
	"'END;' ELSE 2 "
	"END; INSERT INTO t VALUES(';END;'); END;",
	"CREATE TABLE t(x); CREATE TRIGGER r AFTER INSERT ON t BEGIN -- ;END;\n SELECT 1; /* ; END; */ "
	"END;",
	"CREATE TABLE t(x); CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END",
	"CREATE TABLE t(x); CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END -- behind",
	"CREATE TABLE t(x); CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT RAISE(ABORT, 'no; END;'); "
	"END;",
	"CREATE TABLE t(\"end\", \"trigger\"); INSERT INTO t VALUES(1, 2);",
	"CREATE TABLE trigger_log(x); CREATE TABLE temp_trigger(y); CREATE TABLE endless(z);",
	"CREATE VIEW v AS SELECT 1 AS a; CREATE TRIGGER r INSTEAD OF INSERT ON v BEGIN SELECT 1; "
	"SELECT 2; END;",
	"CREATE TABLE t(x); BEGIN; INSERT INTO t VALUES(1); COMMIT;",
	"CREATE TABLE t(x); BEGIN; INSERT INTO t VALUES(1); END; CREATE TABLE u(y);",
	"CREATE TABLE t(x); BEGIN IMMEDIATE; INSERT INTO t VALUES(1); ROLLBACK; INSERT INTO t "
	"VALUES(2);",
	"CREATE TABLE t(x); SAVEPOINT a; INSERT INTO t VALUES(1); ROLLBACK TO a; RELEASE a;",
	"EXPLAIN SELECT 1; CREATE TABLE t(x);",
	"EXPLAIN QUERY PLAN SELECT 1; CREATE TABLE t(x);",
	"CREATE TABLE t(x); EXPLAIN CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END; CREATE "
	"TABLE u(y);",
	"CREATE VIEW v AS SELECT 1 /* why; */;",
	"CREATE VIEW v AS SELECT 1 -- why\n;",
	"CREATE VIEW v AS SELECT 1 /* why */",
	"CREATE TABLE t(a, b); CREATE INDEX i ON t(a, b) ;",
	"CREATE TABLE t(a, b); CREATE INDEX i ON t(a) -- c\n ; CREATE UNIQUE INDEX j ON t(b) WHERE b > "
	"0;",
	"CREATE TABLE t(a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT COLLATE NOCASE, c AS (a + 1) "
	"STORED);",
	"CREATE TABLE t(a PRIMARY KEY, b) WITHOUT ROWID; CREATE TABLE s(a INT) STRICT;",
	"CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p ON DELETE CASCADE);",
	"CREATE VIRTUAL TABLE f USING fts5(x, tokenize = 'porter ascii'); INSERT INTO f VALUES('a; "
	"b');",
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT * FROM n; "
	"CREATE TABLE t(x);",
	"CREATE TABLE t AS WITH a AS (SELECT 1 AS x), b AS (SELECT 2) SELECT * FROM a, b;",
	"CREATE TABLE t(x, y, UNIQUE(x)); INSERT INTO t VALUES(1, 2) ON CONFLICT(x) DO UPDATE SET y = "
	"3;",
	"CREATE TABLE t(x); INSERT INTO t VALUES('\xc3\xa9\xc3\xa8; \xe2\x82\xac');",
	"CREATE TABLE t\xc3\xa9(\xc3\xa0 TEXT);",
	"CREATE TABLE t(x);\r\nINSERT INTO t\r\nVALUES(1);\r\n",
	"CREATE TABLE t(x); ALTER TABLE t ADD COLUMN y; ALTER TABLE t RENAME TO u; ALTER TABLE u DROP "
	"COLUMN y;",
	"PRAGMA user_version = 7; CREATE TABLE t(x);",
	"PRAGMA foreign_keys = OFF; CREATE TABLE t(x); PRAGMA foreign_keys = ON;",
	"CREATE TABLE t(x CHECK (x <> ';')); INSERT INTO t VALUES(1); DELETE FROM t; VACUUM;",
	"CREATE TABLE t(x); INSERT INTO t VALUES(1.5e3), (0x1F), (.5), (5.), (NULL), (TRUE);",
	"CREATE TABLE t(x); INSERT INTO t SELECT '{\"a\": \";\"}' ->> 'a'; REPLACE INTO t VALUES('b');",
	"CREATE TABLE t(x, y); CREATE INDEX i ON t(x COLLATE NOCASE DESC); ANALYZE; REINDEX t; DROP "
	"INDEX i;",
	"CREATE TABLE \"\"\"\"(\"'\"); CREATE TABLE '''q'''(z);",
	"CREATE TABLE t(x$y, _z, a1); INSERT INTO t VALUES(1, 2, 3);",
};

/* Split alike, but not run: they are not SQL, or end in the middle. */
static const char *const fragments[] = {
	"CREATE TABLE t(x DEFAULT 'open;",
	"SELECT \"open; SELECT 1;",
	"SELECT [open; SELECT 1;",
	"SELECT `open; SELECT 1;",
	"SELECT 1; /* open; SELECT 2;",
	"/*/ SELECT 1;",
	"SELECT 1 /*",
	"SELECT 1; --",
	"CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1;",
	"CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1",
	"CREATE TRIGGER",
	"CREATE TEMP",
	"EXPLAIN",
	"EXPLAIN EXPLAIN CREATE TRIGGER r BEGIN; END;",
	"EXPLAIN TEMP CREATE TRIGGER r BEGIN; END;",
	"EXPLAIN QUERY PLAN CREATE TEMP TRIGGER r BEGIN a; b; END; c;",
	"CREATE TEMP TEMPORARY TRIGGER r BEGIN a; END; b;",
	"CREATE OR TRIGGER r; a;",
	"CREATE TRIGGER r; END; a;",
	"CREATE TRIGGER r; END x; END; a;",
	"CREATE TRIGGER r;; END; a;",
	"CREATE TRIGGER r; -- c\n END /* d */ ; a;",
	"CREATE TRIGGER r; \"END\"; END; a;",
	"CREATE TRIGGER r; ENDX; END; a;",
	"CREATE TRIGGER r; END END; a; END;",
	"CREATE TRIGGER r; CREATE TRIGGER s; END; a;",
	"END; TRIGGER; TEMP; CREATE; ;",
	"@ # : ? ?1 :a @b $c $c::d(e;f) ~ ! | & ^ \\ ;",
	"- -; -/* x */-; / *; /; *; */;",
	"\x0b; \x01;",
	"a;\"b\";'c';`d`;[e];/*f*/;--g\n;h",
	"'a''b\"c`d[e';\"a\"\"b'c\";",
	"[a]b];[c",
	"\xff\xfe; \x80;",
};

#endif
