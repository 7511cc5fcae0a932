create table carts (id integer);
