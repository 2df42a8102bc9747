// The steps of whole rows, in vectors of eight or of sixteen columns. A file that includes
// this one says which registers V0 to V15 are, their size in bytes, WIDTH, how one is
// rounded, ROUND, how FLUSH makes tiny numbers 0, and the functions' names.
//
// With E(x) = exp(x) - 1, whose error is a few units in the last place near 0 too,
//
//	sigmoid(x) = 1/(2+E(-x))
//	tanh(x)    = E(2x)/(2+E(2x))
//
// See vector_amd64.s for exp. Gates are computed side by side, as each operation alone
// would wait for the one before. A constant stands in the table sixteen times.

#define CONSTANT(at, twice) \
	DATA rows<>+at+0(SB)/8, $twice; \
	DATA rows<>+at+8(SB)/8, $twice; \
	DATA rows<>+at+16(SB)/8, $twice; \
	DATA rows<>+at+24(SB)/8, $twice; \
	DATA rows<>+at+32(SB)/8, $twice; \
	DATA rows<>+at+40(SB)/8, $twice; \
	DATA rows<>+at+48(SB)/8, $twice; \
	DATA rows<>+at+56(SB)/8, $twice

CONSTANT(0, 0xbfb8aa3bbfb8aa3b) // -log2(e)
CONSTANT(64, 0x3f3180003f318000) // ln 2, high
CONSTANT(128, 0xb95e8083b95e8083) // ln 2, low
CONSTANT(192, 0xb9506967b9506967) // -0.000198756915
CONSTANT(256, 0x3ab743ce3ab743ce) // 0.0013981999507
CONSTANT(320, 0xbc088908bc088908) // -0.0083334519073
CONSTANT(384, 0x3d2aa9c13d2aa9c1) // 0.041665795894
CONSTANT(448, 0xbe2aaaaabe2aaaaa) // -0.16666665459
CONSTANT(512, 0x3f0000003f000000) // 0.50000001201
CONSTANT(576, 0xbf800000bf800000) // -1
CONSTANT(640, 0x3f8000003f800000) // 1
CONSTANT(704, 0x4000000040000000) // 2
CONSTANT(768, 0xc0000000c0000000) // -2
CONSTANT(832, 0x42ae000042ae0000) // 87
CONSTANT(896, 0xc2ae0000c2ae0000) // -87
CONSTANT(960, 0x7fffffff7fffffff) // all but the sign
CONSTANT(1024, 0x0da242600da24260) // 1e-30
GLOBL rows<>(SB), RODATA|NOPTR, $1088

#define LOG2E rows<>+0(SB)
#define LN2HIGH rows<>+64(SB)
#define LN2LOW rows<>+128(SB)
#define P7 rows<>+192(SB)
#define P6 rows<>+256(SB)
#define P5 rows<>+320(SB)
#define P4 rows<>+384(SB)
#define P3 rows<>+448(SB)
#define P2 rows<>+512(SB)
#define MINUSONE rows<>+576(SB)
#define ONE rows<>+640(SB)
#define PLUSTWO rows<>+704(SB)
#define MINUSTWO rows<>+768(SB)
#define MOST rows<>+832(SB)
#define LEAST rows<>+896(SB)
#define ABSOLUTE rows<>+960(SB)
#define TINY rows<>+1024(SB)

// BOUNDS are what the arguments of exp are kept between. They are the second operand of
// VMINPS and VMAXPS, which return the first if that is NaN.
#define BOUNDS \
	VMOVUPS MOST, V14; \
	VMOVUPS LEAST, V15

// What E does, one after the other, for an argument -X: -x = n·ln 2 + s, N = 2^n,
// P = exp(s)-1, and E = N·P + N-1.
#define CLAMP(X, N, P) VMINPS X, V14, X; VMAXPS X, V15, X;
#define SCALE(X, N, P) VMULPS LOG2E, X, N;
#define WHOLE(X, N, P) ROUND(N);
#define HIGH(X, N, P) VFMADD231PS LN2HIGH, N, X;
#define LOW(X, N, P) VFMADD231PS LN2LOW, N, X;
#define INTEGER(X, N, P) VCVTPS2DQ N, N; VMOVUPS P7, P;
#define HORNER6(X, N, P) VFMADD213PS P6, X, P; VPSLLD $23, N, N;
#define HORNER5(X, N, P) VFMADD213PS P5, X, P; VPADDD ONE, N, N;
#define HORNER4(X, N, P) VFMADD213PS P4, X, P;
#define HORNER3(X, N, P) VFMADD213PS P3, X, P;
#define HORNER2(X, N, P) VFMADD213PS P2, X, P;
#define HORNER1(X, N, P) VFMADD213PS MINUSONE, X, P;
#define HORNER0(X, N, P) VMULPS X, P, P; VADDPS MINUSONE, N, X;
#define RESULT(X, N, P) VFMADD213PS X, N, P;

