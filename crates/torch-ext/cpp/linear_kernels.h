// A fully connected layer with few outputs, such as a classifier's last: libtorch's matrix product spends most of its
// time on copying when one side has ten columns. Here vectors run along the features.
#pragma once
#include "kernels.h"
#include "vector.h"

namespace minibatch {
namespace {

constexpr int64_t PICTURES = 32; // that stay in cache while all their features are gone through

// O outputs of R pictures.
template <int R, int O>
INLINE void linear_tile(const float *x, int64_t features, const float *weight, const float *bias, float *outputs,
                        int64_t stride) {
  V sums[R][O] = {};
  int64_t f = 0;
  for (; f + L <= features; f += L) {
    V in[R];
    UNROLL for (int r = 0; r < R; r++) {
      in[r] = load_any(x + r * features + f);
      __builtin_prefetch(x + (r + R) * features + f);
    }
    UNROLL for (int o = 0; o < O; o++) {
      const V w = load_any(weight + o * features + f);
      UNROLL for (int r = 0; r < R; r++) sums[r][o] += in[r] * w;
    }
  }
  UNROLL for (int r = 0; r < R; r++)
    UNROLL for (int o = 0; o < O; o++) {
      float sum = bias[o] + sum_of(sums[r][o]);
      for (int64_t left = f; left < features; left++) sum += x[r * features + left] * weight[o * features + left];
      outputs[r * stride + o] = sum;
    }
}

template <int R>
void linear_rows(const float *x, int64_t features, int64_t count, const float *weight, const float *bias,
                 float *outputs) {
  constexpr int O = MANY ? 5 : 2;
  int64_t o = 0;
  for (; o + O <= count; o += O)
    linear_tile<R, O>(x, features, weight + o * features, bias + o, outputs + o, count);
  for (; o < count; o++) linear_tile<R, 1>(x, features, weight + o * features, bias + o, outputs + o, count);
}

void linear(const float *x, int64_t rows, int64_t features, int64_t count, const float *weight, const float *bias,
            float *outputs) {
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4)
    linear_rows<4>(x + row * features, features, count, weight, bias, outputs + row * count);
  for (; row < rows; row++)
    linear_rows<1>(x + row * features, features, count, weight, bias, outputs + row * count);
}

// F vectors of features of O outputs' gradients, over `rows` pictures.
template <int O, int F>
INLINE void gradient_tile(const float *x, int64_t rows, int64_t features, const float *gradient, int64_t count,
                          float *sums) {
  V tile[O][F];
  UNROLL for (int o = 0; o < O; o++)
    UNROLL for (int f = 0; f < F; f++) tile[o][f] = load_any(sums + o * features + f * L);
  for (int64_t row = 0; row < rows; row++) {
    V in[F];
    UNROLL for (int f = 0; f < F; f++) {
      in[f] = load_any(x + row * features + f * L);
      __builtin_prefetch(x + (row + PICTURES) * features + f * L); // the next that will be gone through
    }
    UNROLL for (int o = 0; o < O; o++) {
      const V g = splat(gradient[row * count + o]);
      UNROLL for (int f = 0; f < F; f++) tile[o][f] += g * in[f];
    }
  }
  UNROLL for (int o = 0; o < O; o++)
    UNROLL for (int f = 0; f < F; f++) store_any(sums + o * features + f * L, tile[o][f]);
}

template <int O>
void gradient_of(const float *x, int64_t rows, int64_t features, const float *gradient, int64_t count, float *sums) {
  constexpr int F = 2;
  int64_t f = 0;
  for (; f + F * L <= features; f += F * L) gradient_tile<O, F>(x + f, rows, features, gradient, count, sums + f);
  for (; f + L <= features; f += L) gradient_tile<O, 1>(x + f, rows, features, gradient, count, sums + f);
  for (; f < features; f++)
    for (int64_t row = 0; row < rows; row++)
      for (int o = 0; o < O; o++) sums[o * features + f] += gradient[row * count + o] * x[row * features + f];
}

void linear_gradient(const float *x, int64_t rows, int64_t features, int64_t count, const float *gradient,
                     float *sums) {
  constexpr int O = MANY ? 10 : 5;
  for (int64_t first = 0; first < rows; first += PICTURES) {
    const int64_t part = lesser(PICTURES, rows - first);
    const float *pictures = x + first * features, *g = gradient + first * count;
    int64_t o = 0;
    for (; o + O <= count; o += O) gradient_of<O>(pictures, part, features, g + o, count, sums + o * features);
    for (; o < count; o++) gradient_of<1>(pictures, part, features, g + o, count, sums + o * features);
  }
}

} // namespace
} // namespace minibatch
