//go:build programs

// Package programs names the program that the tests build.
package programs

import _ "go.etcd.io/etcd/server/v3"