// E is P = exp(-X)-1 of each triple of registers in a list.
#define E(EACH) \
	EACH(CLAMP) \
	EACH(SCALE) \
	EACH(WHOLE) \
	EACH(HIGH) \
	EACH(LOW) \
	EACH(INTEGER) \
	EACH(HORNER6) \
	EACH(HORNER5) \
	EACH(HORNER4) \
	EACH(HORNER3) \
	EACH(HORNER2) \
	EACH(HORNER1) \
	EACH(HORNER0) \
	EACH(RESULT)

#define FIRST(OP) OP(V0, V4, V8)
#define TWO(OP) OP(V0, V4, V8) OP(V1, V5, V9)
#define FOUR(OP) OP(V0, V4, V8) OP(V1, V5, V9) OP(V2, V6, V10) OP(V3, V7, V11)

// SIGMOID and TANH are what follows on E. ONE is in V13.
#define SIGMOID(P) \
	VADDPS PLUSTWO, P, P; \
	VDIVPS P, V13, P

#define TANH(P, T) \
	VADDPS PLUSTWO, P, T; \
	VDIVPS T, P, P

// func lstm(kept, a, bias, u, c, hNext, cNext, out *float32, n, columns int)
TEXT LSTM(SB), NOSPLIT, $0-80
	MOVQ kept+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ bias+16(FP), BX
	MOVQ u+24(FP), DX
	MOVQ c+32(FP), R8
	MOVQ hNext+40(FP), R9
	MOVQ cNext+48(FP), R10
	MOVQ out+56(FP), R11
	MOVQ n+64(FP), AX
	MOVQ columns+72(FP), CX
	SHLQ $2, AX
	LEAQ (AX)(AX*2), R12
	BOUNDS
	VMOVUPS ONE, V13

loop:
	VMOVUPS (SI), V0
	VMOVUPS (SI)(AX*1), V1
	VMOVUPS (SI)(AX*2), V2
	VMOVUPS (SI)(R12*1), V3
	VADDPS (BX), V0, V0
	VADDPS (BX)(AX*1), V1, V1
	VADDPS (BX)(AX*2), V2, V2
	VADDPS (BX)(R12*1), V3, V3
	VADDPS (DX), V0, V0
	VADDPS (DX)(AX*1), V1, V1
	VADDPS (DX)(AX*2), V2, V2
	VADDPS (DX)(R12*1), V3, V3
	VMULPS MINUSTWO, V2, V2
	E(FOUR)
	SIGMOID(V8)
	SIGMOID(V9)
	TANH(V10, V0)
	SIGMOID(V11)
	VMOVUPS V8, (DI)
	VMOVUPS V9, (DI)(AX*1)
	VMOVUPS V10, (DI)(AX*2)
	VMOVUPS V11, (DI)(R12*1)
	VMULPS V8, V10, V10
	VMULPS (R8), V9, V9
	VADDPS V9, V10, V0
	VMOVUPS V0, (R10)
	VMULPS MINUSTWO, V0, V0
	E(FIRST)
	TANH(V8, V0)
	VMOVUPS V8, (DI)(AX*4)
	VMULPS V8, V11, V8
	VMOVUPS V8, (R9)
	VMOVUPS V8, (R11)
	ADDQ $WIDTH, DI
	ADDQ $WIDTH, SI
	ADDQ $WIDTH, BX
	ADDQ $WIDTH, DX
	ADDQ $WIDTH, R8
	ADDQ $WIDTH, R9
	ADDQ $WIDTH, R10
	ADDQ $WIDTH, R11
	SUBQ $WIDTH/4, CX
	JNZ  loop
	VZEROUPPER
	RET

