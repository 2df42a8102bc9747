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
DATA table<>+80(SB)/4, $0x0da24260 // 1e-30
GLOBL table<>(SB), RODATA|NOPTR, $84

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

// SIGMOID makes V2 of V0, in V0 to V3, and TANH in V0 to V5.
#define SIGMOID \
	FMIN(31, 0, 0) \
	FMAX(30, 0, 0) \
	EXP \
	FADD(2, 19, 2) \
	FDIV(2, 19, 2)

#define TANH \
	VORR V0.B16, V0.B16, V4.B16 \
	FABS(4, 5) \
	FADD(5, 5, 0) \
	FMIN(31, 0, 0) \
	EXP \
	FSUB(2, 19, 3) \
	FADD(2, 19, 2) \
	FDIV(2, 3, 2) \
	VAND V4.B16, V12.B16, V3.B16 \
	VORR V3.B16, V2.B16, V2.B16 \
	FMUL(4, 4, 0) \
	HORNER(V18, V0, V17, V1) \
	HORNER(V1, V0, V16, V3) \
	HORNER(V3, V0, V15, V1) \
	HORNER(V1, V0, V14, V3) \
	FMUL(0, 3, 3) \
	HORNER(V3, V4, V4, V1) \
	FCMGT(5, 13, 3) \
	VBSL V2.B16, V1.B16, V3.B16 \
	VORR V3.B16, V3.B16, V2.B16

// func sigmoidNEON(dst, src *float32, n int)
TEXT ·sigmoidNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD n+16(FP), R2
	CONSTANTS

loop:
	VLD1.P 16(R1), [V0.S4]
	SIGMOID
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
	TANH
	VST1.P [V2.S4], 16(R0)
	SUB $4, R2
	CBNZ R2, loop
	RET

// Steps of whole rows. A pointer walks over the blocks of a row, which are R9 apart, and
// then back to the next columns of the first.

#define BIC(m, n, d) WORD $(0x4e601c00 + ((m)<<16) + ((n)<<5) + (d))

// SUM makes V0 the next gate's argument, of a, the bias and u.
#define SUM \
	VLD1.P (R1)(R9), [V0.S4] \
	VLD1.P (R2)(R9), [V1.S4] \
	VLD1.P (R3)(R9), [V2.S4] \
	FADD(1, 0, 0) \
	FADD(2, 0, 0)

// FLUSH makes register x 0 where |x| < 1e-30, which V20 is, and leaves NaN alone.
#define FLUSH(x, t) \
	FABS(x, t) \
	FCMGT(t, 20, t) \
	BIC(t, x, x)

// BIAS adds a register to the next block at R6, in T, whose number is t.
#define BIAS(x, T, t) \
	VLD1 (R6), [T.S4] \
	FADD(x, t, t) \
	VST1.P [T.S4], (R6)(R9)

#define ONEANDTINY \
	MOVD $table<>+48(SB), R12 \
	VLD1R (R12), [V19.S4] \
	MOVD $table<>+80(SB), R12 \
	VLD1R (R12), [V20.S4]

// func lstmNEON(kept, a, bias, u, c, hNext, cNext, out *float32, n, columns int)
TEXT ·lstmNEON(SB), NOSPLIT, $0-80
	CONSTANTS
	MOVD kept+0(FP), R0
	MOVD a+8(FP), R1
	MOVD bias+16(FP), R2
	MOVD u+24(FP), R3
	MOVD c+32(FP), R4
	MOVD hNext+40(FP), R5
	MOVD cNext+48(FP), R6
	MOVD out+56(FP), R7
	MOVD n+64(FP), R9
	MOVD columns+72(FP), R8
	LSL $2, R9
	LSL $2, R9, R11
	SUB $16, R11
	ADD R9, R11, R10

