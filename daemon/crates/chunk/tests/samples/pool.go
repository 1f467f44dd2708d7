// Copyright 2022 The Pool Authors. All rights reserved.
// Use of this source code is governed by a BSD-style licence.

// Package pool keeps connections for later.
//
// It never dials by itself.
package pool

import (
	"errors"
	"sync"
)

// ErrClosed is returned after Close.
var ErrClosed = errors.New("closed")

var (
	total int
	names = map[string]int{}
)

const defaultSize = 8

const (
	// Idle is the first state.
	Idle State = iota
	Busy
)

// State of a connection.
type State int

type Alias = State

// Conn is what is pooled.
type Conn interface {
	// Close ends it.
	Close() error
	Ping(times int) (ok bool, err error)
}

// Pool holds connections.
type Pool[T Conn] struct {
	mu    sync.Mutex
	conns []T
}

type (
	first  struct{ a int }
	second func(int) error
)

// New makes a pool.
func New[T Conn](size int) *Pool[T] {
	const local = 1
	var other = 2
	_ = other
	return &Pool[T]{conns: make([]T, 0, size*local)}
}

// Get takes one out.
func (p *Pool[T]) Get() (conn T, err error) {
	handler := func() {}
	handler()
	return conn, ErrClosed
}

func (s State) String() string { return names2[s] }

func (first) anonymous() {}