// func lstmBack(da, du, kept, c, dh, grad, dc, dBias *float32, n, columns int)
TEXT LSTMBACK(SB), NOSPLIT, $0-80
	MOVQ da+0(FP), DI
	MOVQ du+8(FP), R8
	MOVQ kept+16(FP), SI
	MOVQ c+24(FP), R9
	MOVQ dh+32(FP), R10
	MOVQ grad+40(FP), R11
	MOVQ dc+48(FP), BX
	MOVQ dBias+56(FP), DX
	MOVQ n+64(FP), AX
	MOVQ columns+72(FP), CX
	SHLQ $2, AX
	LEAQ (AX)(AX*2), R12
	VMOVUPS ONE, V15
	VMOVUPS TINY, V14

loop:
	VMOVUPS (R10), V0
	VADDPS (R11), V0, V0 // d
	VMOVUPS (SI), V1 // i
	VMOVUPS (SI)(AX*1), V2 // f
	VMOVUPS (SI)(AX*2), V3 // g
	VMOVUPS (SI)(R12*1), V4 // o
	VMOVUPS (SI)(AX*4), V5 // t
	VMULPS V4, V0, V6 // d·o
	VMULPS V5, V5, V7
	VSUBPS V7, V15, V7
	VMULPS V7, V6, V7
	VADDPS (BX), V7, V7 // m
	FLUSH(V7, V11)
	VMULPS V5, V6, V6
	VSUBPS V4, V15, V8
	VMULPS V8, V6, V6 // do
	VMULPS V3, V7, V8
	VMULPS V1, V8, V8
	VSUBPS V1, V15, V9
	VMULPS V9, V8, V8 // di
	VMULPS (R9), V7, V9
	VMULPS V2, V9, V9
	VSUBPS V2, V15, V10
	VMULPS V10, V9, V9 // df
	VMULPS V1, V7, V10
	VMULPS V3, V3, V11
	VSUBPS V11, V15, V11
	VMULPS V11, V10, V10 // dg
	VMULPS V2, V7, V7 // dc
	FLUSH(V8, V1)
	FLUSH(V9, V2)
	FLUSH(V10, V3)
	FLUSH(V6, V4)
	VMOVUPS V7, (BX)
	VMOVUPS V8, (DI)
	VMOVUPS V9, (DI)(AX*1)
	VMOVUPS V10, (DI)(AX*2)
	VMOVUPS V6, (DI)(R12*1)
	VMOVUPS V8, (R8)
	VMOVUPS V9, (R8)(AX*1)
	VMOVUPS V10, (R8)(AX*2)
	VMOVUPS V6, (R8)(R12*1)
	VADDPS (DX), V8, V8
	VADDPS (DX)(AX*1), V9, V9
	VADDPS (DX)(AX*2), V10, V10
	VADDPS (DX)(R12*1), V6, V6
	VMOVUPS V8, (DX)
	VMOVUPS V9, (DX)(AX*1)
	VMOVUPS V10, (DX)(AX*2)
	VMOVUPS V6, (DX)(R12*1)
	ADDQ $WIDTH, DI
	ADDQ $WIDTH, R8
	ADDQ $WIDTH, SI
	ADDQ $WIDTH, R9
	ADDQ $WIDTH, R10
	ADDQ $WIDTH, R11
	ADDQ $WIDTH, BX
	ADDQ $WIDTH, DX
	SUBQ $WIDTH/4, CX
	JNZ  loop
	VZEROUPPER
	RET

// func gru(kept, a, bias, u, h, hNext, out *float32, n, columns int)
TEXT GRU(SB), NOSPLIT, $0-72
	MOVQ kept+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ bias+16(FP), BX
	MOVQ u+24(FP), DX
	MOVQ h+32(FP), R8
	MOVQ hNext+40(FP), R9
	MOVQ out+48(FP), R10
	MOVQ n+56(FP), AX
	MOVQ columns+64(FP), CX
	SHLQ $2, AX
	LEAQ (AX)(AX*2), R12
	BOUNDS
	VMOVUPS ONE, V13

