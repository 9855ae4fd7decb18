// Stochastic gradient descent with its penalty in one pass over a parameter: libtorch makes one pass for each term, and
// a large layer's passes go through memory.
#pragma once
#include "kernels.h"
#include "vector.h"

namespace minibatch {
namespace {

// One value or vector T of them; gives the parameter's new values. `v` is the momentum's, which is renewed. The terms are
// added one after the other, as libtorch's operations for each of them would.
template <typename T> INLINE T sgd_step(const SgdStep &s, T w, T g, T *v, T sign) {
  g += s.l1 * sign;
  g += s.twice_l2 * w;
  if (!v) return w - s.rate * g;
  if (s.first)
    *v = g;
  else if (s.dampened)
    *v = s.momentum * *v + s.share * g;
  else
    *v = s.momentum * *v + g;
  if (!s.nesterov) return w - s.rate * *v;
  w -= s.rate * g;
  return w - s.rate_ahead * *v;
}

INLINE V sign_of(V w) {
  const V one = splat(1), zero{};
  return (w > zero ? one : zero) - (w < zero ? one : zero);
}

void sgd(const SgdStep &s, int64_t count, float *w, const float *g, float *v) {
  int64_t i = 0;
  for (; i + L <= count; i += L) {
    const V values = load_any(w + i);
    V velocity = v ? load_any(v + i) : V{};
    store_any(w + i, sgd_step(s, values, load_any(g + i), v ? &velocity : nullptr, sign_of(values)));
    if (v) store_any(v + i, velocity);
  }
  for (; i < count; i++) {
    const float sign = static_cast<float>((w[i] > 0) - (w[i] < 0));
    w[i] = sgd_step(s, w[i], g[i], v ? v + i : nullptr, sign);
  }
}

} // namespace
} // namespace minibatch
