// What every function that Rust calls has in common: tensors travel as the pointers that tch uses, and an exception
// becomes a message, which the caller frees with minibatch_free; null is success.
#pragma once
#include <ATen/ATen.h>

#include <cstring>
#include <exception>

namespace minibatch {

template <typename F> char *guarded(F &&body) {
  try {
    body();
    return nullptr;
  } catch (const c10::Error &e) {
    return strdup(e.what_without_backtrace());
  } catch (const std::exception &e) {
    return strdup(e.what());
  } catch (...) {
    return strdup("an exception of unknown type");
  }
}

} // namespace minibatch
