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

// The greatest value of a row, NaN where there is one, and which of the classes has it. As libtorch: the first of equals,
// and NaN above all.
INLINE int64_t winner_of(const float *row, int64_t classes) {
  int64_t winner = 0;
  for (int64_t c = 1; c < classes; c++)
    if (row[c] > row[winner] || (row[c] != row[c] && row[winner] == row[winner])) winner = c;
  return winner;
}

INLINE V greater(V a, V b) { return a > b ? a : b; }

// The greatest of a vector's values in each place of it, if there is no NaN.
INLINE V greatest_of(V v) {
  v = greater(v, pick<1, true>(v, v));
  v = greater(v, pick<2, true>(v, v));
  if constexpr (LANES >= 8) v = greater(v, pick<4, true>(v, v));
  if constexpr (LANES >= 16) v = greater(v, pick<8, true>(v, v));
  return v;
}

int64_t softmax(const float *logits, int64_t rows, int64_t classes, const int64_t *labels, float *losses,
                float *probabilities) {
  M inside[PARTS]; // which values of a padded row are a class's
  UNROLL for (int p = 0; p < PARTS; p++)
    UNROLL for (int i = 0; i < L; i++) inside[p][i] = p * L + i < classes ? -1 : 0;
  const int64_t end = rows * classes;
  int64_t errors = 0;
  for (int64_t r = 0; r < rows; r++) {
    const float *row = logits + r * classes;
    float *into = probabilities ? probabilities + r * classes : nullptr;
    const bool whole = r * classes + ROW <= end; // what comes behind the row may be read, and is written after it
    alignas(64) float last[ROW] = {};
    if (!whole) std::memcpy(last, row, classes * sizeof(float));
    V values[PARTS], best, sums{};
    UNROLL for (int p = 0; p < PARTS; p++) {
      const V v = load_any((whole ? row : last) + p * L);
      values[p] = inside[p] ? v : splat(-__builtin_inff());
      best = p == 0 ? values[p] : greater(best, values[p]);
    }
    best = greatest_of(best);
    UNROLL for (int p = 0; p < PARTS; p++) sums += values[p] = exponential(values[p] - best);
    const float sum = sum_of(sums), own = row[labels[r]];
    losses[r] = __builtin_logf(sum) - (own - best[0]);
    if (sum == sum) // another of the greatest value may come first
      errors += own != best[0] || winner_of(row, labels[r] + 1) != labels[r];
    else
      errors += winner_of(row, classes) != labels[r];
    if (!into) continue;
    UNROLL for (int p = 0; p < PARTS; p++) store_any((whole ? into : last) + p * L, values[p] / sum);
    if (!whole) std::memcpy(into, last, classes * sizeof(float));
  }
  return errors;
}

} // namespace
} // namespace minibatch
