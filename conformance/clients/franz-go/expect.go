package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// An expectation that does not hold ends the case.

func equal[T any](what string, expected, found T) {
	if !reflect.DeepEqual(expected, found) {
		panic(fmt.Sprintf("%s: expected %.300s, found %.300s", what, fmt.Sprintf("%#v", expected), fmt.Sprintf("%#v", found)))
	}
}

func holds(what string, condition bool) {
	if !condition {
		panic("does not hold: " + what)
	}
}

func check(what string, err error) {
	if err != nil {
		panic(fmt.Sprintf("%s: %v", what, err))
	}
}

func fails(what string, expected, found error) {
	if !errors.Is(found, expected) {
		panic(fmt.Sprintf("%s: expected %v, found %v", what, expected, found))
	}
}

func await(ctx context.Context, what string, condition func() bool) {
	deadline := time.Now().Add(30 * time.Second)
	for !condition() {
		holds(what+" within 30 s", time.Now().Before(deadline) && ctx.Err() == nil)
		time.Sleep(20 * time.Millisecond)
	}
}
