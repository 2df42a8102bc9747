// The functions of gates, as for amd64.

#include "textflag.h"

DATA table<>+0(SB)/4, $0x42ae0000 // 87
DATA table<>+4(SB)/4, $0xc2ae0000 // -87
DATA table<>+8(SB)/4, $0xbfb8aa3b // -log2(e)
DATA table<>+12(SB)/4, $0x3f318000 // ln 2, high
DATA table<>+16(SB)/4, $0xb95e8083 // ln 2, low
DATA table<>+20(SB)/4, $0xb9506967 // -0.000198756915
DATA table<>+24(SB)/4, $0x3ab743ce // 0.0013981999507
DATA table<>+28(SB)/4, $0xbc088908 // -0.0083334519073
DATA table<>+32(SB)/4, $0x3d2aa9c1 // 0.041665795894
DATA table<>+36(SB)/4, $0xbe2aaaaa // -0.16666665459
DATA table<>+40(SB)/4, $0x3f000000 // 0.50000001201
DATA table<>+44(SB)/4, $0xbf800000 // -1.0
DATA table<>+48(SB)/4, $0x3f800000 // 1.0
DATA table<>+52(SB)/4, $0xbbbaf0ea // -0.00570498872745
DATA table<>+56(SB)/4, $0x3ca9134e // 0.0206390887954
DATA table<>+60(SB)/4, $0xbd5c1e2d // -0.0537397155531
DATA table<>+64(SB)/4, $0x3e088393 // 0.133314422036
DATA table<>+68(SB)/4, $0xbeaaaa99 // -0.333332819422
DATA table<>+72(SB)/4, $0x3f200000 // 0.625
DATA table<>+76(SB)/4, $0x80000000 // the sign
GLOBL table<>(SB), RODATA|NOPTR, $80

// Operations of vectors of four float32 which the assembler has no names for, d = n op m.
#define FMUL(m, n, d) WORD $(0x6e20dc00 + ((m)<<16) + ((n)<<5) + (d))
#define FADD(m, n, d) WORD $(0x4e20d400 + ((m)<<16) + ((n)<<5) + (d))
#define FSUB(m, n, d) WORD $(0x4ea0d400 + ((m)<<16) + ((n)<<5) + (d))
#define FDIV(m, n, d) WORD $(0x6e20fc00 + ((m)<<16) + ((n)<<5) + (d))
#define FMAX(m, n, d) WORD $(0x4e20f400 + ((m)<<16) + ((n)<<5) + (d))
#define FMIN(m, n, d) WORD $(0x4ea0f400 + ((m)<<16) + ((n)<<5) + (d))
#define FCMGT(m, n, d) WORD $(0x6ea0e400 + ((m)<<16) + ((n)<<5) + (d))
#define FABS(n, d) WORD $(0x4ea0f800 + ((n)<<5) + (d))
#define FRINTN(n, d) WORD $(0x4e218800 + ((n)<<5) + (d))
#define FCVTNS(n, d) WORD $(0x4e21a800 + ((n)<<5) + (d))

// HORNER makes d = c + p·x.
#define HORNER(p, x, c, d) \
	VORR c.B16, c.B16, d.B16 \
	VFMLA x.S4, p.S4, d.S4

// EXP makes V2 = exp(-V0), in V0 to V3.
#define EXP \
	FMUL(29, 0, 1) \
	FRINTN(1, 1) \
	VFMLA V28.S4, V1.S4, V0.S4 \
	VFMLA V27.S4, V1.S4, V0.S4 \
	FCVTNS(1, 1) \
	VSHL $23, V1.S4, V1.S4 \
	HORNER(V26, V0, V25, V2) \
	HORNER(V2, V0, V24, V3) \
	HORNER(V3, V0, V23, V2) \
	HORNER(V2, V0, V22, V3) \
	HORNER(V3, V0, V21, V2) \
	HORNER(V2, V0, V20, V3) \
	HORNER(V3, V0, V19, V2) \
	VADD V1.S4, V2.S4, V2.S4

// CONSTANTS loads the table into V31 down to V12.
#define CONSTANTS \
	MOVD $table<>(SB), R3 \
	VLD1R.P 4(R3), [V31.S4] \
	VLD1R.P 4(R3), [V30.S4] \
	VLD1R.P 4(R3), [V29.S4] \
	VLD1R.P 4(R3), [V28.S4] \
	VLD1R.P 4(R3), [V27.S4] \
	VLD1R.P 4(R3), [V26.S4] \
	VLD1R.P 4(R3), [V25.S4] \
	VLD1R.P 4(R3), [V24.S4] \
	VLD1R.P 4(R3), [V23.S4] \
	VLD1R.P 4(R3), [V22.S4] \
	VLD1R.P 4(R3), [V21.S4] \
	VLD1R.P 4(R3), [V20.S4] \
	VLD1R.P 4(R3), [V19.S4] \
	VLD1R.P 4(R3), [V18.S4] \
	VLD1R.P 4(R3), [V17.S4] \
	VLD1R.P 4(R3), [V16.S4] \
	VLD1R.P 4(R3), [V15.S4] \
	VLD1R.P 4(R3), [V14.S4] \
	VLD1R.P 4(R3), [V13.S4] \
	VLD1R.P 4(R3), [V12.S4]

// func sigmoidNEON(dst, src *float32, n int)
TEXT ·sigmoidNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD n+16(FP), R2
	CONSTANTS

loop:
	VLD1.P 16(R1), [V0.S4]
	FMIN(31, 0, 0)
	FMAX(30, 0, 0)
	EXP
	FADD(2, 19, 2)
	FDIV(2, 19, 2)
	VST1.P [V2.S4], 16(R0)
	SUB $4, R2
	CBNZ R2, loop
	RET

// func tanhNEON(dst, src *float32, n int)
TEXT ·tanhNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD n+16(FP), R2
	CONSTANTS

loop:
	VLD1.P 16(R1), [V0.S4]
	VORR V0.B16, V0.B16, V4.B16
	FABS(4, 5)
	FADD(5, 5, 0)
	FMIN(31, 0, 0)
	EXP
	FSUB(2, 19, 3)
	FADD(2, 19, 2)
	FDIV(2, 3, 2) // |tanh| of large x
	VAND V4.B16, V12.B16, V3.B16
	VORR V3.B16, V2.B16, V2.B16

	FMUL(4, 4, 0) // tanh of small x
	HORNER(V18, V0, V17, V1)
	HORNER(V1, V0, V16, V3)
	HORNER(V3, V0, V15, V1)
	HORNER(V1, V0, V14, V3)
	FMUL(0, 3, 3)
	HORNER(V3, V4, V4, V1)

	FCMGT(5, 13, 3) // |x| < small
	VBSL V2.B16, V1.B16, V3.B16
	VORR V3.B16, V3.B16, V2.B16
	VST1.P [V2.S4], 16(R0)
	SUB $4, R2
	CBNZ R2, loop
	RET
