CREATE TABLE t(x);
