// Softmax and negative log-likelihood of rows with few classes. libtorch's kernels walk such short rows value by value.
#pragma once
#include "kernels.h"
#include "vector.h"

namespace minibatch {
namespace {

constexpr int ROW = 16;          // values that a row is padded to, with minus infinity
constexpr int PARTS = ROW / L;   // vectors of it
constexpr float FAR = -87.0f;    // below it the exponential is no longer a normal number: zero

// exp(x) for x <= 0, to two units in the last place: 2^n * e^r with |r| <= ln(2) / 2, and Taylor's series for e^r. NaN
// stays NaN.
INLINE V exponential(V x) {
  const V far = splat(FAR), magic = splat(12582912.0f); // adding 1.5 * 2^23 rounds to a whole number
  const V near = x < far ? far : x;
  const V n = (near * 1.44269504f + magic) - magic;
  const V r = (near - n * 0.693359375f) + n * 2.12194440e-4f; // ln(2) in two parts
  V e = splat(1.0f / 5040.0f);
  const float inverse_factorials[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f};
  UNROLL for (int i = 0; i < 7; i++) e = e * r + inverse_factorials[i];
  const M power = (__builtin_convertvector(n, M) + 127) << 23;
  V scale;
  std::memcpy(&scale, &power, sizeof scale);
  return x < far ? V{} : e * scale;
}

// One row: its greatest value, which it was, the exponentials less that value, and their sum.
struct Softmax {
  V values[PARTS];
  float greatest, sum;
  int64_t winner;
};

INLINE Softmax softmax_row(const float *logits, int64_t classes) {
  alignas(64) float row[ROW];
  UNROLL for (int i = 0; i < ROW; i++) row[i] = -__builtin_inff();
  std::memcpy(row, logits, classes * sizeof(float));
  Softmax s{};
  s.greatest = row[0];
  for (int64_t c = 1; c < classes; c++)
    // As libtorch: the first of equals, and NaN above all.
    if (row[c] > s.greatest || (row[c] != row[c] && s.greatest == s.greatest)) s.greatest = row[c], s.winner = c;
  V sum{};
  UNROLL for (int p = 0; p < PARTS; p++) sum += s.values[p] = exponential(load(row + p * L) - s.greatest);
  s.sum = sum_of(sum);
  return s;
}

int64_t softmax(const float *logits, int64_t rows, int64_t classes, const int64_t *labels, float *losses,
                float *probabilities) {
  int64_t errors = 0;
  for (int64_t r = 0; r < rows; r++) {
    const float *row = logits + r * classes;
    const Softmax s = softmax_row(row, classes);
    losses[r] = __builtin_logf(s.sum) - (row[labels[r]] - s.greatest);
    errors += s.winner != labels[r];
    if (probabilities) {
      alignas(64) float values[ROW];
      UNROLL for (int p = 0; p < PARTS; p++) store(values + p * L, s.values[p] / s.sum);
      std::memcpy(probabilities + r * classes, values, classes * sizeof(float));
    }
  }
  return errors;
}

} // namespace
} // namespace minibatch
