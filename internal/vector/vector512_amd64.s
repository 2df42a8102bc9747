// In vectors of 16 columns, with AVX-512F.

#include "textflag.h"

#define V0 Z0
#define V1 Z1
#define V2 Z2
#define V3 Z3
#define V4 Z4
#define V5 Z5
#define V6 Z6
#define V7 Z7
#define V8 Z8
#define V9 Z9
#define V10 Z10
#define V11 Z11
#define V12 Z12
#define V13 Z13
#define V14 Z14
#define V15 Z15
#define WIDTH 64
#define SIXTEEN ONCE

// FLUSH makes X 0 where |X| < TINY, which V14 is, and leaves NaN alone.
#define FLUSH(X, T) \
	VPANDD ABSOLUTE, X, T; \
	VCMPPS $5, V14, T, K1; \
	VMOVAPS.Z X, K1, X

#define SIGMOIDS ·sigmoid512
#define TANHS ·tanh512
#define LSTM ·lstm512
#define LSTMBACK ·lstmBack512
#define GRU ·gru512
#define GRUBACK ·gruBack512

#include "gates_amd64.h"
#include "rows_amd64.h"
