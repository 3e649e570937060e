CREATE TABLE t(x); create /* c */ trigger -- d
 r after insert on t begin select 1 ; end ;