// A simulated NVIDIA driver, libcuda.so.1: "device" memory is memory of this process, kernels are the host kernels of
// our own list, and everything the real driver would refuse is refused. It proves that our code calls the driver
// rightly, on machines without a GPU; what a GPU computes and how fast it is, it does not show.
//
//   FRAMEPATH_SIM_INIT=100         cuInit answers that
//   FRAMEPATH_SIM_DRIVER=13000     version of CUDA that the driver supports
//   FRAMEPATH_SIM_DEVICES=1        how many GPUs
//   FRAMEPATH_SIM_CAPABILITY=90    their compute capability
//   FRAMEPATH_SIM_MEMORY=BYTES     their memory (4 GiB); allocations beyond it answer CUDA_ERROR_OUT_OF_MEMORY
//   FRAMEPATH_SIM_FAIL=RULES       comma separated CALL:N:RESULT: the Nth call of CALL from now on answers RESULT; N+:
//   and
//                                  all later ones. A sticky RESULT (700, 719, 999 ...) loses the GPU for the process
//   FRAMEPATH_SIM_LAZY=1           work runs only when somebody synchronises with it: a missing fence shows as wrong
//                                  pixels, every time
//   FRAMEPATH_SIM_STRICT=1         device memory is unreachable outside calls of the driver: host code that touches it
//                                  crashes
//   FRAMEPATH_SIM_LOG=1            calls on stderr
//   FRAMEPATH_SIM_REPORT=FILE      the counters, as JSON, when the process exits; %p in it is the process's number
//
// New memory is filled with 0xCD, freed memory with 0xDB. Copies and fills outside live allocations are illegal
// addresses, as is freeing memory that queued work still refers to; between allocations lie guard pages. Memory can be
// exported to other processes that simulate a GPU (cuIpc*); work of one is not ordered with that of another.
//
// What follows is for tests (by dlsym) and for the other simulated libraries of this folder, which link to this one.
#pragma once

extern "C" {
// Counters: calls, call:NAME, launches, launch:NAME, h2d_bytes, d2h_bytes, d2d_bytes, h2h_bytes, illegal, and what is
// alive: memory_live, memory_bytes, peer_live (mapped from other processes), host_live, stream_live, event_live,
// module_live, context_live.
long long simulatorCounter(const char* name);
void simulatorCount(const char* name, long long by);

// Replaces the rules of FRAMEPATH_SIM_FAIL; empty: none.
void simulatorFail(const char* rules);
// The rule for this call of `name`; 0 = let it be. For calls of the other libraries.
int simulatorRule(const char* name);

// Work in the order of a stream (CUstream), with device memory reachable.
void simulatorRun(void* stream, void (*work)(void*), void* argument);
void simulatorSynchronize(void* stream);
}
