// A classifier's last layer with its loss as one operation that autograd knows: its gradients are computed on the way
// forward, while the features are in cache, and handed out on the way back.
#include "operations.h"

#include <vector>

namespace minibatch {
namespace {

constexpr int64_t ROWS_PER_THREAD = 64; // at least: starting a thread costs more than fewer are worth

struct Measured {
  Tensor loss, errors;
  Tensor dx, dw, db; // of the loss; undefined where they are not wanted
};

Measured measure(const Tensor &features, const Tensor &weight, const Tensor &bias, const Tensor &labels, int64_t isa,
                 bool with_gradients, bool with_input_gradient) {
  const Kernels &k = table(isa);
  TORCH_CHECK(features.dim() == 2 && weight.dim() == 2 && features.size(1) == weight.size(1), "features of ",
              features.sizes(), " do not fit weights of ", weight.sizes());
  const int64_t rows = features.size(0), width = features.size(1), classes = weight.size(0);
  check_classes(rows, classes);
  TORCH_CHECK(bias.dim() == 1 && bias.size(0) == classes, classes, " outputs, but a bias of ", bias.sizes());
  const Tensor x = rows_of(features), w = rows_of(weight), b = rows_of(bias), own = checked_labels(labels, rows, classes);
  // Each thread's sums begin at a multiple of 64 bytes, where vectors are read fastest.
  const int64_t threads = at::get_num_threads(), sums = (classes * (width + 1) + 15) / 16 * 16;

  Measured m;
  Tensor losses = at::empty({rows}, x.options()), partial;
  if (with_gradients) partial = at::zeros({threads, sums}, x.options());
  if (with_input_gradient) m.dx = at::empty(x.sizes(), x.options());
  const float *in = x.const_data_ptr<float>();
  const int64_t *label = own.const_data_ptr<int64_t>();
  float *loss = losses.mutable_data_ptr<float>();
  float *all = with_gradients ? partial.mutable_data_ptr<float>() : nullptr;
  float *dx = with_input_gradient ? m.dx.mutable_data_ptr<float>() : nullptr;
  std::vector<int64_t> errors(threads, 0);
  at::parallel_for(0, rows, ROWS_PER_THREAD, [&](int64_t begin, int64_t end) {
    const int thread = at::get_thread_num();
    float *dw = all ? all + thread * sums : nullptr;
    const Head head{width, classes, w.const_data_ptr<float>(), b.const_data_ptr<float>(), 1.0f / rows, dw,
                    dw ? dw + classes * width : nullptr};
    errors[thread] += k.head(head, in + begin * width, end - begin, label + begin, loss + begin,
                             dx ? dx + begin * width : nullptr);
  });
  std::tie(m.loss, m.errors) = totals(losses, errors, own);
  if (with_gradients) {
    // The threads' sums are added up in their order.
    for (int64_t thread = 1; thread < threads; thread++)
      for (int64_t i = 0; i < sums; i++) all[i] += all[thread * sums + i];
    m.dw = partial[0].narrow(0, 0, classes * width).view({classes, width});
    m.db = partial[0].narrow(0, classes * width, classes);
  }
  return m;
}

struct LinearCrossEntropy : Function<LinearCrossEntropy> {
  static variable_list forward(AutogradContext *ctx, const Tensor &x, const Tensor &weight, const Tensor &bias,
                               const Tensor &labels, int64_t isa) {
    const Measured m = measure(x, weight, bias, labels, isa, true, x.requires_grad());
    ctx->save_for_backward({m.dx, m.dw, m.db});
    ctx->mark_non_differentiable({m.errors});
    return {m.loss, m.errors};
  }
  static variable_list backward(AutogradContext *ctx, variable_list gradients) {
    check_first_order();
    const float scale = *rows_of(gradients[0]).const_data_ptr<float>();
    variable_list results = ctx->get_saved_variables();
    for (Tensor &it : results)
      if (it.defined() && scale != 1) it = at::mul(it, scale);
    results.resize(5); // labels and instruction set have none
    return results;
  }
};

} // namespace
} // namespace minibatch

using namespace minibatch;

extern "C" char *minibatch_linear_cross_entropy(Tensor **loss, Tensor **errors, const Tensor *x, const Tensor *weight,
                                                const Tensor *bias, const Tensor *labels, int isa) {
  return guarded([&] {
    if (any_needs_gradient({x, weight, bias})) {
      const variable_list results = LinearCrossEntropy::apply(*x, *weight, *bias, *labels, static_cast<int64_t>(isa));
      *loss = new Tensor(results[0]), *errors = new Tensor(results[1]);
    } else {
      const Measured m = measure(*x, *weight, *bias, *labels, isa, false, false);
      *loss = new Tensor(m.loss), *errors = new Tensor(m.errors);
    }
  });
}
