// A classifier's last layer together with its loss: logits, softmax and every gradient of a few pictures while their
// features are still in cache, so that these are read from memory once.
#pragma once
#include "linear_kernels.h"
#include "softmax_kernels.h"

namespace minibatch {
namespace {

// The gradient of R pictures' features.
template <int R> void features_gradient(const Head &h, const float *gradient, float *into) {
  int64_t f = 0;
  for (; f + L <= h.features; f += L) {
    V sums[R] = {};
    for (int64_t o = 0; o < h.classes; o++) {
      const V w = load_any(h.weight + o * h.features + f);
      UNROLL for (int r = 0; r < R; r++) sums[r] += splat(gradient[r * h.classes + o]) * w;
    }
    UNROLL for (int r = 0; r < R; r++) store_any(into + r * h.features + f, sums[r]);
  }
  for (; f < h.features; f++)
    for (int r = 0; r < R; r++) {
      float sum = 0;
      for (int64_t o = 0; o < h.classes; o++) sum += gradient[r * h.classes + o] * h.weight[o * h.features + f];
      into[r * h.features + f] = sum;
    }
}

// See kernels.h.
int64_t head(const Head &h, const float *x, int64_t rows, const int64_t *labels, float *losses, float *input_gradient) {
  float logits[PICTURES * ROW], gradient[PICTURES * ROW];
  int64_t errors = 0;
  for (int64_t first = 0; first < rows; first += PICTURES) {
    const int64_t part = lesser(PICTURES, rows - first);
    const float *pictures = x + first * h.features;
    linear(pictures, part, h.features, h.classes, h.weight, h.bias, logits);
    errors += softmax(logits, part, h.classes, labels + first, losses + first, gradient);
    if (!h.weight_sums) continue;
    for (int64_t r = 0; r < part; r++) {
      gradient[r * h.classes + labels[first + r]] -= 1; // the loss's gradient is softmax less the label's one
      for (int64_t o = 0; o < h.classes; o++) {
        gradient[r * h.classes + o] *= h.scale;
        h.bias_sums[o] += gradient[r * h.classes + o];
      }
    }
    linear_gradient(pictures, part, h.features, h.classes, gradient, h.weight_sums);
    if (!input_gradient) continue;
    int64_t r = 0;
    for (; r + 4 <= part; r += 4)
      features_gradient<4>(h, gradient + r * h.classes, input_gradient + (first + r) * h.features);
    for (; r < part; r++)
      features_gradient<1>(h, gradient + r * h.classes, input_gradient + (first + r) * h.features);
  }
  return errors;
}

} // namespace
} // namespace minibatch
