/*
 * Copyright 2020 Example.
 * Licensed under the Apache License, Version 2.0.
 */

/* Books and their entries. */
package com.example.ledger;

import java.util.List;

/**
 * A ledger.
 *
 * @param <T> what is booked
 */
@SuppressWarnings("unchecked")
public class Ledger<T extends Comparable<T>> implements Book {
    public static final int MAX_ENTRIES = 100;
    private final List<T> entries;

    /** Makes an empty one. */
    public Ledger(List<T> entries) {
        this.entries = entries;
    }

    @Override
    @Deprecated(since = "2")
    public synchronized <R> R book(final T entry, int... amounts) throws BookException {
        Runnable local = () -> System.out.println("x");
        class Local {
            void run() {}
        }
        return null;
    }

    int size() { return entries.size(); }

    /** What may go wrong. */
    public enum Fault {
        FULL("full") {
            @Override String say() { return "no"; }
        },
        CLOSED("closed");

        private final String text;

        Fault(String text) { this.text = text; }

        String say() { return text; }
    }

    record Entry(String name, long cents) {
        Entry {
            if (cents < 0) throw new IllegalArgumentException();
        }

        static Entry of(String name) { return new Entry(name, 0); }
    }

    @interface Audited {
        String value() default "";
    }
}

interface Book {
    String NAME = "book";

    int size();

    default boolean isEmpty() {
        return size() == 0;
    }
}
