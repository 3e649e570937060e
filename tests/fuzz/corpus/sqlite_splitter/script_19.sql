CREATE TABLE t(a-- end
, b /**/, c /***/, d /*/ * /*/);