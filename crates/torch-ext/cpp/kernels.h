// What is computed by hand, and why: convolution without padding followed by 2x2 max-pooling, on packed pictures, and
// fully connected layers with few outputs, and the loss of few classes; forward and backward; and a parameter's update.
//
// Packed: a minibatch is cut into blocks of `lanes` pictures, and the same value of all pictures of a block lies side
// by side: [blocks, channels, height, width, lanes]. One vector instruction then does the same arithmetic for every
// picture of a block, whatever the number of channels, maps or columns; nothing is padded but the last block.
//
// kernels.cpp is compiled once per instruction set, each time into a table of its own. All pointers are to f32 aligned
// to 64 bytes, except weights, biases and gradients of weights, which need no more than a float's alignment.
#pragma once
#include <cstdint>

namespace minibatch {

// Sizes of one fused layer. Rows and columns that the pooling leaves over count for nothing, unless `keep_border`.
struct Shape {
  int64_t channels, height, width; // of the pictures
  int64_t maps, kernel;            // filters, and their height and width
  int64_t rows, columns;           // of the feature maps before pooling
  int64_t pooled_rows, pooled_columns;
  bool keep_border;                // an odd last row or column is pooled by itself
};

// A classifier's last layer with its loss: weights [classes, features] and a bias for at most 16 classes. Any address.
struct Head {
  int64_t features, classes;
  const float *weight, *bias;
  float scale;                    // of the gradients: one over the minibatch's pictures, whose mean loss is taken
  float *weight_sums, *bias_sums; // what the gradients are added to; null where none is wanted
};

// One step of stochastic gradient descent at rate `rate`: the gradient g of the data loss becomes
// d = g + l1 * sign(w) + twice_l2 * w, the momentum v = momentum * v + d (in the first step v = d), and w moves by -rate
// times d (without momentum) or v; with Nesterov's by -rate * d - rate_ahead * v, rate_ahead being rate * momentum.
struct SgdStep {
  float rate, l1, twice_l2, momentum, rate_ahead;
  bool nesterov, first;
};

struct Kernels {
  int64_t lanes;

  // [count, features] to [lanes-packed features] for one block, zeros where there is no picture; and back.
  void (*pack)(const float *rows, int64_t count, int64_t features, float *block);
  void (*unpack)(const float *block, int64_t count, int64_t features, float *rows);

  // Maps [first, last) of one block. `winners` gets, for each pooled value, which of the window's four it was:
  // 2 * row + column; it may be null.
  void (*forward)(const Shape &, const float *x, const float *weight, const float *bias, float *pooled,
                  uint8_t *winners, int64_t first, int64_t last);

  // Adds one block's part to maps [first, last) of `sums`, [maps, channels, kernel, kernel, lanes], and of
  // `bias_sums`, [maps, lanes]. `scratch` holds `scratch_size(shape, 4)` floats.
  void (*backward_weight)(const Shape &, const float *x, const float *gradient, const uint8_t *winners, float *sums,
                          float *bias_sums, float *scratch, int64_t first, int64_t last);

  // The same for `blocks` blocks that follow one another, when there are few: adds the gradients of maps [first,
  // last) and of their biases, lanes added up, to `weight` and `bias`. `scratch` holds `few_scratch_size(shape, lanes)` floats.
  void (*weight_gradient_of_few)(const Shape &, const float *x, const float *gradient, const uint8_t *winners,
                                 int64_t blocks, float *weight, float *bias, float *scratch, int64_t first,
                                 int64_t last);

  // The gradient of channels [first, last) of one block's pictures. `scratch` holds `scratch_size(shape, maps)`.
  void (*backward_input)(const Shape &, const float *weight, const float *gradient, const uint8_t *winners,
                         float *input_gradient, float *scratch, int64_t first, int64_t last);

  // Sum of the lanes of `count` vectors, added to `into`.
  void (*add_lanes)(const float *vectors, int64_t count, float *into);

  // Pictures [rows, features] with weights [count, features] and a bias [count] to outputs [rows, count]. Any address.
  void (*linear)(const float *x, int64_t rows, int64_t features, int64_t count, const float *weight, const float *bias,
                 float *outputs);
  // Adds the gradient of the weights, in their shape, to `sums`.
  void (*linear_gradient)(const float *x, int64_t rows, int64_t features, int64_t count, const float *gradient,
                          float *sums);

  // Negative log-likelihood of each row of logits [rows, classes] with at most 16 classes, and the number of rows whose
  // greatest logit is not the label's. `probabilities` gets the softmax; it may be null. Labels are checked before.
  int64_t (*softmax)(const float *logits, int64_t rows, int64_t classes, const int64_t *labels, float *losses,
                     float *probabilities);

  // Pictures [rows, features] through the last layer and the loss: `losses` and the number of errors as `softmax` gives
  // them, and gradients. That of the features goes to `input_gradient`, which may be null.
  int64_t (*head)(const Head &, const float *x, int64_t rows, const int64_t *labels, float *losses,
                  float *input_gradient);

  // Moves `count` values `w` along `g`; `v` is null without momentum. Any address. Whether all of d was finite.
  bool (*sgd)(const SgdStep &, int64_t count, float *w, const float *g, float *v);
};

// Kernel sizes that `backward_input` was compiled for.
constexpr bool supports(int64_t kernel) { return kernel >= 1 && kernel <= 7 && kernel % 2 == 1; }

inline int64_t scratch_size(const Shape &s, int64_t maps, int64_t lanes) { return maps * s.rows * s.columns * lanes; }

inline int64_t few_scratch_size(const Shape &s, int64_t lanes) {
  return scratch_size(s, 4, lanes) + 4 * (s.channels * s.kernel * s.kernel + 1) * lanes;
}

// Null where this build does not hold them.
const Kernels *avx512_kernels();
const Kernels *avx2_kernels();
const Kernels *plain_kernels();

} // namespace minibatch
