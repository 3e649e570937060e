CREATE TRIGGER r; -- c
 END /* d */ ; a;