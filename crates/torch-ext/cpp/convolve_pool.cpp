// The kernels as operations that autograd knows: packing, convolution with max-pooling, unpacking.
#include "operations.h"

#include <algorithm>
#include <tuple>
#include <vector>

namespace minibatch {
namespace {

Shape shape_of(const Tensor &x, const Tensor &weight, bool keep_border) {
  TORCH_CHECK(x.dim() == 5, "packed pictures have 5 dimensions, found ", x.sizes());
  TORCH_CHECK(weight.dim() == 4 && weight.size(2) == weight.size(3), "expected square filters, found ", weight.sizes());
  Shape s{};
  s.channels = x.size(1), s.height = x.size(2), s.width = x.size(3);
  s.maps = weight.size(0), s.kernel = weight.size(2), s.keep_border = keep_border;
  TORCH_CHECK(weight.size(1) == s.channels, "filters for ", weight.size(1), " channels, pictures of ", s.channels);
  TORCH_CHECK(supports(s.kernel), "no kernels for filters of ", s.kernel, "x", s.kernel);
  s.rows = s.height - s.kernel + 1, s.columns = s.width - s.kernel + 1;
  s.pooled_rows = (s.rows + keep_border) / 2, s.pooled_columns = (s.columns + keep_border) / 2;
  TORCH_CHECK(s.rows > 0 && s.columns > 0 && s.pooled_rows > 0 && s.pooled_columns > 0, "filters of ", s.kernel, "x",
              s.kernel, " and pooling leave nothing of pictures of ", s.height, "x", s.width);
  return s;
}

// Whether there are too few blocks to keep all threads busy with whole ones.
bool are_few(int64_t blocks) { return blocks < 8 * at::get_num_threads(); }

// Runs `body(block, first, last)` over all blocks and over 0 to `items`, on libtorch's threads. Where there are few
// blocks to a thread the items are cut as well, at multiples of 4. The cut depends on the number of threads alone, and
// so do the results.
template <typename F> void over_blocks(int64_t blocks, int64_t items, const F &body) {
  const int64_t parts = are_few(blocks) ? at::get_num_threads() : 1;
  const auto cut = [&](int64_t part) { return part == parts ? items : items * part / parts / 4 * 4; };
  at::parallel_for(0, blocks * parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; unit++) body(unit / parts, cut(unit % parts), cut(unit % parts + 1));
  });
}

float *scratch(int64_t size) {
  thread_local std::vector<float> floats;
  if (static_cast<int64_t>(floats.size()) < size + 16) floats.resize(size + 16);
  return reinterpret_cast<float *>((reinterpret_cast<uintptr_t>(floats.data()) + 63) / 64 * 64);
}

Tensor pack(const Tensor &rows, int64_t isa) {
  const Kernels &k = table(isa);
  const Tensor from = rows_of(rows);
  TORCH_CHECK(rows.dim() >= 1 && rows.size(0) >= 1, "expected at least one picture, found ", rows.sizes());
  const int64_t count = rows.size(0), features = rows.numel() / count, blocks = (count + k.lanes - 1) / k.lanes;
  std::vector<int64_t> sizes = rows.sizes().vec();
  sizes[0] = blocks;
  sizes.push_back(k.lanes);
  Tensor packed = at::empty(sizes, from.options());
  const float *in = from.const_data_ptr<float>();
  float *out = packed.mutable_data_ptr<float>();
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; b++)
      k.pack(in + b * k.lanes * features, std::min(k.lanes, count - b * k.lanes), features, out + b * features * k.lanes);
  });
  return packed;
}

Tensor unpack(const Tensor &packed, int64_t count, int64_t isa) {
  const Kernels &k = table(isa);
  const Tensor from = rows_of(packed);
  std::vector<int64_t> sizes = packed.sizes().vec();
  TORCH_CHECK(sizes.size() >= 2 && sizes.back() == k.lanes && sizes[0] == (count + k.lanes - 1) / k.lanes,
              sizes, " does not hold ", count, " pictures packed by ", k.lanes);
  sizes.pop_back();
  sizes[0] = count;
  Tensor rows = at::empty(sizes, from.options());
  const int64_t features = rows.numel() / count, blocks = packed.size(0);
  const float *in = from.const_data_ptr<float>();
  float *out = rows.mutable_data_ptr<float>();
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; b++)
      k.unpack(in + b * features * k.lanes, std::min(k.lanes, count - b * k.lanes), features,
               out + b * k.lanes * features);
  });
  return rows;
}

