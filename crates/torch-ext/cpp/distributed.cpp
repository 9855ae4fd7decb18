// Processes that compute together, on libtorch's own c10d: a store over TCP where they find one another, and gloo between them.
#include "shim.h"

#include <ATen/ATen.h>
#include <c10/util/Logging.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/version.h>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <string>

// The class is declared with stand-ins for gloo's own (gloo_decl/), so its size is checked for the version that was looked at.
#if TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR == 11
static_assert(sizeof(c10d::ProcessGroupGloo) == 488, "gloo_decl does not fit this libtorch");
#endif

namespace {

using at::Tensor;

struct Group : torch::CustomClassHolder {
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo; // none until everybody has come
  std::string host;
  int port, rank, ranks;

  // The sum over all ranks, in the place of `tensor`: contiguous, on the CPU.
  void sum(const Tensor &tensor) const {
    std::vector<Tensor> one{tensor};
    gloo->allreduce(one)->wait();
  }
};

// The local address that packets to `host` leave from; a connected UDP socket sends nothing.
std::string address_towards(const std::string &host, int port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_DGRAM;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  TORCH_CHECK(error == 0, host, ": ", gai_strerror(error));
  std::string result;
  for (const auto *it = found; it && result.empty(); it = it->ai_next) {
    const int fd = socket(it->ai_family, SOCK_DGRAM, 0);
    if (fd < 0) continue;
    sockaddr_storage here{};
    socklen_t size = sizeof here;
    char text[NI_MAXHOST];
    if (connect(fd, it->ai_addr, it->ai_addrlen) == 0 && getsockname(fd, reinterpret_cast<sockaddr *>(&here), &size) == 0 &&
        getnameinfo(reinterpret_cast<sockaddr *>(&here), size, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
      result = text;
    close(fd);
  }
  freeaddrinfo(found);
  TORCH_CHECK(!result.empty(), "no way leads to ", host);
  return result;
}

// c10d tells on the standard error output what it then throws as well.
void quiet() {
  static std::once_flag once;
  std::call_once(once, [] {
    setenv("TORCH_CPP_LOG_LEVEL", "FATAL", 0);
    c10::initLogging();
  });
}

// [c] so that it meets the channels of x, [n, c, ...].
Tensor by_channel(const Tensor &t, const Tensor &x) {
  std::vector<int64_t> shape(x.dim(), 1);
  shape[1] = -1;
  return t.view(shape);
}

// Mean and variance of each channel over the pictures of all ranks, f32 [c], and the number of values. Each rank's own are put
// together by the formula of Chan, Golub and LeVeque (1979), in the order of the ranks, so that all ranks get the same bits.
std::tuple<Tensor, Tensor, double> statistics(const Group &group, const Tensor &x) {
  std::vector<int64_t> others;
  for (int64_t d = 0; d < x.dim(); d++)
    if (d != 1) others.push_back(d);
  const int64_t channels = x.size(1), own = x.numel() / channels;
  auto [variance, mean] = at::var_mean(x.to(at::kFloat), at::IntArrayRef(others), /*correction=*/at::Scalar(0));
  // Every rank's row beside zeros: their sum holds them all.
  Tensor rows = at::zeros({group.ranks, 2 * channels + 1}, at::kDouble);
  Tensor row = rows.select(0, group.rank);
  row.narrow(0, 0, channels).copy_(mean);
  row.narrow(0, channels, channels).copy_(variance);
  row.narrow(0, 2 * channels, 1).fill_(own);
  group.sum(rows);
  const Tensor counts = rows.narrow(1, 2 * channels, 1); // [ranks, 1]
  const double count = counts.sum().item<double>();
  const Tensor means = rows.narrow(1, 0, channels), variances = rows.narrow(1, channels, channels); // [ranks, c]
  const Tensor all_mean = (means * counts).sum(0) / count;
  const Tensor all_variance = ((variances + (means - all_mean).square()) * counts).sum(0) / count;
  const auto on_device = x.options().dtype(at::kFloat);
  return {all_mean.to(on_device), all_variance.to(on_device), count};
}

// Batch normalisation over the minibatch of all ranks.
struct BatchNorm : torch::autograd::Function<BatchNorm> {
  static Tensor forward(torch::autograd::AutogradContext *ctx, const Tensor &x, const Tensor &weight, const Tensor &bias,
                        const Tensor &running_mean, const Tensor &running_variance, double momentum, double eps, c10::intrusive_ptr<Group> group) {
    auto [mean, variance, count] = statistics(*group, x);
    TORCH_CHECK(count > 1, "batch normalisation needs more than one value of each channel");
    running_mean.lerp_(mean, momentum);
    running_variance.lerp_(variance * (count / (count - 1)), momentum);
    ctx->save_for_backward({x, weight, mean, variance});
    ctx->saved_data["eps"] = eps;
    ctx->saved_data["count"] = count;
    ctx->saved_data["group"] = c10::IValue::make_capsule(group); // lives as long as the graph
    return std::get<0>(at::native_batch_norm(x, weight, bias, mean, variance, /*training=*/false, momentum, eps));
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, torch::autograd::variable_list gradients) {
    const auto holder = ctx->saved_data["group"].toCapsule();
    const Group &group = static_cast<const Group &>(*holder);
    const double eps = ctx->saved_data["eps"].toDouble(), count = ctx->saved_data["count"].toDouble();
    const auto saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &mean = saved[2], &variance = saved[3];
    // As if the statistics were constants: dy * weight / deviation, sum(dy * normalised x), sum(dy).
    auto [dx, dweight, dbias] = at::native_batch_norm_backward(gradients[0], x, weight, mean, variance, {}, {}, /*train=*/false,
                                                               eps, {true, true, true});
    const int64_t channels = x.size(1);
    Tensor sums = at::cat({dweight, dbias}).to(at::kCPU, at::kDouble);
    group.sum(sums);
    // The rest comes through the statistics: - weight / deviation * (mean(dy) + normalised x * mean(dy * normalised x)).
    const auto host = [](const Tensor &t) { return t.to(at::kCPU, at::kDouble); };
    const Tensor deviation = (host(variance) + eps).sqrt();
    const Tensor slope = host(weight) * sums.narrow(0, 0, channels) / (deviation.square() * count);
    const Tensor offset = host(weight) * sums.narrow(0, channels, channels) / (deviation * count) - slope * host(mean);
    dx.addcmul_(x, by_channel(slope.to(mean.options()), x), -1);
    dx.sub_(by_channel(offset.to(mean.options()), x));
    return {dx, dweight, dbias, {}, {}, {}, {}, {}};
  }
};

} // namespace

extern "C" {

// Opens the store. Rank 0 serves it, unless an agent (torchrun's) does already; with `listener`, a bound and listening socket,
// on that one. Nobody waits for the others here.
char *minibatch_group_open(const char *host, int port, int listener, int rank, int ranks, bool agent, const char *prefix,
                           int64_t timeout_ms, void **group) {
  return minibatch::guarded([&] {
    quiet();
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(port);
    options.isServer = rank == 0 && !agent;
    options.waitWorkers = false;
    options.timeout = std::chrono::milliseconds(timeout_ms);
    if (options.isServer && listener >= 0) options.masterListenFd = listener;
    auto made = c10::make_intrusive<Group>();
    made->host = host;
    made->port = port;
    made->rank = rank;
    made->ranks = ranks;
    made->store = c10::make_intrusive<c10d::PrefixStore>(prefix, c10::make_intrusive<c10d::TCPStore>(host, options));
    made->store->setTimeout(options.timeout);
    *group = made.release();
  });
}

char *minibatch_group_set(void *group, const char *key, const char *value) {
  return minibatch::guarded([&] {
    const std::string text(value);
    static_cast<Group *>(group)->store->set(key, std::vector<uint8_t>(text.begin(), text.end()));
  });
}

// The value of a key, to be freed; null where it is not set yet. Does not wait.
char *minibatch_group_look(void *group, const char *key, char **value) {
  return minibatch::guarded([&] {
    auto &store = *static_cast<Group *>(group)->store;
    *value = nullptr;
    if (!store.check({key})) return;
    const auto bytes = store.get(key);
    *value = strndup(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  });
}

// Connects every rank with every other; all of them have opened the store.
char *minibatch_group_connect(void *pointer, int64_t timeout_ms) {
  return minibatch::guarded([&] {
    auto &group = *static_cast<Group *>(pointer);
    auto options = c10d::ProcessGroupGloo::Options::create_default(std::chrono::milliseconds(timeout_ms));
    // Its default is the address that the machine's name stands for, 127.0.1.1 on Debian: taken is the one that reaches rank 0.
    if (!getenv("GLOO_SOCKET_IFNAME"))
      options->devices = {c10d::ProcessGroupGloo::createDeviceForHostname(address_towards(group.host, group.port))};
    auto store = c10::make_intrusive<c10d::PrefixStore>("gloo", group.store);
    group.gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(store, group.rank, group.ranks, options);
  });
}

char *minibatch_group_sum(void *group, Tensor *tensor) {
  return minibatch::guarded([&] { static_cast<Group *>(group)->sum(tensor->detach()); });
}

char *minibatch_group_broadcast(void *group, Tensor *tensor, int root) {
  return minibatch::guarded([&] {
    std::vector<Tensor> one{tensor->detach()};
    c10d::BroadcastOptions options;
    options.rootRank = root;
    static_cast<Group *>(group)->gloo->broadcast(one, options)->wait();
  });
}

char *minibatch_group_barrier(void *group, int64_t timeout_ms) {
  return minibatch::guarded([&] {
    c10d::BarrierOptions options;
    options.timeout = std::chrono::milliseconds(timeout_ms);
    static_cast<Group *>(group)->gloo->monitoredBarrier(options, /*waitAllRanks=*/true);
  });
}

char *minibatch_group_batch_norm(Tensor **result, void *group, const Tensor *x, const Tensor *weight, const Tensor *bias,
                                 const Tensor *running_mean, const Tensor *running_variance, double momentum, double eps) {
  return minibatch::guarded([&] {
    *result = new Tensor(BatchNorm::apply(*x, *weight, *bias, *running_mean, *running_variance, momentum, eps,
                                          c10::intrusive_ptr<Group>::reclaim_copy(static_cast<Group *>(group))));
  });
}

void minibatch_group_close(void *group) { c10::intrusive_ptr<Group>::reclaim(static_cast<Group *>(group)); }

} // extern "C"
