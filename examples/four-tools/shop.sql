CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL, price INTEGER NOT NULL);
INSERT INTO orders (item, price) VALUES ('lock', 25), ('key', 5), ('door', 180);
