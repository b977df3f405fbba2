// Identity functions that let a value pass and hold its gradient back. Returning plain doubles
// keeps whatever is computed from them alone off the tape.
#include <stan/model/model_header.hpp>

namespace gr4j_model_namespace {

using stop_gradient_vector_t = Eigen::Matrix<double, Eigen::Dynamic, 1>;

inline double stop_gradient(const double& x, std::ostream*) { return x; }

inline double stop_gradient(const stan::math::var& x, std::ostream*) { return x.val(); }

inline stop_gradient_vector_t stop_gradient_vector(const stop_gradient_vector_t& x,
                                                   std::ostream*) {
  return x;
}

inline stop_gradient_vector_t stop_gradient_vector(
    const Eigen::Matrix<stan::math::var, Eigen::Dynamic, 1>& x, std::ostream*) {
  return x.val();
}

}  // namespace gr4j_model_namespace
