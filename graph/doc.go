// Package graph builds gorgonia expression graphs that compute what they say: what goes
// on after a model's Build, to a loss, gradients and runs.
//
//	loss, err := graph.CrossEntropy(net.Logits, target)
//	grads, err := graph.Grad(loss, net.Learnables...)
//	program, err := graph.Compile(gorgonia.Nodes{loss}, grads, net.Learnables)
//	err = program.Run() // then program.Scalar(loss), and a gorgonia.Solver's Step
//
// gorgonia v0.9.18 is silently wrong in places. Use what stands on the right; upstream's
// Mul, Add, Sub, HadamardProd, Sigmoid, Tanh, and BroadcastAdd and BroadcastHadamardProd in
// 2-D and 3-D are correct for every shape.
//
//	1         Slice and Concat's gradient merge nodes whose bounds agree mod 256   Slice, Split, Concat
//	2         Reshape shares memory that other operations then overwrite           Reshape
//	3-6       Tensordot is wrong, or refused, for some numbers and sizes of axes   Tensordot
//	7         Sum along a middle axis of a 4-D tensor is wrong                     Sum
//	8         OuterProd has a wrong gradient                                       Tensordot with no axes
//	9, 10, 18 LogSumExp, Log(SoftMax(x)) and SoftMax of large values are wrong     LogSoftMax, Probabilities
//	11        a node's Value may hold a later node's result                        Program.Value
//	12        two inputs with one name are one node                                Input
//	13        gradients nobody asked for are computed                              Compile
//	14, 15    RunAll without Reset does nothing; gradients add up from run to run  Program.Run
//	16        the LispMachine is wrong                                             Compile, which uses a TapeMachine
//	17        nodes are merged by a 32-bit hash                                    Compile, Tensordot, ..., which tell them apart
//	19        Grad leaves out terms of a second loss, or of a gradient             Grad
//
// Two upstream operations of one kind and shape, on other operands, are merged where their
// hashes are equal by chance, about n²/2³³ times in a graph of n nodes. Products are made
// by tensorzoo's kernels, or by OpenBLAS with -tags openblas. They become gorgonia's BLAS
// when the program starts, unless it has called gorgonia.Use before; a later call replaces
// them for upstream's Mul.
//
// Graphs may be built and run at the same time. Functions keep to row-major order, work in
// float32 and float64, and return an error when shapes, axes or bounds don't fit.
package graph
