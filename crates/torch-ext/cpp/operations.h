// What the operations that autograd gets to know have in common.
#pragma once
#include "kernels.h"
#include "shim.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace minibatch {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

inline const Kernels &table(int64_t isa) {
  const Kernels *found = isa == 2 ? avx512_kernels() : isa == 1 ? avx2_kernels() : plain_kernels();
  TORCH_CHECK(found, "this build holds no kernels for that instruction set");
  return *found;
}

// f32 values in row-major order.
inline Tensor rows_of(const Tensor &t) {
  TORCH_CHECK(t.device().is_cpu() && t.scalar_type() == at::kFloat, "expected Float on the CPU, found ",
              t.scalar_type(), " on ", t.device());
  return t.contiguous();
}

// The same at an address that vectors can be read from.
inline Tensor readable(const Tensor &t) {
  const Tensor rows = rows_of(t);
  return reinterpret_cast<uintptr_t>(rows.const_data_ptr()) % 64 ? rows.clone() : rows;
}

// Gradients of gradients are not there; a graph that asks for them must not get something else.
inline void check_first_order() {
  TORCH_CHECK(!at::GradMode::is_enabled(), "a hand-written kernel cannot be differentiated twice");
}

inline bool any_needs_gradient(std::initializer_list<const Tensor *> tensors) {
  const auto needs = [](const Tensor *t) { return t->requires_grad(); };
  return at::GradMode::is_enabled() && std::any_of(tensors.begin(), tensors.end(), needs);
}

} // namespace minibatch
