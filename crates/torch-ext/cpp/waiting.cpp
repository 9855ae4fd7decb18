// One OpenMP team more than there are processors for: see src/waiting.rs.
#include <algorithm>
#include <cstdint>

#if defined(_OPENMP)
#include <omp.h>
#endif

extern "C" {

// The size of a team that, beside one of `computing` threads, makes the threads one more than the processors that this process may
// use; 0 where there is no OpenMP.
int64_t minibatch_team_size(int64_t computing) {
#if defined(_OPENMP)
  return std::max<int64_t>(2, omp_get_num_procs() - computing + 2);
#else
  (void)computing;
  return 0;
#endif
}

// Makes a team of that size, which belongs to the calling thread and sleeps until that thread ends.
void minibatch_team_make(int64_t size) {
#if defined(_OPENMP)
  // What is done does not matter; it must not be left out.
  static int made = 0;
#pragma omp parallel num_threads(static_cast<int>(size))
  {
#pragma omp atomic
    made++;
  }
#else
  (void)size;
#endif
}

} // extern "C"
