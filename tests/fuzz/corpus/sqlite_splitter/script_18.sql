CREATE TABLE t(x); INSERT INTO t VALUES(x'3b'), (X'2D2D'), ('a
b;
c');