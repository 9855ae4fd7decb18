// A parameter's update in one pass, in place. Autograd has no part in it.
#include "operations.h"

#include <atomic>

using namespace minibatch;

// `momentum` is null without one. Whether the gradient was finite, penalty included, goes to `finite`.
extern "C" char *minibatch_sgd(bool *finite, Tensor *parameter, const Tensor *gradient, Tensor *momentum, float rate, float l1,
                               float twice_l2, float mu, float rate_ahead, bool nesterov, bool first, int isa) {
  return guarded([&] {
    const auto fits = [&](const Tensor &t) {
      return t.device().is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous() && t.sizes() == parameter->sizes();
    };
    TORCH_CHECK(fits(*parameter) && fits(*gradient) && (!momentum || fits(*momentum)),
                "expected a parameter, its gradient and its momentum of one shape, contiguous, Float, on the CPU");
    const Kernels &k = table(isa);
    const SgdStep step{rate, l1, twice_l2, mu, rate_ahead, nesterov, first};
    float *w = static_cast<float *>(parameter->data_ptr());
    const float *g = gradient->const_data_ptr<float>();
    float *v = momentum ? static_cast<float *>(momentum->data_ptr()) : nullptr;
    std::atomic<bool> all{true};
    at::parallel_for(0, parameter->numel(), at::internal::GRAIN_SIZE, [&](int64_t begin, int64_t end) {
      if (!k.sgd(step, end - begin, w + begin, g + begin, v ? v + begin : nullptr)) all = false;
    });
    *finite = all;
    parameter->unsafeGetTensorImpl()->bump_version();
  });
}