loop:
	SUM
	SIGMOID
	VORR V2.B16, V2.B16, V6.B16 // i
	VST1.P [V2.S4], (R0)(R9)
	SUM
	SIGMOID
	VORR V2.B16, V2.B16, V7.B16 // f
	VST1.P [V2.S4], (R0)(R9)
	SUM
	TANH
	VORR V2.B16, V2.B16, V8.B16 // g
	VST1.P [V2.S4], (R0)(R9)
	SUM
	SIGMOID
	VORR V2.B16, V2.B16, V9.B16 // o
	VST1.P [V2.S4], (R0)(R9)
	VLD1.P 16(R4), [V0.S4]
	FMUL(0, 7, 7)
	FMUL(6, 8, 8)
	FADD(8, 7, 0)
	VST1.P [V0.S4], 16(R6)
	TANH
	VST1.P [V2.S4], (R0)(R9)
	FMUL(2, 9, 2)
	VST1.P [V2.S4], 16(R5)
	VST1.P [V2.S4], 16(R7)
	SUB R10, R0
	SUB R11, R1
	SUB R11, R2
	SUB R11, R3
	SUB $4, R8
	CBNZ R8, loop
	RET

// func lstmBackNEON(da, kept, c, dh, grad, dc, dBias *float32, n, columns int)
TEXT ·lstmBackNEON(SB), NOSPLIT, $0-72
	ONEANDTINY
	MOVD da+0(FP), R0
	MOVD kept+8(FP), R1
	MOVD c+16(FP), R2
	MOVD dh+24(FP), R3
	MOVD grad+32(FP), R4
	MOVD dc+40(FP), R5
	MOVD dBias+48(FP), R6
	MOVD n+56(FP), R9
	MOVD columns+64(FP), R8
	LSL $2, R9
	LSL $2, R9, R11
	SUB $16, R11
	ADD R9, R11, R10

loop:
	VLD1.P 16(R3), [V0.S4]
	VLD1.P 16(R4), [V1.S4]
	FADD(1, 0, 0) // d
	VLD1.P (R1)(R9), [V1.S4] // i
	VLD1.P (R1)(R9), [V2.S4] // f
	VLD1.P (R1)(R9), [V3.S4] // g
	VLD1.P (R1)(R9), [V4.S4] // o
	VLD1.P (R1)(R9), [V5.S4] // t
	FMUL(4, 0, 6)
	FMUL(5, 5, 7)
	FSUB(7, 19, 7)
	FMUL(7, 6, 7)
	VLD1 (R5), [V8.S4]
	FADD(8, 7, 7) // m
	FLUSH(7, 11)
	FMUL(5, 6, 6)
	FSUB(4, 19, 8)
	FMUL(8, 6, 6) // do
	FMUL(3, 7, 8)
	FMUL(1, 8, 8)
	FSUB(1, 19, 9)
	FMUL(9, 8, 8) // di
	VLD1.P 16(R2), [V10.S4]
	FMUL(10, 7, 9)
	FMUL(2, 9, 9)
	FSUB(2, 19, 10)
	FMUL(10, 9, 9) // df
	FMUL(1, 7, 10)
	FMUL(3, 3, 11)
	FSUB(11, 19, 11)
	FMUL(11, 10, 10) // dg
	FMUL(2, 7, 7) // dc
	VST1.P [V7.S4], 16(R5)
	FLUSH(8, 11)
	FLUSH(9, 12)
	FLUSH(10, 13)
	FLUSH(6, 14)
	VST1.P [V8.S4], (R0)(R9)
	VST1.P [V9.S4], (R0)(R9)
	VST1.P [V10.S4], (R0)(R9)
	VST1.P [V6.S4], (R0)(R9)
	BIAS(8, V11, 11)
	BIAS(9, V12, 12)
	BIAS(10, V13, 13)
	BIAS(6, V14, 14)
	SUB R11, R0
	SUB R10, R1
	SUB R11, R6
	SUB $4, R8
	CBNZ R8, loop
	RET

