// The tiles for NEON: 6 rows by 16 or 8 columns, four columns a register.

#include "textflag.h"

// FADD adds vectors of four float32, c = a + c, which the assembler has no name for.
#define FADD(a, c) WORD $(0x4e20d400 + ((c)<<16) + ((a)<<5) + (c))

// ARGUMENTS loads those of all tiles: R0 result, R1 its rows' distance, R2 depth, R4 the
// distance of A's columns, R5 B, R6 its rows' distance, R7-R12 the rows of A.
#define ARGUMENTS \
	MOVD dst+0(FP), R0 \
	MOVD ds+8(FP), R1 \
	MOVD pn+16(FP), R2 \
	MOVD a+24(FP), R3 \
	MOVD cs+32(FP), R4 \
	MOVD b+40(FP), R5 \
	MOVD bs+48(FP), R6 \
	LDP (R3), (R7, R8) \
	LDP 16(R3), (R9, R10) \
	LDP 32(R3), (R11, R12)

#define ZERO2(a, b) \
	VEOR a.B16, a.B16, a.B16 \
	VEOR b.B16, b.B16, b.B16

#define ZERO4(a, b, c, d) ZERO2(a, b) ZERO2(c, d)

// ROW16 adds an element of A times a row of B to a row of the tile.
#define ROW16(p, x, a, b, c, d) \
	VLD1R (p), [x.S4] \
	ADD R4, p \
	VFMLA V24.S4, x.S4, a.S4 \
	VFMLA V25.S4, x.S4, b.S4 \
	VFMLA V26.S4, x.S4, c.S4 \
	VFMLA V27.S4, x.S4, d.S4

#define ROW8(p, x, a, b) \
	VLD1R (p), [x.S4] \
	ADD R4, p \
	VFMLA V24.S4, x.S4, a.S4 \
	VFMLA V25.S4, x.S4, b.S4

// ADD16 adds a row of the result to a row of the tile, whose registers begin with number n.
#define ADD16(n) \
	VLD1 (R3), [V24.S4, V25.S4, V26.S4, V27.S4] \
	ADD R1, R3 \
	FADD(24, n) \
	FADD(25, n+1) \
	FADD(26, n+2) \
	FADD(27, n+3)

#define ADD8(n) \
	VLD1 (R3), [V24.S4, V25.S4] \
	ADD R1, R3 \
	FADD(24, n) \
	FADD(25, n+1)

#define STORE16(a, b, c, d) \
	VST1 [a.S4, b.S4, c.S4, d.S4], (R0) \
	ADD R1, R0

#define STORE8(a, b) \
	VST1 [a.S4, b.S4], (R0) \
	ADD R1, R0

// func tile16(dst unsafe.Pointer, ds uintptr, pn int, a *[6]unsafe.Pointer, cs uintptr, b unsafe.Pointer, bs uintptr, add bool)
TEXT ·tile16(SB), NOSPLIT, $0-57
	ARGUMENTS
	ZERO4(V0, V1, V2, V3)
	ZERO4(V4, V5, V6, V7)
	ZERO4(V8, V9, V10, V11)
	ZERO4(V12, V13, V14, V15)
	ZERO4(V16, V17, V18, V19)
	ZERO4(V20, V21, V22, V23)

loop:
	VLD1 (R5), [V24.S4, V25.S4, V26.S4, V27.S4]
	ADD R6, R5
	ROW16(R7, V28, V0, V1, V2, V3)
	ROW16(R8, V29, V4, V5, V6, V7)
	ROW16(R9, V30, V8, V9, V10, V11)
	ROW16(R10, V31, V12, V13, V14, V15)
	ROW16(R11, V28, V16, V17, V18, V19)
	ROW16(R12, V29, V20, V21, V22, V23)
	SUB $1, R2
	CBNZ R2, loop

	MOVBU add+56(FP), R2
	CBZ R2, store
	MOVD R0, R3
	ADD16(0)
	ADD16(4)
	ADD16(8)
	ADD16(12)
	ADD16(16)
	ADD16(20)

store:
	STORE16(V0, V1, V2, V3)
	STORE16(V4, V5, V6, V7)
	STORE16(V8, V9, V10, V11)
	STORE16(V12, V13, V14, V15)
	STORE16(V16, V17, V18, V19)
	STORE16(V20, V21, V22, V23)
	RET

// func tile8(dst unsafe.Pointer, ds uintptr, pn int, a *[6]unsafe.Pointer, cs uintptr, b unsafe.Pointer, bs uintptr, add bool)
TEXT ·tile8(SB), NOSPLIT, $0-57
	ARGUMENTS
	ZERO4(V0, V1, V2, V3)
	ZERO4(V4, V5, V6, V7)
	ZERO4(V8, V9, V10, V11)

loop:
	VLD1 (R5), [V24.S4, V25.S4]
	ADD R6, R5
	ROW8(R7, V28, V0, V1)
	ROW8(R8, V29, V2, V3)
	ROW8(R9, V30, V4, V5)
	ROW8(R10, V31, V6, V7)
	ROW8(R11, V28, V8, V9)
	ROW8(R12, V29, V10, V11)
	SUB $1, R2
	CBNZ R2, loop

	MOVBU add+56(FP), R2
	CBZ R2, store
	MOVD R0, R3
	ADD8(0)
	ADD8(2)
	ADD8(4)
	ADD8(6)
	ADD8(8)
	ADD8(10)

store:
	STORE8(V0, V1)
	STORE8(V2, V3)
	STORE8(V4, V5)
	STORE8(V6, V7)
	STORE8(V8, V9)
	STORE8(V10, V11)
	RET
