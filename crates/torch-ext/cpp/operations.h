// What the operations that autograd gets to know have in common.
#pragma once
#include "kernels.h"
#include "shim.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <tuple>
#include <vector>

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

// What the losses of few classes take.
inline void check_classes(int64_t rows, int64_t classes) {
  TORCH_CHECK(rows >= 1 && classes >= 1 && classes <= 16, "expected at least one picture and 1 to 16 classes, found ",
              rows, " and ", classes);
}

// Labels in row-major order, each of them one of the classes.
inline Tensor checked_labels(const Tensor &labels, int64_t rows, int64_t classes) {
  TORCH_CHECK(labels.dim() == 1 && labels.size(0) == rows && labels.scalar_type() == at::kLong &&
                  labels.device().is_cpu(),
              "expected ", rows, " labels of type Int64 on the CPU, found ", labels.sizes(), " of ",
              labels.scalar_type(), " on ", labels.device());
  const Tensor own = labels.contiguous();
  const int64_t *label = own.const_data_ptr<int64_t>();
  for (int64_t r = 0; r < rows; r++)
    TORCH_CHECK_INDEX(label[r] >= 0 && label[r] < classes, "label ", label[r], " of row ", r, " is none of the ", classes,
                      " classes");
  return own;
}

// The mean of the rows' losses, added up in their order whatever the number of threads, and the threads' errors.
inline std::tuple<Tensor, Tensor> totals(const Tensor &losses, const std::vector<int64_t> &errors,
                                         const Tensor &labels) {
  const float *loss = losses.const_data_ptr<float>();
  const int64_t rows = losses.numel();
  double sum = 0;
  for (int64_t r = 0; r < rows; r++) sum += loss[r];
  int64_t count = 0;
  for (int64_t e : errors) count += e;
  Tensor mean = at::empty({}, losses.options()), wrong = at::empty({}, labels.options());
  *mean.mutable_data_ptr<float>() = static_cast<float>(sum / rows);
  *wrong.mutable_data_ptr<int64_t>() = count;
  return {mean, wrong};
}

} // namespace minibatch
