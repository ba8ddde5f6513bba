package model

import (
	"errors"
	"fmt"
	"time"
)

// Code is the stable identifier of a failure, for programs.
type Code string

// The codes of the wire contract. The HTTP status of each is the edge's business.
const (
	CodeInvalid          Code = "invalid_argument"
	CodeUnauthenticated  Code = "unauthenticated"
	CodeBadCredentials   Code = "bad_credentials"
	CodeForbidden        Code = "forbidden"
	CodeNotFriend        Code = "not_friend"
	CodeNotMember        Code = "not_member"
	CodeBlocked          Code = "blocked"
	CodeNotFound         Code = "not_found"
	CodeConflict         Code = "conflict"
	CodeMobileTaken      Code = "mobile_taken"
	CodeAlreadyFriend    Code = "already_friend"
	CodeAlreadyMember    Code = "already_member"
	CodeCIDReused        Code = "cid_reused"
	CodeTooLarge         Code = "too_large"
	CodeUnsupportedMedia Code = "unsupported_media"
	CodeRateLimited      Code = "rate_limited"
	CodeInternal         Code = "internal"
	CodeUnavailable      Code = "unavailable"
)

// Error is a failure that its cause may hear about. Anything else that a
// service returns is internal: logged with the request's id and shown as
// CodeInternal.
type Error struct {
	Code Code
	// Key refines the sentence shown: the catalogue is asked for
	// "error.<Code>.<Key>" first, then for "error.<Code>".
	Key string
	// RetryAfter, if not zero, tells when trying again makes sense.
	RetryAfter time.Duration
	// Err is what lies behind it, for the log alone.
	Err error
}

// Error says the code, for logs; people read the catalogue's sentence.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Key != "" {
		s += ": " + e.Key
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives what lies behind the failure.
func (e *Error) Unwrap() error { return e.Err }

// Is makes two errors of one code equal for errors.Is; a target with a key
// asks for that key too.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && (t.Key == "" || t.Key == e.Key)
}

// Fail makes an error of a code.
func Fail(code Code) *Error { return &Error{Code: code} }

// Failf makes an error of a code with a cause for the log.
func Failf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Err: fmt.Errorf(format, args...)}
}

// Invalid names the field that is not as it must be.
func Invalid(field string) *Error { return &Error{Code: CodeInvalid, Key: field} }

// TooLarge names the field that is too long.
func TooLarge(field string) *Error { return &Error{Code: CodeTooLarge, Key: field} }

// CodeOf gives the code of an error; CodeInternal for what is no *Error.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
