// Convolution with max-pooling and its gradients, on packed pictures; see kernels.h.
#pragma once
#include "kernels.h"
#include "vector.h"

namespace minibatch {
namespace {

// Sizes of the tiles whose partial sums stay in registers.
constexpr int FORWARD_MAPS = 2, FORWARD_COLUMNS = MANY ? 4 : 2;            // times 2 rows
constexpr int WEIGHT_MAPS = MANY ? 4 : 2;                                  // times a row of the kernel
constexpr int INPUT_CHANNELS = MANY ? 2 : 1, INPUT_COLUMNS = MANY ? 8 : 4; // and the columns that a kernel adds

template <int N> struct Number {
  static constexpr int value = N;
};

void pack(const float *rows, int64_t count, int64_t features, float *block) {
  if (count < L) std::memset(block, 0, features * L * sizeof(float));
  for (int64_t l = 0; l < count; l++)
    for (int64_t f = 0; f < features; f++) block[f * L + l] = rows[l * features + f];
}

void unpack(const float *block, int64_t count, int64_t features, float *rows) {
  for (int64_t l = 0; l < count; l++)
    for (int64_t f = 0; f < features; f++) rows[l * features + f] = block[f * L + l];
}

// Sums of O maps at R rows and X columns, from the window whose corner is `x`; `w` is the first map's filter.
template <int O, int R, int X>
INLINE void convolve(const Shape &s, const float *x, const float *w, V (&sums)[O][R][X]) {
  const int64_t k = s.kernel, filter = s.channels * k * k;
  for (int64_t c = 0; c < s.channels; c++)
    for (int64_t ky = 0; ky < k; ky++) {
      const float *row = x + (c * s.height + ky) * s.width * L;
      const float *taps = w + (c * k + ky) * k;
      for (int64_t kx = 0; kx < k; kx++) {
        V in[R][X];
        UNROLL for (int r = 0; r < R; r++)
          UNROLL for (int i = 0; i < X; i++) in[r][i] = load(row + (r * s.width + kx + i) * L);
        UNROLL for (int o = 0; o < O; o++) {
          const V tap = splat(taps[o * filter + kx]);
          UNROLL for (int r = 0; r < R; r++)
            UNROLL for (int i = 0; i < X; i++) sums[o][r][i] += tap * in[r][i];
        }
      }
    }
}

// The greater of two values and which it was. As libtorch does: the first of equals, and NaN above all.
INLINE void keep_greater(V &best, M &winner, V value, int32_t number) {
  const M take = (value > best) | (value != value);
  best = take ? value : best;
  winner = take ? M{} + number : winner;
}

// O maps, R rows and X columns of the feature maps, pooled.
template <int O, int R, int X>
INLINE void pooled_tile(const Shape &s, const float *x, const float *w, const float *bias, float *pooled,
                        uint8_t *winners, int64_t map, int64_t row, int64_t column) {
  V sums[O][R][X];
  UNROLL for (int o = 0; o < O; o++)
    UNROLL for (int r = 0; r < R; r++)
      UNROLL for (int i = 0; i < X; i++) sums[o][r][i] = splat(bias[map + o]);
  convolve<O, R, X>(s, x + (row * s.width + column) * L, w + map * s.channels * s.kernel * s.kernel, sums);
  UNROLL for (int o = 0; o < O; o++) {
    const int64_t at = ((map + o) * s.pooled_rows + row / 2) * s.pooled_columns + column / 2;
    UNROLL for (int p = 0; p < (X + 1) / 2; p++) {
      V best = sums[o][0][2 * p];
      M winner{};
      UNROLL for (int r = 0; r < R; r++)
        UNROLL for (int i = 0; i < (X == 1 ? 1 : 2); i++)
          if (r + i > 0) keep_greater(best, winner, sums[o][r][2 * p + i], 2 * r + i);
      store(pooled + (at + p) * L, best);
      if (winners) *reinterpret_cast<B *>(winners + (at + p) * L) = __builtin_convertvector(winner, B);
    }
  }
}

template <int O, int R>
INLINE void pooled_row(const Shape &s, const float *x, const float *w, const float *bias, float *pooled,
                       uint8_t *winners, int64_t map, int64_t row) {
  int64_t column = 0;
  for (; column + FORWARD_COLUMNS <= s.columns; column += FORWARD_COLUMNS)
    pooled_tile<O, R, FORWARD_COLUMNS>(s, x, w, bias, pooled, winners, map, row, column);
  for (; column + 2 <= s.columns; column += 2)
    pooled_tile<O, R, 2>(s, x, w, bias, pooled, winners, map, row, column);
  if (s.keep_border && column < s.columns) pooled_tile<O, R, 1>(s, x, w, bias, pooled, winners, map, row, column);
}

template <int O>
void pooled_maps(const Shape &s, const float *x, const float *w, const float *bias, float *pooled, uint8_t *winners,
                 int64_t map) {
  int64_t row = 0;
  for (; row + 2 <= s.rows; row += 2) pooled_row<O, 2>(s, x, w, bias, pooled, winners, map, row);
  if (s.keep_border && row < s.rows) pooled_row<O, 1>(s, x, w, bias, pooled, winners, map, row);
}

void forward(const Shape &s, const float *x, const float *w, const float *bias, float *pooled, uint8_t *winners,
             int64_t first, int64_t last) {
  int64_t map = first;
  for (; map + FORWARD_MAPS <= last; map += FORWARD_MAPS)
    pooled_maps<FORWARD_MAPS>(s, x, w, bias, pooled, winners, map);
  for (; map < last; map++) pooled_maps<1>(s, x, w, bias, pooled, winners, map);
}

// The gradient of one feature map before pooling: that of the pooled value where it came from, zero elsewhere.
void unpool(const Shape &s, const float *gradient, const uint8_t *winners, float *map) {
  if (s.rows % 2 || s.columns % 2) std::memset(map, 0, s.rows * s.columns * L * sizeof(float));
  for (int64_t y = 0; y < s.pooled_rows; y++)
    for (int64_t x = 0; x < s.pooled_columns; x++) {
      const int64_t at = (y * s.pooled_columns + x) * L;
      const V g = load(gradient + at);
      const M winner = __builtin_convertvector(*reinterpret_cast<const B *>(winners + at), M);
      for (int r = 0; r < 2 && 2 * y + r < s.rows; r++)
        for (int i = 0; i < 2 && 2 * x + i < s.columns; i++)
          store(map + ((2 * y + r) * s.columns + 2 * x + i) * L, winner == 2 * r + i ? g : V{});
    }
}

// O maps and T neighbouring taps of one row of the kernel: `x` is the row of the picture at the first tap, `d` the
// maps' gradients.
template <int O, int T>
void weight_tile(const Shape &s, const float *x, const float *d, float *sums, int64_t filter) {
  V tile[O][T] = {};
  for (int64_t row = 0; row < s.rows; row++)
    for (int64_t column = 0; column < s.columns; column++) {
      const float *corner = x + (row * s.width + column) * L;
      V in[T];
      UNROLL for (int t = 0; t < T; t++) in[t] = load(corner + t * L);
      UNROLL for (int o = 0; o < O; o++) {
        const V g = load(d + ((o * s.rows + row) * s.columns + column) * L);
        UNROLL for (int t = 0; t < T; t++) tile[o][t] += g * in[t];
      }
    }
  UNROLL for (int o = 0; o < O; o++)
    UNROLL for (int t = 0; t < T; t++) {
      float *sum = sums + (o * filter + t) * L;
      store(sum, load(sum) + tile[o][t]);
    }
}

// O maps of one block; all pointers but `x` and `scratch` are to what belongs to the first of them.
template <int O>
void weight_maps(const Shape &s, const float *x, const float *gradient, const uint8_t *winners, float *sums,
                 float *bias_sums, float *scratch) {
  const int64_t k = s.kernel, filter = s.channels * k * k, pooled = s.pooled_rows * s.pooled_columns;
  for (int o = 0; o < O; o++) {
    const float *g = gradient + o * pooled * L;
    unpool(s, g, winners + o * pooled * L, scratch + o * s.rows * s.columns * L);
    V bias = load(bias_sums + o * L);
    for (int64_t i = 0; i < pooled; i++) bias += load(g + i * L);
    store(bias_sums + o * L, bias);
  }
  for (int64_t c = 0; c < s.channels; c++)
    for (int64_t ky = 0; ky < k; ky++) {
      const float *row = x + (c * s.height + ky) * s.width * L;
      float *taps = sums + (c * k + ky) * k * L;
      int64_t kx = 0;
      for (; kx + 5 <= k; kx += 5) weight_tile<O, 5>(s, row + kx * L, scratch, taps + kx * L, filter);
      for (; kx + 3 <= k; kx += 3) weight_tile<O, 3>(s, row + kx * L, scratch, taps + kx * L, filter);
      for (; kx < k; kx++) weight_tile<O, 1>(s, row + kx * L, scratch, taps + kx * L, filter);
    }
}

// Calls `maps(number, map)` for groups of maps from `first` to `last`; the number is known when this is compiled.
template <typename F> INLINE void over_maps(int64_t first, int64_t last, const F &maps) {
  int64_t map = first;
  for (; map + WEIGHT_MAPS <= last; map += WEIGHT_MAPS) maps(Number<WEIGHT_MAPS>{}, map);
  for (; map + 2 <= last; map += 2) maps(Number<2>{}, map);
  for (; map < last; map++) maps(Number<1>{}, map);
}

void backward_weight(const Shape &s, const float *x, const float *gradient, const uint8_t *winners, float *sums,
                     float *bias_sums, float *scratch, int64_t first, int64_t last) {
  const int64_t filter = s.channels * s.kernel * s.kernel, pooled = s.pooled_rows * s.pooled_columns;
  over_maps(first, last, [&](auto number, int64_t map) {
    weight_maps<decltype(number)::value>(s, x, gradient + map * pooled * L, winners + map * pooled * L,
                                         sums + map * filter * L, bias_sums + map * L, scratch);
  });
}

void add_lanes(const float *vectors, int64_t count, float *into) {
  int64_t i = 0;
  for (; i + L <= count; i += L) store_any(into + i, load_any(into + i) + sums_of<L / 2>(vectors + i * L));
  for (; i < count; i++) into[i] += sum_of(load(vectors + i * L));
}

void weight_gradient_of_few(const Shape &s, const float *x, const float *gradient, const uint8_t *winners,
                            int64_t blocks, float *weight, float *bias, float *scratch, int64_t first, int64_t last) {
  const int64_t filter = s.channels * s.kernel * s.kernel, pooled = s.pooled_rows * s.pooled_columns;
  float *sums = scratch + scratch_size(s, 4, L), *bias_sums = sums + 4 * filter * L;
  over_maps(first, last, [&](auto number, int64_t map) {
    constexpr int O = decltype(number)::value;
    std::memset(sums, 0, 4 * (filter + 1) * L * sizeof(float));
    for (int64_t block = 0; block < blocks; block++) {
      const int64_t at = (block * s.maps + map) * pooled * L;
      weight_maps<O>(s, x + block * s.channels * s.height * s.width * L, gradient + at, winners + at, sums, bias_sums,
                     scratch);
    }
    add_lanes(sums, O * filter, weight + map * filter);
    add_lanes(bias_sums, O, bias + map);
  });
}

// What X columns of the feature maps' gradients give to one row of C channels: every tap moves a column to the right.
template <int C, int X, int K>
INLINE void input_tile(const Shape &s, const float *w, const float *d, float *into, int64_t row, int64_t column) {
  const int64_t picture = s.height * s.width, first = -lesser(0, s.rows - 1 - row);
  const int64_t last = lesser(K - 1, row);
  V tile[C][X + K - 1] = {};
  for (int64_t o = 0; o < s.maps; o++)
    for (int64_t ky = first; ky <= last; ky++) {
      const float *g = d + ((o * s.rows + row - ky) * s.columns + column) * L;
      UNROLL for (int c = 0; c < C; c++) {
        const float *taps = w + ((o * s.channels + c) * K + ky) * K;
        V tap[K];
        UNROLL for (int kx = 0; kx < K; kx++) tap[kx] = splat(taps[kx]);
        UNROLL for (int i = 0; i < X; i++) {
          const V value = load(g + i * L);
          UNROLL for (int kx = 0; kx < K; kx++) tile[c][i + kx] += tap[kx] * value;
        }
      }
    }
  UNROLL for (int c = 0; c < C; c++)
    UNROLL for (int i = 0; i < X + K - 1; i++) {
      float *at = into + c * picture * L + (row * s.width + column + i) * L;
      store(at, load(at) + tile[c][i]);
    }
}

template <int C, int K>
void input_channels(const Shape &s, const float *w, const float *d, float *into) {
  constexpr int WIDE = K <= 5 ? INPUT_COLUMNS : INPUT_COLUMNS / 2;
  for (int64_t row = 0; row < s.height; row++) {
    int64_t column = 0;
    for (; column + WIDE <= s.columns; column += WIDE) input_tile<C, WIDE, K>(s, w, d, into, row, column);
    for (; column + 2 <= s.columns; column += 2) input_tile<C, 2, K>(s, w, d, into, row, column);
    for (; column < s.columns; column++) input_tile<C, 1, K>(s, w, d, into, row, column);
  }
}

template <int K>
void input_of(const Shape &s, const float *w, const float *d, float *into, int64_t first, int64_t last) {
  const int64_t picture = s.height * s.width * L;
  int64_t c = first;
  for (; c + INPUT_CHANNELS <= last; c += INPUT_CHANNELS)
    input_channels<INPUT_CHANNELS, K>(s, w + c * K * K, d, into + c * picture);
  for (; c < last; c++) input_channels<1, K>(s, w + c * K * K, d, into + c * picture);
}

void backward_input(const Shape &s, const float *w, const float *gradient, const uint8_t *winners, float *into,
                    float *scratch, int64_t first, int64_t last) {
  const int64_t pooled = s.pooled_rows * s.pooled_columns * L, picture = s.height * s.width * L;
  for (int64_t o = 0; o < s.maps; o++)
    unpool(s, gradient + o * pooled, winners + o * pooled, scratch + o * s.rows * s.columns * L);
  std::memset(into + first * picture, 0, (last - first) * picture * sizeof(float));
  switch (s.kernel) {
  case 1: return input_of<1>(s, w, scratch, into, first, last);
  case 3: return input_of<3>(s, w, scratch, into, first, last);
  case 5: return input_of<5>(s, w, scratch, into, first, last);
  case 7: return input_of<7>(s, w, scratch, into, first, last);
  }
}

} // namespace
} // namespace minibatch
