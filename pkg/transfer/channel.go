package transfer

import "context"

// send gives a value to a channel, unless ctx has ended or ends before. It first
// tries without a wait: to wait for ctx as well takes a lock that all stages
// share.
func send[T any](ctx context.Context, to chan<- T, value T) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case to <- value:
		return true
	default:
	}
	select {
	case to <- value:
		return true
	case <-ctx.Done():
		return false
	}
}

// receive takes a value from a channel. There is none when the channel is closed,
// or ctx has ended and none is there.
func receive[T any](ctx context.Context, from <-chan T) (value T, ok bool) {
	select {
	case value, ok = <-from:
		return value, ok
	default:
	}
	select {
	case value, ok = <-from:
		return value, ok
	case <-ctx.Done():
	}
	select {
	case value, ok = <-from:
	default:
	}
	return value, ok
}
