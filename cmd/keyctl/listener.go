package main

import (
	"context"
	"log/slog"
)

// listener is a log that is not written: the few records that a person should
// hear of are told by their fields.
type listener func(fields map[string]string)

// Enabled returns true.
func (listener) Enabled(context.Context, slog.Level) bool { return true }

// Handle passes the fields of r on.
func (l listener) Handle(_ context.Context, r slog.Record) error {
	fields := make(map[string]string)
	r.Attrs(func(a slog.Attr) bool {
		fields[a.Key] = a.Value.String()
		return true
	})
	l(fields)
	return nil
}

// WithAttrs and WithGroup are not used by what is listened to.
func (l listener) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l listener) WithGroup(string) slog.Handler      { return l }
