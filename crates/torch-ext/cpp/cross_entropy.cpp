// Cross-entropy with the number of errors, as one operation that autograd knows.
#include "operations.h"

#include <vector>

namespace minibatch {
namespace {

constexpr int64_t ROWS_PER_THREAD = 256; // at least: starting a thread costs more than fewer are worth

struct Measured {
  Tensor loss, errors, probabilities;
};

Measured cross_entropy(const Tensor &logits, const Tensor &labels, int64_t isa, bool remember) {
  const Kernels &k = table(isa);
  TORCH_CHECK(logits.dim() == 2, "expected a row of logits for each picture, found ", logits.sizes());
  const int64_t rows = logits.size(0), classes = logits.size(1);
  check_classes(rows, classes);
  const Tensor from = rows_of(logits), classes_of = checked_labels(labels, rows, classes);
  const int64_t *label = classes_of.const_data_ptr<int64_t>();
  Tensor losses = at::empty({rows}, from.options());
  Tensor probabilities = remember ? at::empty(from.sizes(), from.options()) : Tensor();
  const float *in = from.const_data_ptr<float>();
  float *loss = losses.mutable_data_ptr<float>();
  float *p = remember ? probabilities.mutable_data_ptr<float>() : nullptr;
  std::vector<int64_t> errors(at::get_num_threads(), 0);
  at::parallel_for(0, rows, ROWS_PER_THREAD, [&](int64_t begin, int64_t end) {
    errors[at::get_thread_num()] += k.softmax(in + begin * classes, end - begin, classes, label + begin, loss + begin,
                                              p ? p + begin * classes : nullptr);
  });
  const auto [mean, count] = totals(losses, errors, classes_of);
  return {mean, count, probabilities};
}

struct CrossEntropy : Function<CrossEntropy> {
  static variable_list forward(AutogradContext *ctx, const Tensor &logits, const Tensor &labels, int64_t isa) {
    Measured m = cross_entropy(logits, labels, isa, true);
    ctx->save_for_backward({m.probabilities, labels});
    ctx->mark_non_differentiable({m.errors});
    return {m.loss, m.errors};
  }
  // (probability - 1 for the label's class) / rows.
  static variable_list backward(AutogradContext *ctx, variable_list gradients) {
    check_first_order();
    const variable_list saved = ctx->get_saved_variables();
    const Tensor p = saved[0], labels = saved[1].contiguous();
    const int64_t rows = p.size(0), classes = p.size(1);
    const float scale = *rows_of(gradients[0]).const_data_ptr<float>() / rows;
    Tensor result = at::mul(p, scale);
    float *out = result.mutable_data_ptr<float>();
    const int64_t *label = labels.const_data_ptr<int64_t>();
    for (int64_t r = 0; r < rows; r++) out[r * classes + label[r]] -= scale;
    return {result, Tensor(), Tensor()};
  }
};

} // namespace
} // namespace minibatch

using namespace minibatch;

extern "C" char *minibatch_cross_entropy(Tensor **loss, Tensor **errors, const Tensor *logits, const Tensor *labels,
                                         int isa) {
  return guarded([&] {
    if (any_needs_gradient({logits})) {
      const variable_list results = CrossEntropy::apply(*logits, *labels, static_cast<int64_t>(isa));
      *loss = new Tensor(results[0]), *errors = new Tensor(results[1]);
    } else {
      const Measured m = cross_entropy(*logits, *labels, isa, false);
      *loss = new Tensor(m.loss), *errors = new Tensor(m.errors);
    }
  });
}
