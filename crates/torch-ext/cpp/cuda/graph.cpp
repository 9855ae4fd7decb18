// CUDA graphs for Rust: a library of its own, because what it calls lies in libtorch_cuda.so, which may not be there.
// Whoever captures goes: make, enter, work, leave (a rehearsal); enter, begin, work, end or abandon, leave; replay.
#include "../shim.h"

#include <ATen/core/grad_mode.h>
#include <ATen/cuda/CUDAGeneratorImpl.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/StreamGuard.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

#include <cstdlib>
#include <optional>

namespace {

struct Graph {
  explicit Graph(c10::DeviceIndex index)
      : device(index), side(c10::cuda::getStreamFromPool(false, index)), pool(at::cuda::graph_pool_handle()) {}

  const c10::DeviceIndex device;
  // The default stream cannot be captured.
  const c10::cuda::CUDAStream side;
  // Memory that the captured operations work in, kept for as long as the graph is there.
  const c10::MempoolId_t pool;
  // There between `enter` and `leave`.
  std::optional<c10::StreamGuard> aside;
  bool gradients_were_on = true;
  at::cuda::CUDAGraph graph;
};

template <typename F> bool succeeds(F &&body) {
  char *message = minibatch::guarded(body);
  free(message);
  return message == nullptr;
}

} // namespace

extern "C" {

char *minibatch_graph_make(int device, Graph **result) {
  return minibatch::guarded([&] {
    const c10::DeviceGuard on(c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(device)));
    *result = new Graph(static_cast<c10::DeviceIndex>(device));
  });
}

void minibatch_graph_drop(Graph *graph) { delete graph; }

// From here to `leave`, the calling thread's work goes to the side stream, after all that was asked for before.
char *minibatch_graph_enter(Graph *graph) {
  return minibatch::guarded([&] {
    graph->aside.emplace(graph->side.unwrap());
    c10::cuda::device_synchronize();
  });
}

// Waits for that work, so that what comes next on the stream of before may use its results.
char *minibatch_graph_leave(Graph *graph) {
  return minibatch::guarded([&] {
    if (!graph->aside) return;
    const bool done = succeeds([&] { c10::cuda::device_synchronize(); });
    graph->aside.reset();
    TORCH_CHECK(done, "the device failed");
  });
}

char *minibatch_graph_begin(Graph *graph) {
  return minibatch::guarded([&] {
    graph->gradients_were_on = at::GradMode::is_enabled();
    // What the rehearsal worked in would otherwise lie idle beside the graph's own memory.
    c10::cuda::CUDACachingAllocator::emptyCache();
    // Replays then draw from the generator's seed and place as they are at each replay.
    graph->graph.register_generator_state(at::cuda::detail::getDefaultCUDAGenerator(graph->device));
    // Other threads of the program may go on using the device.
    graph->graph.capture_begin(graph->pool, cudaStreamCaptureModeThreadLocal);
  });
}

char *minibatch_graph_end(Graph *graph) {
  return minibatch::guarded([&] { graph->graph.capture_end(); });
}

// Ends a capture that failed, or whose work did, and puts back what libtorch had set up for it.
void minibatch_graph_abandon(Graph *graph) {
  at::GradMode::set_enabled(graph->gradients_were_on);
  if (succeeds([&] { graph->graph.capture_end(); })) return;
  if (succeeds([&] { c10::cuda::CUDACachingAllocator::endAllocateToPool(graph->device, graph->pool); })) {
    succeeds([&] { c10::cuda::CUDACachingAllocator::releasePool(graph->device, graph->pool); });
  }
  // The generator still believes that it is being captured: its state is replaced by a new one of the same seed.
  succeeds([&] {
    at::Generator generator = at::cuda::detail::getDefaultCUDAGenerator(graph->device);
    at::Generator fresh = at::cuda::detail::createCUDAGenerator(graph->device);
    fresh.set_current_seed(generator.current_seed());
    generator.graphsafe_set_state(fresh);
  });
}

// Asks for the captured work on the current stream; does not wait for it.
char *minibatch_graph_replay(Graph *graph) {
  return minibatch::guarded([&] { graph->graph.replay(); });
}

} // extern "C"
