// Identity that lets a value pass and holds its gradient back. Returning plain doubles
// keeps whatever is computed from them alone off the tape.
#include <stan/model/model_header.hpp>

namespace gr4j_model_namespace {

using stop_gradient_vector_t = Eigen::Matrix<double, Eigen::Dynamic, 1>;

inline stop_gradient_vector_t stop_gradient_vector(const stop_gradient_vector_t& x, std::ostream*) {
  return x;
}

inline stop_gradient_vector_t stop_gradient_vector(
    const Eigen::Matrix<stan::math::var, Eigen::Dynamic, 1>& x, std::ostream*) {
  return x.val();
}

}  // namespace gr4j_model_namespace
