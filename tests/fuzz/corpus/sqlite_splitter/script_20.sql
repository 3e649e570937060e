CREATE TABLE t(x); INSERT INTO t VALUES(1--2
), (3 - -4), (8/2), (-/* x */-1);