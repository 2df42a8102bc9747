// Package ops holds what the public package graph and the cells build nodes of:
// operations of our own, which are right for every shape, and their kernels.
package ops
