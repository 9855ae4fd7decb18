// What Rust needs beside the operations.
#include "operations.h"

#include <cstdlib>

extern "C" {

int64_t minibatch_lanes(int isa) { return minibatch::table(isa).lanes; }

void minibatch_free(char *message) { free(message); }

} // extern "C"
