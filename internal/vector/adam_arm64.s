// Adam, with a rounding after each operation.

#include "textflag.h"

// Operations of vectors of four float32 which the assembler has no names for, d = n op m.
#define FMUL(m, n, d) WORD $(0x6e20dc00 + ((m)<<16) + ((n)<<5) + (d))
#define FADD(m, n, d) WORD $(0x4e20d400 + ((m)<<16) + ((n)<<5) + (d))
#define FSUB(m, n, d) WORD $(0x4ea0d400 + ((m)<<16) + ((n)<<5) + (d))
#define FDIV(m, n, d) WORD $(0x6e20fc00 + ((m)<<16) + ((n)<<5) + (d))
#define FSQRT(n, d) WORD $(0x6ea1f800 + ((n)<<5) + (d))

// func adamNEON(w, grad, m, v *float32, n int, r *AdamRates)
TEXT ·adamNEON(SB), NOSPLIT, $0-48
	MOVD w+0(FP), R0
	MOVD grad+8(FP), R1
	MOVD m+16(FP), R2
	MOVD v+24(FP), R3
	MOVD n+32(FP), R4
	MOVD r+40(FP), R5
	VLD1R.P 4(R5), [V31.S4] // L2
	VLD1R.P 4(R5), [V30.S4] // Shrink
	VLD1R.P 4(R5), [V29.S4] // B1
	VLD1R.P 4(R5), [V28.S4] // NotB1
	VLD1R.P 4(R5), [V27.S4] // B2
	VLD1R.P 4(R5), [V26.S4] // NotB2
	VLD1R.P 4(R5), [V25.S4] // Rate
	VLD1R.P 4(R5), [V24.S4] // Scale
	VLD1R.P 4(R5), [V23.S4] // Epsilon
	VLD1R.P 4(R5), [V22.S4] // Clip

loop:
	VLD1 (R0), [V0.S4]
	VLD1.P 16(R1), [V1.S4]
	FMUL(22, 1, 1)
	VLD1 (R2), [V3.S4]
	VLD1 (R3), [V4.S4]
	FMUL(0, 31, 2)
	FADD(2, 1, 1) // d
	FMUL(3, 29, 3)
	FMUL(1, 28, 2)
	FADD(2, 3, 3)
	VST1.P [V3.S4], 16(R2)
	FMUL(1, 1, 2)
	FMUL(2, 26, 2)
	FMUL(4, 27, 4)
	FADD(2, 4, 4)
	VST1.P [V4.S4], 16(R3)
	FMUL(24, 4, 4)
	FSQRT(4, 4)
	FADD(23, 4, 4)
	FMUL(3, 25, 3)
	FDIV(4, 3, 3)
	FMUL(0, 30, 2)
	FADD(3, 2, 2)
	FSUB(2, 0, 0)
	VST1.P [V0.S4], 16(R0)
	SUB $4, R4
	CBNZ R4, loop
	RET
