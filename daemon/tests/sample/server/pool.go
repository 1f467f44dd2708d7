// Package server keeps database connections open between requests.
package server

import "errors"

// ErrPoolClosed is returned when a connection is asked for after Close.
var ErrPoolClosed = errors.New("pool is closed")

// ConnectionPool hands out at most a fixed number of connections.
type ConnectionPool struct {
	idle   chan int
	closed bool
}

// Acquire takes an idle connection, waiting until one is returned.
func (p *ConnectionPool) Acquire() (int, error) {
	if p.closed {
		return 0, ErrPoolClosed
	}
	return <-p.idle, nil
}
