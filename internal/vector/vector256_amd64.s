// In vectors of 8 columns, with AVX2 and FMA.

#include "textflag.h"

#define V0 Y0
#define V1 Y1
#define V2 Y2
#define V3 Y3
#define V4 Y4
#define V5 Y5
#define V6 Y6
#define V7 Y7
#define V8 Y8
#define V9 Y9
#define V10 Y10
#define V11 Y11
#define V12 Y12
#define V13 Y13
#define V14 Y14
#define V15 Y15
#define WIDTH 32
#define SIXTEEN TWICE

// FLUSH makes X 0 where |X| < TINY, which V14 is, and leaves NaN alone.
#define FLUSH(X, T) \
	VANDPS ABSOLUTE, X, T; \
	VCMPPS $5, V14, T, T; \
	VANDPS T, X, X

#define SIGMOIDS ·sigmoid256
#define TANHS ·tanh256
#define LSTM ·lstm256
#define LSTMBACK ·lstmBack256
#define GRU ·gru256
#define GRUBACK ·gruBack256

#include "gates_amd64.h"
#include "rows_amd64.h"
