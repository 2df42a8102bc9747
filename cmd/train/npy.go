package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// writeNPY writes a matrix in NumPy's format, version 1.0: a magic string, the
// length of a header that is a Python dictionary, the header, the values.
func writeNPY(w io.Writer, values []float32, columns int) error {
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", len(values)/columns, columns)
	// The values start at a multiple of 64 bytes, a line end before them.
	const before, align = 10, 64
	header += strings.Repeat(" ", (align-(before+len(header)+1)%align)%align) + "\n"
	if _, err := fmt.Fprintf(w, "\x93NUMPY\x01\x00%s%s", binary.LittleEndian.AppendUint16(nil, uint16(len(header))), header); err != nil {
		return err
	}
	return binary.Write(w, binary.LittleEndian, values)
}
