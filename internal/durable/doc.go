// Package durable writes files and folders so that a reader always finds the
// last complete one, even if the writer was killed or the disk was full.
//
// What is written stands next to its final place as NAME.new, synced to the
// disk, until it takes the place of NAME. A file does so in one rename. A folder
// needs two; between them the earlier one is NAME.old and the one to read. Where
// another program has a file open and the system minds, as Windows does, a rename
// is tried again for two seconds. A file SHA256SUMS in a folder, as sha256sum
// writes it, reveals damage.
package durable
