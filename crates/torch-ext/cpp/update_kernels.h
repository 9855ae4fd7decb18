// Stochastic gradient descent with its penalty in one pass over a parameter: libtorch makes one pass for each term, and
// a large layer's passes go through memory.
#pragma once
#include "kernels.h"
#include "vector.h"

namespace minibatch {
namespace {

// What becomes of the momentum. Known when a loop is compiled, so that each expression is rounded as it stands here.
enum Momentum { NONE, FIRST, KEPT };

// One value or vector T of them: moves w, and turns g into d. The terms are added one after the other, as libtorch's
// operations for each of them would.
template <Momentum momentum, bool nesterov, typename T>
INLINE void sgd_step(const SgdStep &s, T &w, T &g, T &v, T sign) {
  g += s.l1 * sign;
  g += s.twice_l2 * w;
  if (momentum == FIRST) v = g;
  if (momentum == KEPT) v = s.momentum * v + g;
  if (momentum == NONE || nesterov) w -= s.rate * g;
  if (momentum != NONE) w -= (nesterov ? s.rate_ahead : s.rate) * v;
}

INLINE V sign_of(V w) {
  const V one = splat(1), zero{};
  return (w > zero ? one : zero) - (w < zero ? one : zero);
}

template <Momentum momentum, bool nesterov>
bool descend(const SgdStep &s, int64_t count, float *w, const float *g, float *v) {
  V odd{}; // stays zero while all gradients are finite
  int64_t i = 0;
  for (; i + L <= count; i += L) {
    V values = load_any(w + i), slope = load_any(g + i), velocity{};
    if (momentum != NONE) velocity = load_any(v + i);
    sgd_step<momentum, nesterov>(s, values, slope, velocity, sign_of(values));
    store_any(w + i, values);
    if (momentum != NONE) store_any(v + i, velocity);
    odd += slope - slope;
  }
  float sum = sum_of(odd);
  for (; i < count; i++) {
    float slope = g[i], none = 0;
    sgd_step<momentum, nesterov>(s, w[i], slope, momentum != NONE ? v[i] : none, sign_of(splat(w[i]))[0]);
    sum += slope - slope;
  }
  return sum == 0;
}

bool sgd(const SgdStep &s, int64_t count, float *w, const float *g, float *v) {
  const auto loop = !v           ? descend<NONE, false>
                    : s.first    ? (s.nesterov ? descend<FIRST, true> : descend<FIRST, false>)
                    : s.nesterov ? descend<KEPT, true>
                                 : descend<KEPT, false>;
  return loop(s, count, w, g, v);
}

} // namespace
} // namespace minibatch
