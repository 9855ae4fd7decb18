// Switches of libtorch that tch leaves out, and a way to count how often a program reads a tensor's value.
#include "shim.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/record_function.h>

#include <atomic>
#include <string_view>

using at::Tensor;

namespace {

std::atomic<uint64_t> reads{0};

// Operations whose result is a value of a tensor, or depends on one: the host waits for the device there.
std::unique_ptr<at::ObserverContext> count(const at::RecordFunction &call) {
  const std::string_view name = call.name();
  if (name == "aten::_local_scalar_dense" || name == "aten::nonzero" || name == "aten::equal") reads++;
  return nullptr;
}

} // namespace

extern "C" {

// Whether autocast was on, and with which dtype, goes to `was_on` and `was`.
char *minibatch_autocast_enter(bool cuda, bool half, bool *was_on, int *was) {
  return minibatch::guarded([&] {
    const auto device = cuda ? at::kCUDA : at::kCPU;
    *was_on = at::autocast::is_autocast_enabled(device);
    *was = static_cast<int>(at::autocast::get_autocast_dtype(device));
    at::autocast::increment_nesting();
    at::autocast::set_autocast_dtype(device, half ? at::kHalf : at::kBFloat16);
    at::autocast::set_autocast_enabled(device, true);
  });
}

// Weights that were cast are kept until the outermost region ends; after that they would be stale.
void minibatch_autocast_leave(bool cuda, bool was_on, int was) {
  const auto device = cuda ? at::kCUDA : at::kCPU;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device, was_on);
  at::autocast::set_autocast_dtype(device, static_cast<at::ScalarType>(was));
}

char *minibatch_allow_tf32(bool allow) {
  return minibatch::guarded([&] {
    at::globalContext().setAllowTF32CuBLAS(allow);
    at::globalContext().setAllowTF32CuDNN(allow);
  });
}

char *minibatch_deterministic_convolutions(bool wanted) {
  return minibatch::guarded([&] {
    at::globalContext().setDeterministicCuDNN(wanted);
    at::globalContext().setBenchmarkCuDNN(!wanted);
  });
}

char *minibatch_count_start(uint64_t *handle) {
  return minibatch::guarded([&] {
    reads = 0;
    *handle = at::addGlobalCallback(
        at::RecordFunctionCallback(count).scopes({at::RecordScope::FUNCTION}));
  });
}

uint64_t minibatch_count_stop(uint64_t handle) {
  at::removeCallback(handle);
  return reads;
}

} // extern "C"
