#!/usr/bin/env node
'use strict';

/**
 * A tiny observable store.
 * @module store
 */

const EventEmitter = require('events');
const { join } = require('path');
import React, { useState } from 'react';

/** How many listeners are allowed. */
export const MAX_LISTENERS = 10;
let current = null;
var legacy = 1, older;

/**
 * Adds two numbers.
 * @param {number} a
 */
export function add(a, b) {
  const helper = (x) => x;
  const local = 1;
  return helper(a) + b + local;
}

export default class Store extends EventEmitter {
  #secret = 1;
  static instances = 0;

  // Makes a store.
  constructor(initial) {
    super();
    this.state = initial;
  }

  get value() { return this.state; }

  async *entries() {
    yield* Object.entries(this.state);
  }

  #hidden() {}

  'quoted-name'() {}

  [Symbol.iterator]() { return this.entries(); }

  /** Bound to the store. */
  handle = async (event) => {
    this.emit('change', event);
  };

  static create(state) {
    return new Store(state);
  }
}

// Counts clicks.
export const Counter = ({ start }) => {
  const [n, setN] = useState(start);
  return <button onClick={() => setN(n + 1)}>{n}</button>;
};

export const Memo = React.memo(function Inner(props) {
  return <div>{props.children}</div>;
});

const api = {
  get(path) { return fetch(path); },
  post: async (path, body) => fetch(path, { method: 'POST', body }),
  timeout: 10,
  nested: { deep: function () {} },
};

function* ids() {
  let id = 0;
  while (true) yield id++;
}

Store.prototype.reset = function reset() {
  this.state = null;
};

exports.legacyAdd = function (a, b) { return a + b; };

module.exports = {
  close() {},
};

items.forEach((item) => {
  const notASymbol = item;
  function named() {}
});
