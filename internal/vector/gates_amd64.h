// The functions of gates, in vectors of eight or of sixteen float32. A file that includes
// this one says which registers V0 to V15 are, their size in bytes, WIDTH, how many make
// sixteen, SIXTEEN, and the functions' names.
//
// For -87 <= y <= 87, exp(y) is 2^n·exp(s) with y = n·ln 2 + s, |s| <= ln 2 / 2. With
// E(y) = exp(y)-1 = 2^n·p(s) + 2^n-1, where p is a polynomial that is nearest to exp(s)-1
// in relative error, 2e-8, E is good near 0 too, and
//
//	sigmoid(x) = 1/(2+E(-x))
//	tanh(x)    = E(2x)/(2+E(2x))
//
// Several vectors are computed side by side: each operation alone would wait for the one
// before. A constant stands in the table sixteen times, so that it can be an operand.

#define CONSTANT(at, twice) \
	DATA table<>+at+0(SB)/8, $twice; \
	DATA table<>+at+8(SB)/8, $twice; \
	DATA table<>+at+16(SB)/8, $twice; \
	DATA table<>+at+24(SB)/8, $twice; \
	DATA table<>+at+32(SB)/8, $twice; \
	DATA table<>+at+40(SB)/8, $twice; \
	DATA table<>+at+48(SB)/8, $twice; \
	DATA table<>+at+56(SB)/8, $twice

CONSTANT(0, 0xbfb8aa3bbfb8aa3b) // -log2(e)
CONSTANT(64, 0x4b4000004b400000) // 1.5·2^23: added to a number, it leaves that rounded in the last bits
CONSTANT(128, 0x3f3172183f317218) // ln 2
CONSTANT(192, 0x3ab5f5ff3ab5f5ff) // 0.00138825
CONSTANT(256, 0xbc0913d8bc0913d8) // -0.00836655
CONSTANT(320, 0x3d2aab3a3d2aab3a) // 0.0416672
CONSTANT(384, 0xbe2aaa58be2aaa58) // -0.16666543
CONSTANT(448, 0x3f0000003f000000) // 0.5
CONSTANT(512, 0xbf800000bf800000)
CONSTANT(576, 0x3f8000003f800000)
CONSTANT(640, 0xc0000000c0000000)
CONSTANT(704, 0x42ae000042ae0000) // 87
CONSTANT(768, 0xc2ae0000c2ae0000) // -87
CONSTANT(832, 0x7fffffff7fffffff) // all but the sign
CONSTANT(896, 0x0da242600da24260) // 1e-30
GLOBL table<>(SB), RODATA|NOPTR, $960

#define LOG2E table<>+0(SB)
#define SHIFT table<>+64(SB)
#define LN2 table<>+128(SB)
#define P6 table<>+192(SB)
#define P5 table<>+256(SB)
#define P4 table<>+320(SB)
#define P3 table<>+384(SB)
#define P2 table<>+448(SB)
#define MINUSONE table<>+512(SB)
#define ONE table<>+576(SB)
#define MINUSTWO table<>+640(SB)
#define MOST table<>+704(SB)
#define LEAST table<>+768(SB)
#define ABSOLUTE table<>+832(SB)
#define TINY table<>+896(SB)

// BOUNDS are what arguments are kept between. They are the second operand of VMINPS and
// VMAXPS, which return the first if that is NaN.
#define BOUNDS \
	VMOVUPS MOST, V14; \
	VMOVUPS LEAST, V15; \
	VMOVUPS ONE, V13

// The steps of E, each for a vector X of -y: first X is -s, N is 2^n, and P is p(s).
#define CLAMP(AT, X, N, P) VMINPS X, V14, X; VMAXPS X, V15, X; VMOVUPS LOG2E, N;
#define SCALE(AT, X, N, P) VFMADD213PS SHIFT, X, N;
#define WHOLE(AT, X, N, P) VSUBPS SHIFT, N, P;
#define REST(AT, X, N, P) VFMADD231PS LN2, P, X; VMOVUPS P6, P; VPSLLD $23, N, N;
#define HORNER5(AT, X, N, P) VFMADD213PS P5, X, P; VPADDD V13, N, N;
#define HORNER4(AT, X, N, P) VFMADD213PS P4, X, P;
#define HORNER3(AT, X, N, P) VFMADD213PS P3, X, P;
#define HORNER2(AT, X, N, P) VFMADD213PS P2, X, P;
#define HORNER1(AT, X, N, P) VFMADD213PS MINUSONE, X, P;
#define HORNER0(AT, X, N, P) VMULPS X, P, P;

#define EXP(EACH) \
	EACH(CLAMP) \
	EACH(SCALE) \
	EACH(WHOLE) \
	EACH(REST) \
	EACH(HORNER5) \
	EACH(HORNER4) \
	EACH(HORNER3) \
	EACH(HORNER2) \
	EACH(HORNER1) \
	EACH(HORNER0)

// SIGMOID and TANH make P of what EXP leaves.
#define SIGMOID(AT, X, N, P) \
	VADDPS V13, N, X; \
	VFMADD213PS X, N, P; \
	VDIVPS P, V13, P;

#define TANH(AT, X, N, P) \
	VADDPS V13, N, V12; \
	VSUBPS V13, N, X; \
	VFMADD231PS P, N, V12; \
	VFMADD213PS X, N, P; \
	VDIVPS V12, P, P;

// What is done for each of a number of vectors: where they begin, X, N and P.
#define ONCE(OP) OP(0, V0, V4, V8)
#define TWICE(OP) OP(0, V0, V4, V8) OP(WIDTH, V1, V5, V9)
#define FOURTIMES(OP) OP(0, V0, V4, V8) OP(0, V1, V5, V9) OP(0, V2, V6, V10) OP(0, V3, V7, V11)

#define LOAD(AT, X, N, P) VMOVUPS AT(SI), X;
#define STORE(AT, X, N, P) VMOVUPS P, AT(DI);
#define DOUBLE(AT, X, N, P) VMULPS MINUSTWO, X, X;

// func sigmoid(dst, src *float32, n int)
TEXT SIGMOIDS(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	BOUNDS

loop:
	SIXTEEN(LOAD)
	EXP(SIXTEEN)
	SIXTEEN(SIGMOID)
	SIXTEEN(STORE)
	ADDQ $64, SI
	ADDQ $64, DI
	SUBQ $16, CX
	JNZ  loop
	VZEROUPPER
	RET

// func tanh(dst, src *float32, n int)
TEXT TANHS(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	BOUNDS

loop:
	SIXTEEN(LOAD)
	SIXTEEN(DOUBLE)
	EXP(SIXTEEN)
	SIXTEEN(TANH)
	SIXTEEN(STORE)
	ADDQ $64, SI
	ADDQ $64, DI
	SUBQ $16, CX
	JNZ  loop
	VZEROUPPER
	RET