// func gruNEON(kept, a, bias, u, h, hNext, out *float32, n, columns int)
TEXT ·gruNEON(SB), NOSPLIT, $0-72
	CONSTANTS
	MOVD kept+0(FP), R0
	MOVD a+8(FP), R1
	MOVD bias+16(FP), R2
	MOVD u+24(FP), R3
	MOVD h+32(FP), R4
	MOVD hNext+40(FP), R5
	MOVD out+48(FP), R7
	MOVD n+56(FP), R9
	MOVD columns+64(FP), R8
	LSL $2, R9
	LSL $2, R9, R10
	SUB $16, R10
	SUB R9, R10, R11

loop:
	SUM
	SIGMOID
	VORR V2.B16, V2.B16, V6.B16 // z
	VST1.P [V2.S4], (R0)(R9)
	SUM
	SIGMOID
	VST1.P [V2.S4], (R0)(R9) // r
	VLD1.P (R1)(R9), [V0.S4]
	VLD1.P (R2)(R9), [V1.S4]
	VLD1.P (R3)(R9), [V7.S4]
	FADD(1, 0, 0)
	FMUL(7, 2, 2)
	FADD(2, 0, 0)
	TANH
	VST1.P [V2.S4], (R0)(R9)
	VST1.P [V7.S4], (R0)(R9)
	VLD1.P 16(R4), [V0.S4]
	FSUB(2, 0, 0)
	FMUL(6, 0, 0)
	FADD(0, 2, 2)
	VST1.P [V2.S4], 16(R5)
	VST1.P [V2.S4], 16(R7)
	SUB R10, R0
	SUB R11, R1
	SUB R11, R2
	SUB R11, R3
	SUB $4, R8
	CBNZ R8, loop
	RET

// func gruBackNEON(da, du, kept, h, dh, grad, dBias *float32, n, columns int)
TEXT ·gruBackNEON(SB), NOSPLIT, $0-72
	ONEANDTINY
	MOVD da+0(FP), R0
	MOVD du+8(FP), R1
	MOVD kept+16(FP), R2
	MOVD h+24(FP), R3
	MOVD dh+32(FP), R4
	MOVD grad+40(FP), R5
	MOVD dBias+48(FP), R6
	MOVD n+56(FP), R9
	MOVD columns+64(FP), R8
	LSL $2, R9
	LSL $2, R9, R10
	SUB $16, R10
	SUB R9, R10, R11

loop:
	VLD1 (R4), [V0.S4]
	VLD1.P 16(R5), [V1.S4]
	FADD(1, 0, 0) // d
	VLD1.P (R2)(R9), [V1.S4] // z
	VLD1.P (R2)(R9), [V2.S4] // r
	VLD1.P (R2)(R9), [V3.S4] // g
	VLD1.P (R2)(R9), [V4.S4]
	FSUB(1, 19, 5)
	FMUL(5, 0, 6)
	FMUL(3, 3, 7)
	FSUB(7, 19, 7)
	FMUL(7, 6, 6) // dg
	FLUSH(6, 11)
	VLD1.P 16(R3), [V8.S4]
	FSUB(3, 8, 8)
	FMUL(8, 0, 8)
	FMUL(1, 8, 8)
	FMUL(5, 8, 8) // dz
	FMUL(1, 0, 0) // dh
	FMUL(2, 6, 9) // of h·U
	FMUL(4, 6, 10)
	FMUL(2, 10, 10)
	FSUB(2, 19, 11)
	FMUL(11, 10, 10) // dr
	FLUSH(0, 11)
	FLUSH(8, 12)
	FLUSH(9, 13)
	FLUSH(10, 14)
	VST1.P [V0.S4], 16(R4)
	VST1.P [V8.S4], (R0)(R9)
	VST1.P [V10.S4], (R0)(R9)
	VST1.P [V6.S4], (R0)(R9)
	VST1.P [V8.S4], (R1)(R9)
	VST1.P [V10.S4], (R1)(R9)
	VST1.P [V9.S4], (R1)(R9)
	BIAS(8, V11, 11)
	BIAS(10, V12, 12)
	BIAS(6, V13, 13)
	SUB R11, R0
	SUB R11, R1
	SUB R10, R2
	SUB R11, R6
	SUB $4, R8
	CBNZ R8, loop
	RET
