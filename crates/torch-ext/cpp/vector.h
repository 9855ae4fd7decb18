// Vectors of LANES floats, as the compiler's own type: the same source becomes AVX-512, AVX2 or plain code. Included by
// kernels.cpp alone, inside of which everything is local to one instruction set.
#pragma once
#include <cstdint>
#include <cstring>

#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define INLINE inline __attribute__((always_inline))

namespace minibatch {
namespace {

constexpr int64_t L = LANES;
constexpr bool MANY = REGISTERS >= 32;
typedef float V __attribute__((vector_size(LANES * 4)));
typedef float U __attribute__((vector_size(LANES * 4), aligned(4))); // the same at any float's address
typedef int32_t M __attribute__((vector_size(LANES * 4)));
typedef uint8_t B __attribute__((vector_size(LANES)));

// In place of std::min: a function of the standard library that were not inlined would be compiled for three instruction
// sets under one name, and the linker would keep any of them.
INLINE int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

INLINE V load(const float *p) { return *reinterpret_cast<const V *>(p); }
INLINE void store(float *p, V v) { *reinterpret_cast<V *>(p) = v; }
INLINE V splat(float f) { return V{} + f; }
INLINE V load_any(const float *p) { return *reinterpret_cast<const U *>(p); }
INLINE void store_any(float *p, V v) { *reinterpret_cast<U *>(p) = v; }

// Sum of a vector's values: halves are added until one value is left, always in the same order.
INLINE float sum_of(V v) {
  UNROLL for (int half = LANES / 2; half > 0; half /= 2) {
#ifdef __clang__
    V other;
    UNROLL for (int i = 0; i < LANES; i++) other[i] = v[i ^ half];
    v += other;
#else
    M across;
    UNROLL for (int i = 0; i < LANES; i++) across[i] = i ^ half;
    v += __builtin_shuffle(v, across);
#endif
  }
  return v[0];
}

} // namespace
} // namespace minibatch
