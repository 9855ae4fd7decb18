// The kernels for layers with few outputs as an operation that autograd knows.
#include "operations.h"

#include <tuple>
#include <vector>

namespace minibatch {
namespace {

constexpr int64_t PICTURES_PER_THREAD = 32; // at least: starting a thread costs more than fewer are worth

struct Sizes {
  int64_t rows, features, outputs;
};

Sizes sizes_of(const Tensor &x, const Tensor &weight) {
  TORCH_CHECK(x.dim() == 2 && weight.dim() == 2 && x.size(1) == weight.size(1), "pictures of ", x.sizes(),
              " do not fit weights of ", weight.sizes());
  TORCH_CHECK(x.size(0) >= 1, "expected at least one picture");
  return {x.size(0), x.size(1), weight.size(0)};
}

Tensor linear(const Tensor &pictures, const Tensor &weight, const Tensor &bias, int64_t isa) {
  const Kernels &k = table(isa);
  const Sizes s = sizes_of(pictures, weight);
  TORCH_CHECK(bias.dim() == 1 && bias.size(0) == s.outputs, s.outputs, " outputs, but a bias of ", bias.sizes());
  const Tensor x = rows_of(pictures), w = rows_of(weight), b = rows_of(bias);
  Tensor result = at::empty({s.rows, s.outputs}, x.options());
  const float *in = x.const_data_ptr<float>(), *weights = w.const_data_ptr<float>();
  const float *biases = b.const_data_ptr<float>();
  float *out = result.mutable_data_ptr<float>();
  at::parallel_for(0, s.rows, PICTURES_PER_THREAD, [&](int64_t begin, int64_t end) {
    k.linear(in + begin * s.features, end - begin, s.features, s.outputs, weights, biases, out + begin * s.outputs);
  });
  return result;
}

// Every thread sums over its own pictures; the threads' sums are added up in their order.
Tensor weight_gradient(const Tensor &pictures, const Tensor &weight, const Tensor &gradient, int64_t isa) {
  const Kernels &k = table(isa);
  const Sizes s = sizes_of(pictures, weight);
  const Tensor x = rows_of(pictures), from = rows_of(gradient);
  Tensor sums = at::zeros({at::get_num_threads(), s.outputs, s.features}, x.options());
  const float *in = x.const_data_ptr<float>(), *g = from.const_data_ptr<float>();
  float *all = sums.mutable_data_ptr<float>();
  at::parallel_for(0, s.rows, PICTURES_PER_THREAD, [&](int64_t begin, int64_t end) {
    k.linear_gradient(in + begin * s.features, end - begin, s.features, s.outputs, g + begin * s.outputs,
                      all + at::get_thread_num() * s.outputs * s.features);
  });
  return sums.size(0) == 1 ? sums[0] : sums.sum(0);
}

struct Linear : Function<Linear> {
  static Tensor forward(AutogradContext *ctx, const Tensor &x, const Tensor &weight, const Tensor &bias, int64_t isa) {
    ctx->save_for_backward({x, weight});
    ctx->saved_data["isa"] = isa;
    return linear(x, weight, bias, isa);
  }
  static variable_list backward(AutogradContext *ctx, variable_list gradients) {
    check_first_order();
    const variable_list saved = ctx->get_saved_variables();
    const Tensor &g = gradients[0];
    Tensor dx, dw, db;
    if (ctx->needs_input_grad(0)) dx = g.mm(saved[1]);
    if (ctx->needs_input_grad(1)) dw = weight_gradient(saved[0], saved[1], g, ctx->saved_data["isa"].toInt());
    if (ctx->needs_input_grad(2)) db = g.sum(0);
    return {dx, dw, db, Tensor()};
  }
};

} // namespace
} // namespace minibatch

using namespace minibatch;

extern "C" char *minibatch_linear(Tensor **result, const Tensor *x, const Tensor *weight, const Tensor *bias, int isa) {
  return guarded([&] {
    if (any_needs_gradient({x, weight, bias}))
      *result = new Tensor(Linear::apply(*x, *weight, *bias, static_cast<int64_t>(isa)));
    else
      *result = new Tensor(linear(*x, *weight, *bias, isa));
  });
}
