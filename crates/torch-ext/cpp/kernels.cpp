// The kernels of kernels.h for one instruction set: TABLE names the function that gives the table, LANES how many
// floats a vector holds, and REGISTERS how many vector registers there are to hold partial sums.
#include "convolution_kernels.h"
#include "linear_kernels.h"
#include "softmax_kernels.h"

namespace minibatch {

const Kernels *TABLE() {
  static const Kernels table{L,         pack, unpack, forward, backward_weight, backward_input, add_lanes, linear,
                             linear_gradient, softmax};
  return &table;
}

} // namespace minibatch