struct Pack : Function<Pack> {
  static Tensor forward(AutogradContext *ctx, const Tensor &rows, int64_t isa) {
    ctx->saved_data["count"] = rows.size(0);
    ctx->saved_data["isa"] = isa;
    return pack(rows, isa);
  }
  static variable_list backward(AutogradContext *ctx, variable_list gradients) {
    check_first_order();
    return {unpack(gradients[0], ctx->saved_data["count"].toInt(), ctx->saved_data["isa"].toInt()), Tensor()};
  }
};

struct Unpack : Function<Unpack> {
  static Tensor forward(AutogradContext *ctx, const Tensor &packed, int64_t count, int64_t isa) {
    ctx->saved_data["isa"] = isa;
    return unpack(packed, count, isa);
  }
  static variable_list backward(AutogradContext *ctx, variable_list gradients) {
    check_first_order();
    return {pack(gradients[0], ctx->saved_data["isa"].toInt()), Tensor(), Tensor()};
  }
};

std::tuple<Tensor, Tensor> convolve_pool(const Tensor &packed, const Tensor &weight, const Tensor &bias,
                                         bool keep_border, int64_t isa, bool remember) {
  const Kernels &k = table(isa);
  const Shape s = shape_of(packed, weight, keep_border);
  TORCH_CHECK(packed.size(4) == k.lanes, "packed by ", packed.size(4), ", but these kernels take ", k.lanes);
  TORCH_CHECK(bias.dim() == 1 && bias.size(0) == s.maps, s.maps, " maps, but a bias of ", bias.sizes());
  const Tensor x = readable(packed), w = readable(weight), b = readable(bias);
  const int64_t blocks = x.size(0), in = x.numel() / blocks, out = s.maps * s.pooled_rows * s.pooled_columns * k.lanes;
  Tensor pooled = at::empty({blocks, s.maps, s.pooled_rows, s.pooled_columns, k.lanes}, x.options());
  Tensor winners = remember ? at::empty(pooled.sizes(), x.options().dtype(at::kByte)) : Tensor();
  uint8_t *winner = remember ? winners.mutable_data_ptr<uint8_t>() : nullptr;
  const float *pictures = x.const_data_ptr<float>(), *filters = w.const_data_ptr<float>();
  const float *biases = b.const_data_ptr<float>();
  float *maps = pooled.mutable_data_ptr<float>();
  over_blocks(blocks, s.maps, [&](int64_t block, int64_t first, int64_t last) {
    k.forward(s, pictures + block * in, filters, biases, maps + block * out, winner ? winner + block * out : nullptr,
              first, last);
  });
  return {pooled, winners};
}

Tensor input_gradient(const Kernels &k, const Shape &s, const Tensor &x, const Tensor &weight, const Tensor &gradient,
                      const Tensor &winners) {
  Tensor result = at::empty(x.sizes(), x.options());
  const int64_t blocks = x.size(0), in = x.numel() / blocks, out = gradient.numel() / blocks;
  const float *w = weight.const_data_ptr<float>(), *g = gradient.const_data_ptr<float>();
  const uint8_t *winner = winners.const_data_ptr<uint8_t>();
  float *into = result.mutable_data_ptr<float>();
  over_blocks(blocks, s.channels, [&](int64_t block, int64_t first, int64_t last) {
    if (first < last)
      k.backward_input(s, w, g + block * out, winner + block * out, into + block * in,
                       scratch(scratch_size(s, s.maps, k.lanes)), first, last);
  });
  return result;
}

// Every thread takes maps of its own through all blocks.
std::tuple<Tensor, Tensor> weight_gradients_of_few(const Kernels &k, const Shape &s, const Tensor &x,
                                                   const Tensor &gradient, const Tensor &winners,
                                                   at::IntArrayRef sizes) {
  Tensor weight = at::zeros(sizes, x.options()), bias = at::zeros({s.maps}, x.options());
  const float *pictures = x.const_data_ptr<float>(), *g = gradient.const_data_ptr<float>();
  const uint8_t *winner = winners.const_data_ptr<uint8_t>();
  float *dw = weight.mutable_data_ptr<float>(), *db = bias.mutable_data_ptr<float>();
  over_blocks(1, s.maps, [&](int64_t, int64_t first, int64_t last) {
    k.weight_gradient_of_few(s, pictures, g, winner, x.size(0), dw, db, scratch(few_scratch_size(s, k.lanes)), first,
                             last);
  });
  return {weight, bias};
}

