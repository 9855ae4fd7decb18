// The kernels of kernels.h for one instruction set: TABLE names the function that gives the table, LANES how many
// floats a vector holds, and REGISTERS how many vector registers there are to hold partial sums.
#include "convolution_kernels.h"
#include "head_kernels.h"
#include "update_kernels.h"

namespace minibatch {

const Kernels *TABLE() {
  static const Kernels table{L,
                             pack,
                             unpack,
                             forward,
                             backward_weight,
                             weight_gradient_of_few,
                             backward_input,
                             add_lanes,
                             linear,
                             linear_gradient,
                             softmax,
                             head,
                             sgd};
  return &table;
}

} // namespace minibatch