loop:
	VMOVUPS (SI), V0
	VMOVUPS (SI)(AX*1), V1
	VADDPS (BX), V0, V0
	VADDPS (BX)(AX*1), V1, V1
	VADDPS (DX), V0, V0
	VADDPS (DX)(AX*1), V1, V1
	E(TWO)
	SIGMOID(V8)
	SIGMOID(V9)
	VMOVAPS V8, V10 // z
	VMOVUPS V8, (DI)
	VMOVUPS V9, (DI)(AX*1)
	VMOVUPS (DX)(AX*2), V0
	VMOVUPS V0, (DI)(R12*1)
	VMULPS V9, V0, V0
	VMOVUPS (SI)(AX*2), V1
	VADDPS (BX)(AX*2), V1, V1
	VADDPS V1, V0, V0
	VMULPS MINUSTWO, V0, V0
	E(FIRST)
	TANH(V8, V0)
	VMOVUPS V8, (DI)(AX*2)
	VMOVUPS (R8), V0
	VSUBPS V8, V0, V0
	VMULPS V10, V0, V0
	VADDPS V0, V8, V8
	VMOVUPS V8, (R9)
	VMOVUPS V8, (R10)
	ADDQ $WIDTH, DI
	ADDQ $WIDTH, SI
	ADDQ $WIDTH, BX
	ADDQ $WIDTH, DX
	ADDQ $WIDTH, R8
	ADDQ $WIDTH, R9
	ADDQ $WIDTH, R10
	SUBQ $WIDTH/4, CX
	JNZ  loop
	VZEROUPPER
	RET

// func gruBack(da, du, kept, h, dh, grad, dBias *float32, n, columns int)
TEXT GRUBACK(SB), NOSPLIT, $0-72
	MOVQ da+0(FP), DI
	MOVQ du+8(FP), R8
	MOVQ kept+16(FP), SI
	MOVQ h+24(FP), R9
	MOVQ dh+32(FP), R10
	MOVQ grad+40(FP), R11
	MOVQ dBias+48(FP), DX
	MOVQ n+56(FP), AX
	MOVQ columns+64(FP), CX
	SHLQ $2, AX
	LEAQ (AX)(AX*2), R12
	VMOVUPS ONE, V15
	VMOVUPS TINY, V14

loop:
	VMOVUPS (R10), V0
	VADDPS (R11), V0, V0 // d
	VMOVUPS (SI), V1 // z
	VMOVUPS (SI)(AX*1), V2 // r
	VMOVUPS (SI)(AX*2), V3 // g
	VSUBPS V1, V15, V4
	VMULPS V4, V0, V5
	VMULPS V3, V3, V6
	VSUBPS V6, V15, V6
	VMULPS V6, V5, V5 // dg
	FLUSH(V5, V7)
	VMOVUPS (R9), V6
	VSUBPS V3, V6, V6
	VMULPS V6, V0, V6
	VMULPS V1, V6, V6
	VMULPS V4, V6, V6 // dz
	VMULPS V1, V0, V0 // dh
	VMULPS V2, V5, V8 // of h·U
	VMULPS (SI)(R12*1), V5, V9
	VMULPS V2, V9, V9
	VSUBPS V2, V15, V10
	VMULPS V10, V9, V9 // dr
	FLUSH(V6, V1)
	FLUSH(V0, V2)
	FLUSH(V8, V3)
	FLUSH(V9, V4)
	VMOVUPS V0, (R10)
	VMOVUPS V6, (DI)
	VMOVUPS V9, (DI)(AX*1)
	VMOVUPS V5, (DI)(AX*2)
	VMOVUPS V6, (R8)
	VMOVUPS V9, (R8)(AX*1)
	VMOVUPS V8, (R8)(AX*2)
	VADDPS (DX), V6, V6
	VADDPS (DX)(AX*1), V9, V9
	VADDPS (DX)(AX*2), V5, V5
	VMOVUPS V6, (DX)
	VMOVUPS V9, (DX)(AX*1)
	VMOVUPS V5, (DX)(AX*2)
	ADDQ $WIDTH, DI
	ADDQ $WIDTH, R8
	ADDQ $WIDTH, SI
	ADDQ $WIDTH, R9
	ADDQ $WIDTH, R10
	ADDQ $WIDTH, R11
	ADDQ $WIDTH, DX
	SUBQ $WIDTH/4, CX
	JNZ  loop
	VZEROUPPER
	RET
