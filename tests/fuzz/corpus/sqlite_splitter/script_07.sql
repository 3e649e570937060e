-- a comment; with a semicolon
CREATE TABLE t(x);