// Every thread sums over its own blocks, lane by lane; lanes and threads are added up at the end, in that order.
std::tuple<Tensor, Tensor> weight_gradients(const Kernels &k, const Shape &s, const Tensor &x, const Tensor &gradient,
                                            const Tensor &winners, at::IntArrayRef sizes) {
  const int64_t threads = at::get_num_threads(), weights = s.maps * s.channels * s.kernel * s.kernel;
  if (are_few(x.size(0))) return weight_gradients_of_few(k, s, x, gradient, winners, sizes);
  const int64_t blocks = x.size(0), in = x.numel() / blocks, out = gradient.numel() / blocks;
  Tensor sums = at::empty({threads, weights + s.maps, k.lanes}, x.options());
  std::vector<char> used(threads, 0);
  const float *pictures = x.const_data_ptr<float>(), *g = gradient.const_data_ptr<float>();
  const uint8_t *winner = winners.const_data_ptr<uint8_t>();
  float *all = sums.mutable_data_ptr<float>();
  const int64_t stride = (weights + s.maps) * k.lanes;
  over_blocks(blocks, s.maps, [&](int64_t block, int64_t first, int64_t last) {
    const int thread = at::get_thread_num();
    float *own = all + thread * stride;
    if (!used[thread]) std::memset(own, 0, stride * sizeof(float));
    used[thread] = 1;
    k.backward_weight(s, pictures + block * in, g + block * out, winner + block * out, own, own + weights * k.lanes,
                      scratch(scratch_size(s, 4, k.lanes)), first, last);
  });
  Tensor weight = at::zeros(sizes, x.options()), bias = at::zeros({s.maps}, x.options());
  float *dw = weight.mutable_data_ptr<float>(), *db = bias.mutable_data_ptr<float>();
  for (int64_t thread = 0; thread < threads; thread++) {
    if (!used[thread]) continue;
    const float *own = all + thread * stride;
    at::parallel_for(0, weights, 4096, [&](int64_t begin, int64_t end) {
      k.add_lanes(own + begin * k.lanes, end - begin, dw + begin);
    });
    k.add_lanes(own + weights * k.lanes, s.maps, db);
  }
  return {weight, bias};
}

struct ConvolvePool : Function<ConvolvePool> {
  static Tensor forward(AutogradContext *ctx, const Tensor &packed, const Tensor &weight, const Tensor &bias,
                        bool keep_border, int64_t isa) {
    auto [pooled, winners] = convolve_pool(packed, weight, bias, keep_border, isa, true);
    ctx->save_for_backward({packed, weight, winners});
    ctx->saved_data["keep_border"] = keep_border;
    ctx->saved_data["isa"] = isa;
    return pooled;
  }
  static variable_list backward(AutogradContext *ctx, variable_list gradients) {
    check_first_order();
    const variable_list saved = ctx->get_saved_variables();
    const Tensor x = readable(saved[0]), weight = readable(saved[1]), gradient = readable(gradients[0]);
    const Kernels &k = table(ctx->saved_data["isa"].toInt());
    const Shape s = shape_of(x, weight, ctx->saved_data["keep_border"].toBool());
    Tensor dx, dw, db;
    if (ctx->needs_input_grad(0)) dx = input_gradient(k, s, x, weight, gradient, saved[2]);
    if (ctx->needs_input_grad(1) || ctx->needs_input_grad(2))
      std::tie(dw, db) = weight_gradients(k, s, x, gradient, saved[2], weight.sizes());
    return {dx, dw, db, Tensor(), Tensor()};
  }
};

} // namespace
} // namespace minibatch

using namespace minibatch;

extern "C" {

char *minibatch_pack(Tensor **result, const Tensor *rows, int isa) {
  return guarded([&] { *result = new Tensor(Pack::apply(*rows, static_cast<int64_t>(isa))); });
}

char *minibatch_unpack(Tensor **result, const Tensor *packed, int64_t count, int isa) {
  return guarded([&] { *result = new Tensor(Unpack::apply(*packed, count, static_cast<int64_t>(isa))); });
}

char *minibatch_convolve_pool(Tensor **result, const Tensor *packed, const Tensor *weight, const Tensor *bias,
                              bool keep_border, int isa) {
  return guarded([&] {
    if (any_needs_gradient({packed, weight, bias}))
      *result = new Tensor(ConvolvePool::apply(*packed, *weight, *bias, keep_border, static_cast<int64_t>(isa)));
    else
      *result = new Tensor(std::get<0>(convolve_pool(*packed, *weight, *bias, keep_border, isa, false)));
  });
}

} // extern "C"
