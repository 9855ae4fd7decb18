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

// One vector of two: value i is that of `a` where bit `bit` of i is 0 and that of `b` where it is 1; where `across`, the
// value that lies at i with this bit turned over.
template <int bit, bool across> INLINE V pick(V a, V b) {
#ifdef __clang__
  V picked;
  UNROLL for (int i = 0; i < LANES; i++) picked[i] = (i & bit ? b : a)[across ? i ^ bit : i];
  return picked;
#else
  M from;
  UNROLL for (int i = 0; i < LANES; i++) from[i] = (across ? i ^ bit : i) + (i & bit ? LANES : 0);
  return __builtin_shuffle(a, b, from);
#endif
}

// Sum of a vector's values: neighbours are added, then pairs, and so on, always in this order.
INLINE float sum_of(V v) {
  v += pick<1, true>(v, v);
  v += pick<2, true>(v, v);
  if constexpr (LANES >= 8) v += pick<4, true>(v, v);
  if constexpr (LANES >= 16) v += pick<8, true>(v, v);
  return v[0];
}

// The sums of 2 * bit vectors that follow one another, side by side and again from there on; each is added up as by
// `sum_of`, and LANES of them take a quarter of the instructions.
template <int bit> INLINE V sums_of(const float *vectors) {
  if constexpr (bit == 0) {
    return load(vectors);
  } else {
    const V a = sums_of<bit / 2>(vectors), b = sums_of<bit / 2>(vectors + bit * L);
    return pick<bit, false>(a, b) + pick<bit, true>(a, b);
  }
}

} // namespace
} // namespace minibatch
