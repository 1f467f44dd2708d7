-- Shop: what is sold, to whom, and when.
-- Applied by hand, once.

CREATE SCHEMA IF NOT EXISTS shop;
CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE TYPE shop.state AS ENUM ('open', 'paid', 'sent');
CREATE DOMAIN shop.email AS text CHECK (VALUE LIKE '%@%');
CREATE SEQUENCE shop.order_number START 1000;

/* Who buys. */
CREATE TABLE IF NOT EXISTS shop.customers (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email   text NOT NULL UNIQUE, -- never shown
    joined  timestamptz DEFAULT now()
);

-- One line per order.
CREATE TABLE orders (
    id INT PRIMARY KEY AUTO_INCREMENT,
    customer_id BIGINT NOT NULL REFERENCES shop.customers (id) ON DELETE CASCADE,
    state VARCHAR(10) DEFAULT 'open',
    CONSTRAINT positive CHECK (id > 0)
);

CREATE TABLE `order lines` (
    id integer primary key autoincrement,
    [quantity] int
) ENGINE=InnoDB;

CREATE UNIQUE INDEX CONCURRENTLY idx_orders_customer ON orders (customer_id, state);

ALTER TABLE orders ADD COLUMN note text;

-- Orders that wait.
CREATE OR REPLACE VIEW shop.open_orders AS
SELECT o.id, c.email
FROM orders AS o
JOIN shop.customers AS c ON c.id = o.customer_id
WHERE o.state = 'open';

CREATE MATERIALIZED VIEW daily AS
SELECT date_trunc('day', now()) AS day, count(*) FROM orders GROUP BY 1;

-- Adds a line and returns its number.
CREATE OR REPLACE FUNCTION shop.add_line(p_order bigint, p_quantity integer DEFAULT 1)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    line bigint;
BEGIN
    INSERT INTO lines (order_id, quantity) VALUES (p_order, p_quantity) RETURNING id INTO line;
    RETURN line;
END;
$$;

CREATE FUNCTION total(o bigint) RETURNS numeric AS 'SELECT sum(price) FROM lines WHERE order_id = o' LANGUAGE sql;

CREATE FUNCTION touch() RETURNS trigger AS $body$
BEGIN
    NEW.changed := now();
    RETURN NEW;
END;
$body$ LANGUAGE plpgsql;

CREATE TRIGGER orders_touch BEFORE UPDATE ON orders
    FOR EACH ROW EXECUTE FUNCTION touch();

CREATE PROCEDURE archive(before date)
LANGUAGE SQL
AS $$ DELETE FROM orders WHERE id < 10 $$;

CREATE ROLE clerk LOGIN;
CREATE POLICY own_orders ON orders USING (customer_id = 1);

INSERT INTO shop.customers (email) VALUES ('a@example.org'), ('b@example.org');

WITH recent AS (SELECT id FROM orders ORDER BY id DESC LIMIT 10)
SELECT * FROM recent;

-- Moves old orders away.
CREATE PROCEDURE shop.archive_all(p_before DATE)
IS
    n NUMBER;
BEGIN
    IF p_before IS NULL THEN
        RAISE_APPLICATION_ERROR(-20001, 'no date');
    END IF;
    SELECT CASE WHEN 1 = 1 THEN 1 END INTO n FROM dual;
END archive_all;

CREATE TRIGGER lines_audit AFTER INSERT ON `order lines`
BEGIN
    INSERT INTO audit VALUES (new.id);
    UPDATE totals SET n = n + 1;
END;

CREATE TABLE after_all (id int);
